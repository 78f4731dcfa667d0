/** What becomes of jobs when something ends in the midst of them. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { MortalThreads } from '../support/mortal-threads.ts';
import type { ReceivedRequest } from '../support/raw-upstream.ts';
import { eventually, get, post, statusOf, suite } from '../support/suite.ts';

interface View {
	state: string;
	attempts: number;
	error: { message: string } | null;
}

const ASYNC = 'Prefer: respond-async';

describe('jobs outlive what carries them out', () => {
	const config = (url: string, workers = 2): Record<string, unknown> => ({
		workers,
		stop: '0s',
		services: {
			app: {
				instances: [url],
				offload: { backoff: { base: '10ms' }, concurrency: 4 },
				routes: { 'POST /keyed/*': { offload: { upstreamKey: {} } } },
			},
		},
	});
	const threads = new MortalThreads();
	after(() => threads.remove());
	const it = suite(({ url }) => config(url), { env: threads.env, deaths: true });
	const view = async (path: string): Promise<View> => (await it.ask(get(path))).json();
	const until = (path: string, state: string): Promise<View> =>
		eventually(
			() => view(path),
			(found) => found.state === state,
			25_000,
		);
	const made = async (request: string): Promise<string> => (await it.ask(request)).field('location') as string;
	/** Holds all requests for this path back until it is called. */
	const held = (path: string): (() => void) => {
		let go = (): void => {};
		const gate = new Promise<void>((resolve) => (go = resolve));
		it.upstream.on(path, async (_, peer) => {
			await gate;
			peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
		});
		return go;
	};
	const reached = (path: string, count = 1): Promise<number> =>
		eventually(
			() => it.upstream.count(path),
			(found) => found >= count,
			25_000,
		);

	test('kill -9 of the core: what waits goes on, a repeat has the same key, and what might be done twice is parked', async () => {
		const [goKeyed, goPlain] = [held('/keyed/1'), held('/plain')];
		const [keyed, plain] = [await made(post('/keyed/1', 'k', ASYNC)), await made(post('/plain', 'p', ASYNC))];
		await Promise.all([reached('/keyed/1'), reached('/plain')]);
		const { core } = await statusOf(it.ballast);
		process.kill(core.pid, 'SIGKILL');
		await reached('/keyed/1', 2);
		const [first, second] = it.upstream.requests.filter(({ path }) => path === '/keyed/1') as [
			ReceivedRequest,
			ReceivedRequest,
		];
		assert.equal(first.field('idempotency-key'), keyed.slice('/jobs/'.length));
		assert.equal(second.field('idempotency-key'), first.field('idempotency-key'));
		const parked = await until(plain, 'parked');
		assert.match(parked.error?.message ?? '', /cut off/);
		goKeyed();
		goPlain();
		await until(keyed, 'succeeded');
		assert.equal(it.upstream.count('/plain'), 1);
		// A person knows that it is safe.
		await it.ballast.control('jobs', { do: 'redrive', id: plain.slice('/jobs/'.length) });
		assert.equal((await until(plain, 'succeeded')).attempts, 1);
	});

	test('the jobs thread dies: the same, and what is handed in meanwhile is a job or a 503', async () => {
		const [goKeyed, goPlain] = [held('/keyed/2'), held('/plain-2')];
		const [keyed, plain] = [await made(post('/keyed/2', 'k', ASYNC)), await made(post('/plain-2', 'p', ASYNC))];
		await Promise.all([reached('/keyed/2'), reached('/plain-2')]);
		const { core } = await statusOf(it.ballast);
		await threads.die('jobs');
		const meanwhile = await eventually(
			() => it.ask(post('/meanwhile', 'm', ASYNC)),
			({ status, text }) => {
				assert.ok(status === 202 || status === 503, text);
				return status === 202;
			},
			25_000,
		);
		await reached('/keyed/2', 2);
		const keys = it.upstream.requests.filter(({ path }) => path === '/keyed/2');
		assert.deepEqual(
			new Set(keys.map((request) => request.field('idempotency-key'))),
			new Set([keyed.slice('/jobs/'.length)]),
		);
		assert.match((await until(plain, 'parked')).error?.message ?? '', /cut off/);
		goKeyed();
		goPlain();
		await until(keyed, 'succeeded');
		assert.equal((await until(meanwhile.field('location') as string, 'succeeded')).attempts, 1);
		assert.equal(it.upstream.count('/plain-2'), 1);
		assert.equal((await statusOf(it.ballast)).core.pid, core.pid);
	});

	test('a worker dies: its attempts are made again by another, those of the others go on', async () => {
		const go = held('/keyed/3');
		const locations = await Promise.all(Array.from({ length: 4 }, () => made(post('/keyed/3', 'k', ASYNC))));
		await reached('/keyed/3', 4);
		await threads.die('worker-0');
		await reached('/keyed/3', 5);
		go();
		const attempts = await Promise.all(locations.map(async (one) => (await until(one, 'succeeded')).attempts));
		assert.deepEqual([...new Set(attempts)].toSorted(), [1, 2]);
		assert.equal(
			it.upstream.count('/keyed/3'),
			attempts.reduce((sum, each) => sum + each, 0),
		);
		const keys = it.upstream.requests.filter(({ path }) => path === '/keyed/3');
		assert.equal(new Set(keys.map((request) => request.field('idempotency-key'))).size, 4);
	});

	test('a reload keeps what waits and what runs, with fewer workers too', async () => {
		const go = held('/held');
		const locations = await Promise.all(Array.from({ length: 6 }, () => made(post('/held', 'h', ASYNC))));
		await reached('/held', 4);
		it.ballast.configure(config(it.upstream.url, 1));
		await it.ballast.control('reload');
		assert.equal(it.upstream.count('/held'), 4);
		go();
		for (const location of locations) assert.equal((await until(location, 'succeeded')).attempts, 1);
	});

	test('an upgrade in the midst of an attempt: the old core ends it, the new one begins what comes', async () => {
		const go = held('/upgraded');
		const before = await made(post('/upgraded', 'x', ASYNC));
		await reached('/upgraded');
		const { core } = await statusOf(it.ballast);
		await it.ballast.control('upgrade');
		await eventually(
			() => statusOf(it.ballast),
			(status) => status.core.pid !== core.pid,
			25_000,
		);
		const after = await made(post('/after', 'x', ASYNC));
		assert.equal((await until(after, 'succeeded')).attempts, 1);
		assert.equal((await view(before)).state, 'running');
		go();
		assert.equal((await until(before, 'succeeded')).attempts, 1);
		assert.equal(it.upstream.count('/upgraded'), 1);
	});

	test('a paused queue begins nothing; resumed it goes on', async () => {
		await it.ballast.control('jobs', { do: 'pause', queue: 'app' });
		const location = await made(post('/paused', 'x', ASYNC));
		const { jobs } = (await it.ballast.control('jobs', { do: 'list', state: 'waiting' })) as { jobs: { id: string }[] };
		assert.ok(jobs.some(({ id }) => location.endsWith(id)));
		assert.equal(it.upstream.count('/paused'), 0);
		await it.ballast.control('jobs', { do: 'resume', queue: 'app' });
		await until(location, 'succeeded');
	});
});
