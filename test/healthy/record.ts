/**
 * `npm run record:healthy`: an hour of healthy, noisy load at a real Ballast, with all default alerts on, and what
 * its metrics did each second, which `npm test` replays. `--minutes 60`, `--to FOLDER` (default: this one), `--log FILE` gets
 * what Ballast printed.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine, machineWarnings } from '../../benchmarks/measure/machine.ts';
import type { AlertsAnswer } from '../../src/alerts/alert-view.ts';
import type { FigureSeries } from '../../src/core/metric.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { Certificates } from '../support/certificates.ts';
import { freePorts } from '../support/free-ports.ts';
import { NoisyLoad } from './noisy-load.ts';
import { type About, type Asked, writeTape } from './tape.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const RUN = [process.execPath, here('instances/noisy-api.ts')];
const MINUTE = 60_000;

const { values: options } = parseArgs({
	options: {
		minutes: { type: 'string', default: '60' },
		to: { type: 'string', default: here('.') },
		log: { type: 'string' },
	},
});
const minutes = Number(options.minutes);

const certificates = new Certificates();
const pair = certificates.issue('localhost', 365);
const [port, tlsPort, ...apart] = (await freePorts(4)) as [number, number, number, number];

/** Instances that Ballast does not start: a platform tells of them, and a name leads to one. */
const others = apart.map((own) => spawn(RUN[0] as string, RUN.slice(1), { env: { PORT: `${own}` }, stdio: 'ignore' }));
const group = join(certificates.folder, 'group.json');
writeFileSync(
	group,
	JSON.stringify({ desired: 2, members: apart.map((own, at) => ({ id: `${at}`, host: '127.0.0.1', port: own })) }),
);

/** `firstByte`: what a reload changes. */
function config(firstByte: string): Record<string, unknown> {
	const objective = { availability: '99%', latency: { target: '500ms', share: '95%' } };
	const common = { health: '/healthz', objective, timeouts: { firstByte } };
	return {
		stop: '5s',
		listen: [{ port }, { port: tlsPort, tls: pair }],
		store: { folder: './store' },
		services: {
			videos: {
				match: '/videos/*',
				instances: { run: RUN, grace: '10s' },
				scale: 3,
				deploy: { steps: ['10%', '50%'], every: '30s' },
				...common,
			},
			accounts: {
				match: '/accounts/*',
				instances: { run: RUN, grace: '10s' },
				scale: { min: 2, max: 5, perInstance: { requestsPerSecond: 1 }, cooldown: '60s' },
				...common,
			},
			search: {
				match: '/search/*',
				instances: { exec: { list: ['cat', group], resize: ['true'], remove: ['true'] } },
				...common,
			},
			orders: { match: '/orders/*', instances: [`http://localhost:${apart[0]}`], ...common },
		},
	};
}

/** What an operator does in a healthy hour, by its minute. */
function planned(ballast: Ballast): [minute: number, what: string, deed: () => Promise<unknown>][] {
	const reload = (firstByte: string) => () => {
		ballast.configure(config(firstByte));
		return ballast.control('reload');
	};
	return [
		[5, 'reload', reload('50s')],
		[10, 'restart of videos', () => ballast.control('restart', { service: 'videos' })],
		[18, 'deploy of videos', () => ballast.control('deploy', { service: 'videos', command: [...RUN, 'v2'] })],
		[27, 'reload', reload('40s')],
		[33, 'videos to 4', () => ballast.control('scale', { service: 'videos', n: 4, wait: true })],
		[36, 'videos to 3', () => ballast.control('scale', { service: 'videos', n: 3, wait: true })],
		[41, 'restart of all', () => ballast.control('restart')],
		[45, 'reload', reload('45s')],
		[46, 'reload', reload('40s')],
		[52, 'restart of accounts', () => ballast.control('restart', { service: 'accounts' })],
	];
}

/** What Ballast itself says at the end of what it counted: the replay must come to the same. */
async function ask(beganMs: number): Promise<Asked[]> {
	const to = Date.now() - 5000;
	// Of which it still knows each second.
	const from = Math.max(beganMs + 15_000, to - 50 * MINUTE);
	const queries = [
		'requests by service,class',
		'p99 by service',
		'error_rate by service',
		'instances.ready',
		'event_loop.lag',
	];
	return Promise.all(
		queries.map(async (query) => {
			const asked = { query: `${query} over 10s`, from, to, points: 12 };
			return { ...asked, series: (await ballast.control('figures', asked)) as FigureSeries[] };
		}),
	);
}

const tape = join(certificates.folder, 'tape.ndjson');
writeFileSync(tape, '');
const seen: About['alerts'] = [];
const done: string[] = [];
const ballast = await startBallast(config('60s'), {
	env: { BALLAST_CORE: here('recorded-core.ts'), BALLAST_TAPE: tape },
});
const load = new NoisyLoad({ port, tlsPort, seed: 7 });
const began = new Date();
load.start();
const minuteNow = (): number => (Date.now() - began.getTime()) / MINUTE;
/** Shorter recordings do the same in less time. */
const rest = planned(ballast).map(([minute, ...more]): [number, string, () => Promise<unknown>] => [
	(minute * minutes) / 60,
	...more,
]);
const last = new Map<string, string>();
while (minuteNow() < minutes) {
	await sleep(1000);
	while (rest[0] !== undefined && rest[0][0] <= minuteNow()) {
		const [, what, deed] = rest.shift() as (typeof rest)[number];
		const at = minuteNow().toFixed(1);
		void deed().then(
			(result) => done.push(`${at}: ${what}: ${JSON.stringify(result).slice(0, 200)}`),
			(error: Error) => done.push(`${at}: ${what}: failed: ${error.message}`),
		);
	}
	const { alerts } = (await ballast.control('alerts')) as AlertsAnswer;
	for (const { name, state, value, labels } of alerts) {
		const key = `${name} ${JSON.stringify(labels)}`;
		if ((last.get(key) ?? 'ok') === state) continue;
		last.set(key, state);
		seen.push({ minute: Number(minuteNow().toFixed(2)), name, state, value, labels });
		console.log(seen.at(-1));
	}
}
load.stop();
const answers = await ask(began.getTime());
const output = ballast.output();
await ballast.stop();
for (const other of others) other.kill();
const lines = readFileSync(tape, 'utf8');
writeTape(pathToFileURL(join(options.to, 'hour.ndjson.br')), lines);
const { version } = JSON.parse(readFileSync(here('../../package.json'), 'utf8')) as { version: string };
const about: About = {
	ballast: version,
	date: began.toISOString(),
	minutes,
	machine: describeMachine(),
	remarks: machineWarnings(),
	load: load.counts,
	done,
	// Pending ones too: how near the noise came.
	alerts: seen,
	held: {},
	answers,
};
writeFileSync(join(options.to, 'hour.json'), `${JSON.stringify(about, null, '\t')}\n`);
if (options.log !== undefined) writeFileSync(options.log, output);
certificates.remove();
console.log(about);
