/** Who carries out a job stands still or dies in the midst of it, and another node is there. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { treeOf } from '../support/process-tree.ts';
import { connect } from '../support/raw-client.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { eventually, get, inFlight, post } from '../support/suite.ts';
import { count, faultTest } from './judge.ts';

const JOBS = 40;
/** The lease of 15 s, and a look. */
const REDELIVERED_MS = 20_000;
const WITHIN_MS = 60_000;

interface Came {
	job: string;
	key: string;
	node: string;
	response: ServerResponse;
}

/** Holds all requests back until it is told what to answer. */
class HoldingUpstream {
	readonly came: Came[] = [];
	readonly #server = createServer((request, response) => {
		const field = (name: string): string => String(request.headers[name]);
		const { came } = this;
		came.push({ job: field('x-ballast-job'), key: field('idempotency-key'), node: field('x-node'), response });
		request.resume();
	});

	async start(): Promise<string> {
		this.#server.keepAliveTimeout = 600_000;
		await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** Until so many came in all. */
	async reached(total: number): Promise<void> {
		await eventually(
			() => this.came.length,
			(length) => length >= total,
			WITHIN_MS,
		);
	}

	answer(which: (one: Came) => boolean, text: string): void {
		for (const { response } of this.came.filter(which)) if (!response.writableEnded) response.end(text);
	}

	close(): void {
		this.#server.closeAllConnections();
		this.#server.close();
	}
}

async function ask({ port }: Ballast, request: string): Promise<{ status: number; text: string; location: string }> {
	const client = await connect(port);
	try {
		client.send(request);
		const answer = await client.answer({ withinMs: 20_000 });
		return { status: answer.status, text: answer.text, location: answer.field('location') ?? '' };
	} finally {
		client.destroy();
	}
}

/** @returns where they are */
async function handIn(node: Ballast): Promise<string[]> {
	const made: string[] = [];
	for (let at = 0; at < JOBS; at++)
		made.push((await ask(node, post('/render', 'a', 'Prefer: respond-async'))).location);
	return made;
}

/** What became of each job, once all have a result: the answers, by how many. */
async function results(node: Ballast, made: readonly string[]): Promise<Map<string, number>> {
	const texts = new Map<string, number>();
	for (const location of made) {
		const { status, text } = await eventually(
			() => ask(node, get(`${location}/result`)),
			(answer) => answer.status !== 409,
			WITHIN_MS,
		);
		const told = status === 200 ? text : String(status);
		texts.set(told, (texts.get(told) ?? 0) + 1);
	}
	return texts;
}

const shown = (texts: ReadonlyMap<string, number>): string =>
	[...texts].map(([text, times]) => `${times} × ${text}`).join(', ');

faultTest('34', '', async (judge, { stack, leaveOut }) => {
	if (NO_REDIS !== false) return leaveOut('redelivered', NO_REDIS);
	const redis = await RedisServer.start();
	stack.defer(() => redis.end());
	const upstream = new HoldingUpstream();
	const url = await upstream.start();
	stack.defer(() => upstream.close());
	const start = async (node: string): Promise<Ballast> => {
		const headers = { request: { set: { 'X-Node': node } } };
		const app = {
			instances: [url],
			headers,
			timeouts: { request: '5m', firstByte: '5m' },
			offload: { upstreamKey: {}, concurrency: 3 * JOBS },
		};
		const state = { redis: { url: redis.url } };
		return stack.use(
			await startBallast({ workers: 2, stop: '0s', state, jobs: { store: 'redis' }, services: { app } }),
		);
	};
	const first = await start('first');
	const held = await handIn(first);
	await upstream.reached(JOBS);
	const second = await start('second');

	const tree = treeOf(first.pid);
	for (const pid of tree) process.kill(pid, 'SIGSTOP');
	stack.defer(() => {
		for (const pid of tree) if (treeOf(pid).length > 0) process.kill(pid, 'SIGCONT');
	});
	const stopped = performance.now();
	await upstream.reached(2 * JOBS);
	const tookMs = performance.now() - stopped;
	const keys = new Set(upstream.came.map(({ job, key }) => `${job} ${key}`));
	judge(
		'redelivered once the lease is over, under the same key',
		`${JOBS} jobs of a node that stands still after ${(tookMs / 1000).toFixed(1)} s, ${keys.size} keys`,
		tookMs <= REDELIVERED_MS && keys.size === JOBS,
	);
	upstream.answer(({ node }) => node === 'second', 'the second');
	const before = await results(second, held);
	// The answers wait in the sockets of the node that stands still: it reads them before anything else.
	upstream.answer(({ node }) => node === 'first', 'the first');
	for (const pid of tree) process.kill(pid, 'SIGCONT');
	await eventually(
		() => inFlight(first).catch(() => -1),
		(attempts) => attempts === 0,
		WITHIN_MS,
	);
	const doomed = await handIn(first);
	await upstream.reached(3 * JOBS);
	// It carries out others by now, and has said what it had to say.
	const after = await results(second, held);
	const sent = upstream.came.filter(({ node, response }) => node === 'first' && response.writableFinished).length;
	judge(
		'the stale completion is refused',
		`${sent} × answered to the first, the results before: ${shown(before)}, and behind it: ${shown(after)}`,
		sent === JOBS && before.get('the second') === JOBS && after.get('the second') === JOBS,
	);

	const its = upstream.came.slice(2 * JOBS).filter(({ node }) => node === 'first').length;
	const pids = treeOf(first.pid);
	for (const pid of pids) process.kill(pid, 'SIGKILL');
	const killed = performance.now();
	await upstream.reached(3 * JOBS + its);
	const againMs = performance.now() - killed;
	upstream.answer(() => true, 'done');
	const texts = await results(second, doomed);
	judge(
		'kill -9 in the midst: redelivered, none lost',
		`${its} of ${count(JOBS)} had a killed node, again after ${(againMs / 1000).toFixed(1)} s; ${shown(texts)}`,
		its > 0 && againMs <= REDELIVERED_MS && texts.get('done') === JOBS,
	);
});
