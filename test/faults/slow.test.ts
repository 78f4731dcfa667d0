import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startBallast } from '../support/ballast.ts';
import { connections, eventually } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { startEchoes } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { BIG_BYTES } from './echo-text.ts';
import { count, faultTest, ms, percentile } from './judge.ts';
import { PROMISED, sized } from './plan.ts';
import { type KindName, LOOK_MS, type SlowEnd } from './slow-clients.ts';
import { corePid, judgeWhole, residentBytes } from './wholeness.ts';

const run = promisify(execFile);
const FILE = fileURLToPath(new URL('slow-clients.ts', import.meta.url));
const HEAD_MS = 1000;
const IDLE_MS = 1500;
const REQUEST_MS = 3000;
/** Of each kind; in the longer version nearly as many in all as one address may have: 1000. */
const EACH = sized(40, 180);
/** How late a limit may act: the coarse wheel, and a machine that is busy. */
const SLACK_MS = 2000;

/** Which limit ends each kind, and when it hears of that; a reader that the machine holds up may stall. */
const LIMITS: Record<KindName, [number, number]> = {
	silent: [HEAD_MS, HEAD_MS],
	'slow head': [HEAD_MS, HEAD_MS],
	'slow body': [REQUEST_MS, REQUEST_MS],
	'slow chunks': [REQUEST_MS, REQUEST_MS],
	'stalled body': [IDLE_MS, IDLE_MS],
	'stalled reader': [IDLE_MS, LOOK_MS],
	'slow reader': [IDLE_MS, REQUEST_MS],
};

faultTest('26', '', async (judge, { stack }) => {
	const instances = await startEchoes(stack, 2);
	const timeouts = { idle: `${IDLE_MS}ms`, request: `${REQUEST_MS}ms`, firstByte: `${REQUEST_MS}ms` };
	const app = {
		instances: instances.map(({ port }) => `http://127.0.0.1:${port}`),
		timeouts,
		health: { interval: '1h' },
	};
	const limits = { head: { time: `${HEAD_MS}ms` }, keepAlive: `${HEAD_MS}ms` };
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', limits, services: { app } }));
	const pid = await corePid(ballast);
	const load = stack.use(new EchoLoad({ port: ballast.port, clients: 8, fresh: 4, pauseMs: 5 }));
	await sleep(1500);
	const attacked = performance.now();
	const before = residentBytes(pid);
	let peak = before;
	const sampling = setInterval(() => (peak = Math.max(peak, residentBytes(pid))), 50);
	const alert = new AlertWatch(ballast, PROMISED['26']);
	const { stdout } = await run(process.execPath, [FILE, String(ballast.port), String(EACH)]);
	clearInterval(sampling);
	const over = performance.now();
	await sleep(200);
	await load.stop();
	const ends = JSON.parse(stdout) as Record<KindName, SlowEnd[]>;
	for (const [kind, [fromMs, toMs]] of Object.entries(LIMITS) as [KindName, [number, number]][]) {
		const found = ends[kind];
		const closed = found.map(({ closedMs }) => closedMs ?? Number.POSITIVE_INFINITY);
		const statuses = [...new Set(found.map(({ status }) => status || 'no answer'))].join(', ');
		judge(
			kind === 'stalled reader'
				? `closed when it looks after ${toMs / 1000} s: ${kind}`
				: `closed at its limit of ${toMs / 1000} s: ${kind}`,
			`${found.length} clients, ${statuses}, after ${ms(Math.min(...closed))} to ${ms(Math.max(...closed))}`,
			closed.every((after) => after >= fromMs - 200 && after <= toMs + SLACK_MS) &&
				found.every(({ bytes }) => bytes < BIG_BYTES),
		);
	}
	const baseline = percentile(load.tookBetween(0, attacked), 0.99);
	const during = percentile(load.tookBetween(attacked, over), 0.99);
	judge(
		'others unaffected',
		`p99 ${ms(baseline)} before, ${ms(during)} beside ${count(Object.values(ends).flat().length)} slow clients; failed: ${load.shown()} of ${count(load.sent)}`,
		load.failures.length === 0 && during <= Math.max(2 * baseline, baseline + 20),
	);
	judge(
		'memory stays bounded',
		`core ${count(before / 1e6)} MB, at most ${count(peak / 1e6)} MB`,
		peak - before < 100e6,
	);
	const left = await eventually(
		() => connections(ballast),
		(open) => open === 0,
		8000,
	);
	judge('no connection of theirs is left', `${left} open`, left === 0);
	await alert.judge(judge);
	await judgeWhole(ballast, judge, 2);
});
