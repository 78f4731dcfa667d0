/** Jobs through the whole program: a request, its 202, the attempt at an instance that does nothing, the stored result. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { control } from '../../src/cli/control-client.ts';
import { launch, type Program } from '../measure/command.ts';
import { type LoadResult, runLoad } from '../measure/load.ts';
import { freePorts, waitFor200 } from '../measure/ports.ts';
import { childMicros, cpuMicros, threadMicros } from '../measure/proc-stat.ts';
import { median } from '../measure/ratios.ts';
import { startUpstream } from '../measure/upstream.ts';
import { BALLAST_BIN, ballastEnvironment } from '../peers/ballast.ts';
import type { Line } from '../stability/verdict.ts';
import { CALLERS, type Plan } from './throughput.ts';

/** Attempts under way at once. */
const CONCURRENCY = 256;
const BODY_BYTES = 300;
/** As a client of an API sends them. */
const HEADERS = {
	Prefer: 'respond-async',
	'User-Agent': 'videos/1.0 (bench)',
	Accept: 'application/json',
	'Content-Type': 'application/json',
};
/** Longest wait for the last job to end, ms. */
const LAST_MS = 60_000;
const LOOK_MS = 10;

/** CPU of a job by part, µs. */
interface Costs {
	client: number;
	workers: number;
	jobs: number;
	/** Control plane, store thread, keeper, and what Node does beside them. */
	rest: number;
	upstream: number;
}

interface Round {
	perSecond: number;
	load: LoadResult;
	costs: Costs;
}

/** `program` as it is started for this. */
class Gateway {
	readonly url: string;
	readonly #program: Program;
	readonly #socket: string;

	constructor(of: { url: string; program: Program; socket: string }) {
		this.url = of.url;
		this.#program = of.program;
		this.#socket = of.socket;
	}

	static async start(folder: string, upstreams: readonly number[]): Promise<Gateway> {
		const [port] = (await freePorts(1)) as [number];
		const path = join(folder, 'ballast.yaml');
		const configuration = {
			listen: port,
			admin: 'off',
			services: {
				videos: {
					instances: { urls: upstreams.map((upstream) => `http://127.0.0.1:${upstream}`) },
					offload: { concurrency: CONCURRENCY, waiting: 10_000_000 },
				},
			},
		};
		await writeFile(path, stringify(configuration));
		const env = ballastEnvironment(folder);
		const program = launch({ argv: [process.execPath, BALLAST_BIN, 'up', path], cores: '0,1', cwd: folder, env });
		const url = `http://127.0.0.1:${port}/json`;
		await waitFor200(url, program, 20_000);
		return new Gateway({ url, program, socket: env['BALLAST_SOCKET'] as string });
	}

	/** Jobs by state. */
	async counts(): Promise<Record<string, number>> {
		const where = { path: this.#socket, runDir: null };
		const { queues } = (await control(where, 'jobs', { do: 'queues' })) as {
			queues: Record<string, { counts: Record<string, number> }>;
		};
		return queues['videos']?.counts ?? {};
	}

	/** Of its threads so far, µs. */
	cpu(): Omit<Costs, 'client' | 'upstream'> {
		const pids = this.#program.tree();
		const threads = pids.flatMap(threadMicros);
		const of = (prefix: string): number =>
			threads.filter(({ name }) => name.startsWith(prefix)).reduce((sum, { micros }) => sum + micros, 0);
		const [workers, jobs] = [of('worker'), of('jobs')];
		const all = threads.reduce((sum, { micros }) => sum + micros, 0);
		return { workers, jobs, rest: all - workers - jobs };
	}

	stop(): Promise<void> {
		return this.#program.stop(15_000);
	}
}

/** Hands jobs in as fast as they are taken, and waits until the last has ended. */
async function burst(gateway: Gateway, upstreamPids: readonly number[], seconds: number): Promise<Round> {
	const ended = async (): Promise<number> => (await gateway.counts())['succeeded'] ?? 0;
	const [done, before] = [await ended(), gateway.cpu()];
	const [clientBefore, upstreamBefore] = [childMicros(), cpuMicros(upstreamPids)];
	const from = performance.now();
	const load = await runLoad({
		url: gateway.url,
		seconds,
		connections: CALLERS,
		headers: HEADERS,
		uploadBytes: BODY_BYTES,
		cores: '0,1',
	});
	const client = childMicros() - clientBefore;
	for (const until = performance.now() + LAST_MS; ; await sleep(LOOK_MS)) {
		const { waiting = 0, running = 0, scheduled = 0 } = await gateway.counts();
		if (waiting + running + scheduled === 0) break;
		if (performance.now() > until) throw new Error(`${waiting + running + scheduled} jobs have not ended`);
	}
	const tookMs = performance.now() - from;
	const jobs = (await ended()) - done;
	if (jobs < load.requests - load.errors) throw new Error(`${load.requests} were accepted, ${jobs} have ended`);
	const after = gateway.cpu();
	const each = (micros: number): number => micros / jobs;
	return {
		perSecond: (jobs / tookMs) * 1000,
		load,
		costs: {
			client: each(client),
			workers: each(after.workers - before.workers),
			jobs: each(after.jobs - before.jobs),
			rest: each(after.rest - before.rest),
			upstream: each(cpuMicros(upstreamPids) - upstreamBefore),
		},
	};
}

export async function gateway({ rounds, seconds }: Plan): Promise<Line[]> {
	const folder = await mkdtemp(join(tmpdir(), 'ballast-bench-jobs-'));
	const upstream = await startUpstream(folder, '0,1');
	const program = await Gateway.start(folder, upstream.ports);
	try {
		const upstreamPids = upstream.pids();
		// Its code is compiled as it is used: the first thousands of jobs cost several times as much.
		await burst(program, upstreamPids, Math.max(2, Math.ceil(seconds)));
		const found: Round[] = [];
		for (let round = 0; round < rounds; round++) found.push(await burst(program, upstreamPids, Math.ceil(seconds)));
		return linesOf(found);
	} finally {
		await program.stop();
		await upstream.stop();
		await rm(folder, { recursive: true, force: true });
	}
}

function linesOf(rounds: readonly Round[]): Line[] {
	const of = (read: (round: Round) => number): number => median(rounds.map(read));
	const tenth = (value: number): number => Math.round(value * 10) / 10;
	const cpu = (name: string, key: string, read: (costs: Costs) => number): Line => ({
		figure: `through the gateway: CPU of a job, ${name}`,
		key: `gateway${key}CpuUs`,
		measured: tenth(of(({ costs }) => read(costs))),
		most: undefined,
		unit: 'µs',
	});
	return [
		{
			figure: 'through the gateway: 202, attempt, result stored',
			key: 'gatewayPerSecond',
			measured: Math.round(of(({ perSecond }) => perSecond)),
			least: 8000,
			most: undefined,
			unit: '/s',
		},
		{
			figure: `through the gateway: accepted, ${CALLERS} callers`,
			key: 'gatewayAcceptedPerSecond',
			measured: Math.round(of(({ load }) => load.requests / load.seconds)),
			most: undefined,
			unit: '/s',
		},
		{
			figure: 'through the gateway: 202, p99',
			key: 'gatewayP99Ms',
			measured: tenth(of(({ load }) => load.p99Ms)),
			most: undefined,
			unit: 'ms',
		},
		{
			figure: 'through the gateway: not accepted',
			key: 'gatewayErrors',
			measured: rounds.reduce((sum, { load }) => sum + load.errors, 0),
			most: 0,
		},
		cpu('Ballast', 'Ballast', ({ workers, jobs, rest }) => workers + jobs + rest),
		cpu('its workers', 'Workers', ({ workers }) => workers),
		cpu('its jobs thread', 'Thread', ({ jobs }) => jobs),
		cpu('its other threads', 'Rest', ({ rest }) => rest),
		cpu('the client', 'Client', ({ client }) => client),
		cpu('the upstream', 'Upstream', ({ upstream }) => upstream),
	];
}
