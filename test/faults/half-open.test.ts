import assert from 'node:assert/strict';
import { startBallast } from '../support/ballast.ts';
import { openBlackhole } from '../support/blackhole.ts';
import { connect } from '../support/raw-client.ts';
import { eventually, get, post } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { startEcho } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { faultTest, type Judge, ms } from './judge.ts';
import { PROMISED, sized } from './plan.ts';
import { askOnce, corePid, judgeWhole, socketsOf } from './wholeness.ts';

/** Above the deadline, for a machine that is busy: in the shorter version others are at work. */
const SLACK_MS = sized(1500, 400);

const timed = async (port: number, request: string) => {
	const client = await connect(port);
	const sent = performance.now();
	client.send(request);
	const answer = await client.answer({ withinMs: 20_000 });
	client.destroy();
	return { status: answer.status, code: answer.json<{ code: string }>().code, tookMs: performance.now() - sent };
};

function judgeDeadline(judge: Judge, deadlineMs: number, asked: Awaited<ReturnType<typeof timed>>[]): void {
	const took = asked.map(({ tookMs }) => tookMs);
	const met = asked.every(
		({ status, tookMs }) => status === 504 && tookMs >= deadlineMs - 60 && tookMs <= deadlineMs + SLACK_MS,
	);
	const statuses = [...new Set(asked.map(({ status, code }) => `${status} ${code}`))].join(', ');
	judge(
		`504 at the deadline of ${deadlineMs} ms`,
		`${statuses} after ${ms(Math.min(...took))} to ${ms(Math.max(...took))}`,
		met,
	);
}

faultTest('5', 'connections that were open fall silent', async (judge, { stack }) => {
	const instance = stack.use(await startEcho());
	const app = { instances: [instance.proxy.url], timeouts: { firstByte: '600ms' }, health: { interval: '1h' } };
	const ballast = stack.use(await startBallast({ workers: 1, stop: '0s', services: { app } }));
	// Where one is answered before the next is asked, both go over the same connection.
	for (let round = 0; round < 20 && instance.proxy.open < 8; round++)
		await Promise.all(Array.from({ length: 8 }, () => askOnce(ballast.port, { deed: 'late' })));
	assert.ok(instance.proxy.open >= 8, `${instance.proxy.open} open`);
	const pid = await corePid(ballast);
	const sockets = socketsOf(pid);
	const alert = new AlertWatch(ballast, PROMISED['5']);
	instance.proxy.silent = true;
	const requests = [...Array.from({ length: 6 }, () => get('/x')), post('/x', 'body'), post('/x', '')];
	judgeDeadline(judge, 600, await Promise.all(requests.map((request) => timed(ballast.port, request))));
	const over = performance.now();
	const open = await eventually(
		() => instance.proxy.open,
		(left) => left === 0,
		6000,
	);
	const left = await eventually(
		() => socketsOf(pid),
		(count) => count <= sockets - 8,
		6000,
	);
	const freed = performance.now() - over;
	judge('its sockets freed', `${open} of 8 left open after ${ms(freed)}; the core's ${sockets} → ${left}`, true);
	// A handful of requests is no reason to wake somebody; they come on.
	const load = stack.use(new EchoLoad({ port: ballast.port, clients: 4, pauseMs: 100 }));
	await alert.judge(judge);
	await load.stop();
	await instance.proxy.heal();
	await judgeWhole(ballast, judge, 1);
});

faultTest('5', 'a machine that takes no connection', async (judge, { stack }) => {
	const hole = stack.use(await openBlackhole());
	const app = {
		instances: [`http://127.0.0.1:${hole.port}`],
		timeouts: { connect: '500ms' },
		health: { interval: '1h' },
	};
	const ballast = stack.use(await startBallast({ workers: 1, stop: '0s', services: { app } }));
	await hole.close();
	const pid = await corePid(ballast);
	const sockets = socketsOf(pid);
	const requests = [get('/x'), get('/x'), post('/x', 'body')];
	judgeDeadline(judge, 500, await Promise.all(requests.map((request) => timed(ballast.port, request))));
	const left = await eventually(
		() => socketsOf(pid),
		(count) => count <= sockets,
		6000,
	);
	judge('its sockets freed, the ones being connected too', `the core's ${sockets} → ${left}`, true);
});
