/** One Ballast in front of one upstream for all tests of a file or of a `describe`. */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../../src/app/status.ts';
import { type Ballast, type BallastOptions, startBallast } from './ballast.ts';
import { connect, type RawClient, type RawClientOptions } from './raw-client.ts';
import { type RawUpstream, startUpstream } from './raw-upstream.ts';

/** How bytes travel: by the runtime's own handle, or by Node's streams where that is not to be had. */
export const TRANSPORTS = {
	handle: {},
	stream: { BALLAST_TRANSPORT: 'stream' },
} as const satisfies Record<string, Record<string, string>>;

export interface Suite {
	readonly ballast: Ballast;
	readonly upstream: RawUpstream;
	/** A client of the first listener; it is gone when the test is. */
	client(options?: RawClientOptions): Promise<RawClient>;
	/** Sends this and reads one answer, by a connection of its own. */
	ask(request: string, method?: string): ReturnType<RawClient['answer']>;
}

export interface SuiteOptions extends Omit<BallastOptions, 'run'> {
	/** The tests run side by side: clients stay until the last has ended. */
	together?: boolean;
	/** Its threads are killed: only then may it tell of that. */
	deaths?: true;
	/** How each client connects. */
	client?: RawClientOptions;
}

/** `config`: without `listen`, `admin` and `stop`, which have values for tests. */
export function suite(
	config: (upstream: RawUpstream) => Record<string, unknown> | Promise<Record<string, unknown>>,
	options: SuiteOptions = {},
): Suite {
	let ballast: Ballast | undefined;
	let upstream: RawUpstream | undefined;
	const clients: RawClient[] = [];
	before(async () => {
		upstream = await startUpstream();
		ballast = await startBallast({ workers: 1, stop: '0s', ...(await config(upstream)) }, options);
	});
	afterEach(() => {
		if (options.together !== true) for (const client of clients.splice(0)) client.destroy();
		const [failure] = upstream?.failures.splice(0) ?? [];
		if (failure !== undefined) throw failure;
	});
	after(async () => {
		for (const client of clients) client.destroy();
		await ballast?.stop();
		await upstream?.close();
		// A fault of the data plane's own is written to the log and must fail whoever caused it.
		const faults = options.deaths ? /worker \d+: |internal/ : /worker \d+: |worker \d+ (?:failed|ended)|internal/;
		assert.doesNotMatch(ballast?.output() ?? '', faults);
	});
	return {
		get ballast() {
			return ballast as Ballast;
		},
		get upstream() {
			return upstream as RawUpstream;
		},
		async client(clientOptions) {
			const client = await connect((ballast as Ballast).port, { ...options.client, ...clientOptions });
			clients.push(client);
			return client;
		},
		async ask(request, method) {
			const client = await connect((ballast as Ballast).port, options.client);
			try {
				client.send(request);
				return await client.answer(method === undefined ? {} : { method });
			} finally {
				client.destroy();
			}
		},
	};
}

/** Between two looks, once the first have been in vain: looks at a status cost the one that is looked at, too. */
const MOST_WAIT_MS = 40;

/** Looks again and again until this holds; fails with the last value. */
export async function eventually<T>(
	look: () => T | Promise<T>,
	holds: (value: T) => boolean,
	withinMs = 15_000,
): Promise<T> {
	const until = performance.now() + withinMs;
	for (let waitMs = 10; ; waitMs = Math.min(MOST_WAIT_MS, waitMs * 1.2)) {
		const value = await look();
		if (holds(value)) return value;
		if (performance.now() > until) assert.fail(`after ${withinMs} ms it still is ${JSON.stringify(value)}`);
		await sleep(waitMs);
	}
}

export const statusOf = (ballast: Ballast): Promise<Status> => ballast.control('status') as Promise<Status>;

/** Requests under way at all instances. */
export async function inFlight(ballast: Ballast): Promise<number> {
	const { services } = await statusOf(ballast);
	return services.flatMap(({ instances }) => instances).reduce((sum, instance) => sum + instance.inFlight, 0);
}

/** Client connections open now. */
export async function connections(ballast: Ballast): Promise<number> {
	const { workers } = await statusOf(ballast);
	return workers.reduce((sum, worker) => sum + worker.connections, 0);
}

/** A GET with these field lines. */
export const get = (target: string, ...lines: string[]): string =>
	`GET ${target} HTTP/1.1\r\nHost: test\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

/** A request with a body of this length declared. */
export const post = (target: string, body: string, ...lines: string[]): string =>
	`POST ${target} HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
