import { setTimeout as sleep } from 'node:timers/promises';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { ECHO_RUN } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest, ms } from './judge.ts';
import { PROMISED, sized } from './plan.ts';
import { judgeWhole } from './wholeness.ts';

/** Killed again and again, one would wait for its restart by design. */
const INSTANCES = sized(4, 8);
const INTERVAL_MS = 1000;

const app = async (ballast: Ballast) => (await statusOf(ballast)).services[0];

faultTest('3', '', async (judge, { stack }) => {
	const service = {
		instances: { run: ECHO_RUN, grace: '3s' },
		scale: INSTANCES,
		health: { path: '/', interval: `${INTERVAL_MS}ms`, timeout: '500ms' },
	};
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app: service } }));
	const ready = async () => (await app(ballast))?.ready;
	await eventually(ready, (found) => found === INSTANCES, 20_000);
	const load = stack.use(
		new EchoLoad({
			port: ballast.port,
			clients: 32,
			fresh: 8,
			pauseMs: sized(10, 1),
			request: (n) => ({
				deed: n % 3 === 0 ? 'late' : 'ok',
				...(n % 4 === 0 ? { method: 'POST', bodySize: 200 } : {}),
			}),
		}),
	);
	const ejectedMs: number[] = [];
	const replacedMs: number[] = [];
	const kills = sized(4, 24);
	let alert: AlertWatch | undefined;
	for (let kill = 0; kill < kills; kill++) {
		await sleep(400);
		const victim = (await app(ballast))?.instances[kill % INSTANCES];
		const pid = victim?.pid as number;
		const killed = performance.now();
		alert ??= new AlertWatch(ballast, PROMISED['3']);
		process.kill(pid, 'SIGKILL');
		const isOut = async () =>
			(await app(ballast))?.instances.every((each) => each.pid !== pid || each.state !== 'ready');
		await eventually(isOut, (out) => out === true, 20_000);
		ejectedMs.push(performance.now() - killed);
		await eventually(ready, (found) => found === INSTANCES, 20_000);
		replacedMs.push(performance.now() - killed);
	}
	await load.stop();
	const gets = load.failures.filter(({ asked }) => asked.method === 'GET');
	const posts = load.failures.filter(({ asked }) => asked.method === 'POST');
	judge(
		'no failed GET (retried)',
		`${load.shown(gets)} of ${count(load.sent * 0.75)}; POSTs: ${load.shown(posts)} of ${count(load.sent / 4)}, in ${kills} kills`,
		gets.length === 0 && load.sent > 500,
	);
	judge(
		'ejected in ≤ 2 probe intervals',
		`after at most ${ms(Math.max(...ejectedMs))}, an interval being ${INTERVAL_MS} ms`,
		Math.max(...ejectedMs) <= 2 * INTERVAL_MS,
	);
	judge('replaced', `${kills} of ${kills}, ready after at most ${ms(Math.max(...replacedMs))}`, true);
	await alert?.judge(judge);
	await judgeWhole(ballast, judge, INSTANCES);
});
