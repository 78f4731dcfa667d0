import { setTimeout as sleep } from 'node:timers/promises';
import { startBallast } from '../support/ballast.ts';
import { isAlive, treeOf } from '../support/process-tree.ts';
import { eventually, statusOf } from '../support/suite.ts';
import { judgeNoAlert } from './alert-watch.ts';
import { ECHO_RUN } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest } from './judge.ts';
import { LONG, sized } from './plan.ts';
import { judgeWhole } from './wholeness.ts';

const config = (stop: string) => ({
	workers: 2,
	stop,
	services: { app: { instances: { run: ECHO_RUN, grace: '5s' }, scale: 2, health: '/' } },
});

/** GET and POST, small and large, fast and slow; half of the clients open a connection for each request. */
const mixedLoad = (port: number): EchoLoad =>
	new EchoLoad({
		port,
		clients: 24,
		fresh: 12,
		request: (n) => ({
			...(n % 3 === 0 ? { method: 'POST', bodySize: 3000, chunked: n % 2 === 0 } : {}),
			size: n % 5 === 0 ? 60_000 : 300,
			deed: n % 4 === 0 ? 'late' : n % 7 === 0 ? 'chunked' : 'ok',
		}),
	});

faultTest('17', 'of Ballast', async (judge, { stack }) => {
	const rounds = sized(1, 10);
	let sent = 0;
	let failed = 0;
	let slowest = 0;
	let left = 0;
	const codes: (number | null)[] = [];
	let shown = '';
	for (let round = 0; round < rounds; round++) {
		const ballast = stack.use(await startBallast(config('10s')));
		const { core, services } = await statusOf(ballast);
		const instances = services.flatMap((service) => service.instances.flatMap(({ pid }) => pid ?? []));
		const pids = [ballast.pid, core.pid, ...instances].flatMap((pid) => treeOf(pid));
		const load = stack.use(mixedLoad(ballast.port));
		await sleep(700);
		const asked = performance.now();
		process.kill(ballast.pid, 'SIGTERM');
		codes.push((await ballast.ended).code);
		slowest = Math.max(slowest, performance.now() - asked);
		await load.stop();
		sent += load.sent;
		failed += load.failures.length;
		if (load.failures.length > 0) shown = `: ${load.shown()}`;
		left += (
			await eventually(
				() => pids.filter(isAlive),
				(alive) => alive.length === 0,
			)
		).length;
	}
	const ends = `${rounds} × SIGTERM`;
	judge('0 failed requests', `${failed} of ${count(sent)}, ${ends}${shown}`, failed === 0 && sent > 200 * rounds);
	judge(
		'drains and ends with 0, no process left',
		`exit ${[...new Set(codes)].join(', ')}; ended after at most ${(slowest / 1000).toFixed(1)} s; ${left} left`,
		codes.every((code) => code === 0),
	);
});

faultTest('17', 'of each instance, one by one', async (judge, { stack }) => {
	const ballast = stack.use(await startBallast(config('0s')));
	const load = stack.use(mixedLoad(ballast.port));
	const rounds = sized(1, 10);
	for (let round = 0; round < rounds; round++) await ballast.control('restart', { service: 'app' });
	await load.stop();
	judge(
		'0 failed requests while all instances are replaced',
		`${load.shown()} of ${count(load.sent)}, ${rounds} × restart of 2`,
		load.failures.length === 0 && load.sent > 200,
	);
	// Until the rules have been looked at again.
	if (LONG) await sleep(8000);
	await judgeNoAlert(ballast, judge);
	await judgeWhole(ballast, judge, 2);
});
