/** All of Ballast is killed at any moment, while clients have videos made at a HeyGen that fails as it likes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Simulator, startSimulator } from '../../simulators/heygen/start-simulator.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { freePorts } from '../support/free-ports.ts';
import { isAlive, treeOf } from '../support/process-tree.ts';
import { eventually } from '../support/suite.ts';
import { JobCallers, type JobView, statesOf } from './job-callers.ts';
import { workedOff } from './job-queues.ts';
import { count, faultTest, type Judge } from './judge.ts';

const KILLS = 100;
const CALLERS = 64;
/** After its first answer it lives this long at most, ms. */
const LIFE_MOST_MS = 1500;
/** Each so many'th dies before that, while it starts and takes up what its predecessor left. */
const EARLY = 5;
const ACCOUNTS = ['one', 'two', 'three', 'four'];
const MAX_JOBS = 25;
/** Simulated seconds in one. */
const SCALE = 600;
const ms = (seconds: number): string => `${Math.max(1, Math.round((seconds * 1000) / SCALE))}ms`;

const KNOBS = {
	createP50Ms: 2500,
	createP99Ms: 31_000,
	// At each moment some are being made.
	slowCreateRate: 0.5,
	slowCreateMs: 60_000,
	renderP50Ms: 60_000,
	renderP99Ms: 120_000,
	failureRate: 0.05,
	nullUrlRate: 0.2,
	crashRate: 0.05,
	errorRate: 0.02,
	webhookLostRate: 0.2,
	webhookDuplicateRate: 0.2,
	// A day of the program's clock, whatever the time scale.
	keyLifeMs: 24 * 3_600_000 * SCALE,
};

const BODY = JSON.stringify({
	type: 'avatar',
	avatar_id: 'avatar_ada_office',
	voice_id: 'voice_english_ada',
	script: 'Hello and welcome.',
});

const keyOf = (name: string): string => `key-${name}`;
const variableOf = (name: string): string => `TEST_HEYGEN_${name.toUpperCase()}`;

/** The secret of each account's webhooks, in a file. */
async function secretsOf(simulator: Simulator, port: number, folder: string): Promise<{ file: string }[]> {
	return Promise.all(
		ACCOUNTS.map(async (name) => {
			const answer = await fetch(`${simulator.url}/v3/webhooks/endpoints`, {
				method: 'POST',
				headers: { 'x-api-key': keyOf(name) },
				body: JSON.stringify({ url: `http://127.0.0.1:${port}/hooks/heygen` }),
			});
			const { data } = (await answer.json()) as { data: { secret: string } };
			const file = join(folder, `${name}.secret`);
			writeFileSync(file, `${data.secret}\n`, { mode: 0o600 });
			return { file };
		}),
	);
}

interface Stage {
	simulator: Simulator;
	config: Record<string, unknown>;
	port: number;
	store: string;
}

async function setUp(stack: AsyncDisposableStack): Promise<Stage> {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-killed-'));
	stack.defer(() => rmSync(folder, { recursive: true, force: true }));
	const accounts = ACCOUNTS.map((name) => ({ name, keys: [keyOf(name)], maxJobs: MAX_JOBS }));
	const simulator = await startSimulator({ timeScale: SCALE, knobs: KNOBS, accounts });
	stack.defer(() => simulator.close());
	const [port] = (await freePorts(1)) as [number];
	const store = join(folder, 'store');
	const poll = { steps: [{ until: ms(60), every: ms(10) }, { every: ms(30) }], heard: ms(120) };
	const offload = { backoff: { base: '5ms', most: '50ms' }, external: { poll, result: { wait: ms(30) } } };
	const heygen = {
		preset: 'heygen',
		instances: [simulator.url],
		webhooks: { secret: await secretsOf(simulator, port, folder) },
		accounts: ACCOUNTS.map((name) => ({ key: { env: variableOf(name) }, maxJobs: MAX_JOBS })),
		routes: { 'POST /v3/videos': { offload } },
	};
	return { simulator, port, store, config: { workers: 2, stop: '0s', listen: port, store, services: { heygen } } };
}

const ENV = Object.fromEntries(ACCOUNTS.map((name) => [variableOf(name), keyOf(name)]));

/** Keeper, core and whatever else was started here: in any order, as no one of them ends the others then. */
async function killAll(): Promise<number> {
	const pids = treeOf(process.pid).slice(1);
	for (const pid of pids.toSorted(() => Math.random() - 0.5)) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch {
			// It went with its parent.
		}
	}
	await eventually(
		() => pids.filter(isAlive),
		(alive) => alive.length === 0,
		20_000,
	);
	return pids.length;
}

/** One life of the program. @returns what it said */
async function liveAndDie(config: Record<string, unknown>, callers: JobCallers, early: boolean): Promise<string> {
	const starting = startBallast(config, { env: ENV, ready: false, startMs: 60_000 });
	if (early) {
		const died = starting.then(
			(ballast) => ballast,
			() => null,
		);
		await sleep(Math.random() * LIFE_MOST_MS);
		await killAll();
		return said(await died);
	}
	const ballast = await starting;
	await callers.another(30_000);
	await sleep(Math.random() * LIFE_MOST_MS);
	await killAll();
	return said(ballast);
}

async function said(ballast: Ballast | null): Promise<string> {
	await ballast?.stop();
	return ballast?.output() ?? '';
}

/** What each job says of itself, and what the ledger does: `succeeded`, or the code of its failure. */
function judgeVideos(judge: Judge, simulator: Simulator, views: ReadonlyMap<string, JobView | null>): void {
	const { jobs, repeated, accounts } = simulator.ledger();
	const made = new Map(jobs.map(({ callbackId, failureCode }) => [callbackId ?? '', failureCode ?? 'succeeded']));
	const told = new Map(
		[...views].map(([id, view]) => [id, view?.state === 'failed' ? view.error?.code : (view?.state ?? 'lost')]),
	);
	const twice = Math.max(repeated.idempotencyKeys.length, jobs.length - made.size);
	const calls = Object.values(simulator.calls()['POST /v3/videos'] ?? {}).reduce((sum, times) => sum + times, 0);
	judge(
		'one job, one video: none is made twice',
		`${twice} of ${count(jobs.length)}, in ${count(calls)} calls that create`,
		twice === 0 && calls > jobs.length,
	);
	const odd = [...new Set([...told.keys(), ...made.keys()])].filter((id) => told.get(id) !== made.get(id));
	const examples = odd.slice(0, 3).map((id) => `${id}: ${told.get(id)}, at HeyGen ${made.get(id)}`);
	judge(
		'each job ended as its video did',
		`${examples.join('; ') || 'all'}: ${shown(statesOf(views))}`,
		odd.length === 0,
	);
	const most = Math.max(...accounts.map(({ mostAtATime }) => mostAtATime));
	judge('no account is asked for more than it may make at once', `${most} of ${MAX_JOBS}`, most <= MAX_JOBS);
}

const shown = (states: Record<string, number>): string =>
	Object.entries(states)
		.map(([state, times]) => `${count(times)} ${state}`)
		.join(', ');

faultTest('20', 'the whole program', async (judge, { stack }) => {
	const { simulator, config, port, store } = await setUp(stack);
	const callers = stack.use(
		new JobCallers({
			ports: [port],
			callers: CALLERS,
			pauseMs: 300,
			path: '/v3/videos',
			body: BODY,
			headers: { authorization: 'Bearer alice', 'content-type': 'application/json' },
		}),
	);
	let output = '';
	for (let kill = 1; kill <= KILLS; kill++) output += await liveAndDie(config, callers, kill % EARLY === 0);
	const ballast = stack.use(await startBallast(config, { env: ENV, startMs: 60_000 }));
	await callers.stop();
	await workedOff(ballast, 300_000);
	const views = await callers.views();
	const lost = [...views.values()].filter((view) => view === null).length;
	judge(
		`nothing acknowledged is lost, ${CALLERS} callers`,
		`${lost} of ${count(views.size)}, in ${KILLS} kills of the whole program; instead of 202: ${callers.shown()}`,
		lost === 0 && views.size > KILLS,
	);
	judgeVideos(judge, simulator, views);
	await ballast.stop();
	const database = new DatabaseSync(join(store, 'jobs', 'jobs.db'));
	const integrity = String(database.prepare('PRAGMA integrity_check').get()?.['integrity_check']);
	database.close();
	const corrupt = /.*(?:corrupt|quarantin).*/.exec(output + ballast.output())?.[0] ?? '';
	judge('integrity ok', `${integrity}${corrupt && `; ${corrupt}`}`, integrity === 'ok' && corrupt === '');
});
