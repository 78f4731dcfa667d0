import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBallast } from '../support/ballast.ts';
import { freePorts } from '../support/free-ports.ts';
import { statusOf } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { startEchoes } from './echo-instances.ts';
import { EchoLoad } from './echo-load.ts';
import { count, faultTest, ms, percentile } from './judge.ts';
import { PROMISED, sized } from './plan.ts';
import { askOnce, judgeWhole } from './wholeness.ts';

const RELOADS = sized(100, 1000);

/** What no version takes, and a part of the reason that must be given. */
const BAD: [string, RegExp][] = [
	['listen: [{ port: 1\n', /ballast\.yaml/],
	['listn: 8080\nservices: { app: { respond: x } }\n', /listn[\s\S]*did you mean/],
	['services: { app: { instances: [7], timeouts: { firstByte: soon } } }\n', /instances[\s\S]*firstByte/],
	['', /ballast\.yaml|empty|nothing/],
];

faultTest('18', '', async (judge, { stack }) => {
	const instances = await startEchoes(stack, 2);
	const [port = 0, other = 0] = await freePorts(2);
	/** Turn by turn: other time limits and fields, a worker less, a listener more, an instance less. */
	const config = (turn: number) => ({
		listen: turn % 10 >= 6 ? [port, other] : [port],
		workers: turn % 20 === 3 ? 1 : 2,
		stop: '0s',
		services: {
			app: {
				instances: instances.slice(turn % 10 === 4 ? 1 : 0).map(({ proxy }) => proxy.url),
				headers: { response: { set: { 'x-turn': String(turn) } } },
				timeouts: { firstByte: `${30 + (turn % 7)}s` },
			},
		},
	});
	const ballast = stack.use(await startBallast(config(0)));
	const load = stack.use(
		new EchoLoad({
			port,
			clients: 12,
			fresh: 4,
			pauseMs: sized(5, 1),
			request: (n) => (n % 3 === 0 ? { method: 'POST', bodySize: 500 } : { deed: n % 5 === 0 ? 'late' : 'ok' }),
		}),
	);
	const beganMs = Date.now();
	const wrong: string[] = [];
	const took: number[] = [];
	let bad = 0;
	for (let turn = 1; turn <= RELOADS; turn++) {
		const [text, why] = BAD[(turn / 10) % BAD.length] ?? [];
		if (text === undefined || why === undefined) {
			ballast.configure(config(turn));
			const started = performance.now();
			await ballast.control('reload');
			took.push(performance.now() - started);
			if ((await askOnce(port)).status !== 200) wrong.push(`no answer after turn ${turn}`);
			continue;
		}
		bad++;
		writeFileSync(join(ballast.folder, 'ballast.yaml'), text);
		const refused = await ballast.control('reload').then(
			() => 'taken up',
			(error: Error) => error.message,
		);
		if (!why.test(refused)) wrong.push(`${JSON.stringify(text)}: ${refused}`);
		if ((await statusOf(ballast)).warnings.length === 0) wrong.push('status does not say that it was refused');
	}
	await load.stop();
	judge(
		`0 errors in ${RELOADS} reloads`,
		`${load.shown()} of ${count(load.sent)} requests; a reload took ${ms(percentile(took, 0.5))}, p99 ${ms(percentile(took, 0.99))}`,
		load.failures.length === 0 && load.sent > 5 * RELOADS,
	);
	judge(
		'the bad ones refused with reasons',
		wrong[0] ?? `${bad} of ${bad}`,
		wrong.length === 0 && bad === RELOADS / 10,
	);
	// On a machine that is slow those before may have raised it.
	const alert = new AlertWatch(ballast, PROMISED['18'], beganMs);
	writeFileSync(join(ballast.folder, 'ballast.yaml'), 'listn: 8080\n');
	await ballast.control('reload').catch(() => {});
	await alert.judge(judge);
	ballast.configure(config(RELOADS));
	await ballast.control('reload');
	await judgeWhole(ballast, judge, 2);
});
