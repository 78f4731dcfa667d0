/** Requests that become jobs, from the 202 to the result. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { mountSmallDisk, NO_MOUNT } from '../../src/jobs/testing/small-disk.ts';
import { startBallast } from '../support/ballast.ts';
import { connect, type RawClient } from '../support/raw-client.ts';
import { type ReceivedRequest, startUpstream } from '../support/raw-upstream.ts';
import { eventually, get, post, suite } from '../support/suite.ts';

interface View {
	id: string;
	state: string;
	position: number | null;
	attempts: number;
	error: { code: string; message: string; status: number | null } | null;
	result: string | null;
}

const ASYNC = 'Prefer: respond-async';
const ALICE = 'Authorization: Bearer alice';
const BOB = 'Authorization: Bearer bob';

describe('a request that asks for it becomes a job', () => {
	const it = suite(
		({ url }) => ({
			workers: 2,
			jobs: { streams: 8, encryption: { key: { env: 'JOBS_KEY' } } },
			services: {
				app: {
					instances: [url],
					offload: { backoff: { base: '10ms' }, attempts: 3 },
					routes: {
						'POST /keyed': { offload: { idempotency: 'required', upstreamKey: {} } },
						'POST /always': { offload: { when: 'always' } },
						'POST /small': { offload: { body: '100B' } },
						'/doc': { cache: { ttl: '60s' } },
						'POST /one': { offload: { concurrency: 1 } },
					},
				},
			},
		}),
		{ env: { JOBS_KEY: randomBytes(32).toString('base64') } },
	);
	const view = async (path: string, ...lines: string[]): Promise<View> => (await it.ask(get(path, ...lines))).json();
	const ended = (path: string, ...lines: string[]): Promise<View> =>
		eventually(
			() => view(path, ...lines),
			({ state }) => ['succeeded', 'failed', 'parked', 'cancelled', 'expired'].includes(state),
		);
	const made = async (request: string): Promise<string> => {
		const answer = await it.ask(request);
		assert.equal(answer.status, 202, answer.raw);
		return answer.field('location') as string;
	};

	test('202 at once; its state, then the answer of the API as it was', async () => {
		let go = (): void => {};
		const held = new Promise<void>((resolve) => (go = resolve));
		it.upstream.on('/slow', async (request, peer) => {
			await held;
			peer.send(
				`HTTP/1.1 201 Made\r\nX-Kind: video\r\nCache-Control: public, max-age=60\r\nContent-Length: 5\r\n\r\n${request.body.toString()}!`,
			);
		});
		const answer = await it.ask(post('/slow?a=1', 'abcd', ASYNC, ALICE, 'X-Tenant: t'));
		assert.equal(answer.status, 202);
		assert.equal(answer.field('preference-applied'), 'respond-async');
		assert.match(answer.field('retry-after') ?? '', /^\d+$/);
		const location = answer.field('location') as string;
		assert.match(location, /^\/jobs\/[A-Za-z0-9_-]{22}$/);
		await eventually(
			() => it.upstream.count('/slow'),
			(count) => count === 1,
		);
		const running = await view(location, ALICE);
		assert.equal(running.state, 'running');
		assert.equal((await it.ask(get(`${location}/result`, ALICE))).status, 409);
		go();
		assert.deepEqual(await ended(location, ALICE).then(({ state, attempts }) => ({ state, attempts })), {
			state: 'succeeded',
			attempts: 1,
		});
		const result = await it.ask(get(`${location}/result`, ALICE));
		assert.deepEqual([result.status, result.field('x-kind'), result.text], [201, 'video', 'abcd!']);
		assert.equal(result.field('cache-control'), 'private');
		const [sent] = it.upstream.requests.filter(({ path }) => path === '/slow') as [ReceivedRequest];
		assert.equal(sent.target, '/slow?a=1');
		assert.deepEqual(
			['prefer', 'x-tenant', 'authorization', 'x-ballast-job', 'x-ballast-attempt', 'x-forwarded-for'].map((name) =>
				sent.field(name),
			),
			[undefined, 't', 'Bearer alice', location.slice('/jobs/'.length), '1', '127.0.0.1'],
		);
	});

	test('without it nothing is another than before; by `always` all do', async () => {
		assert.equal((await it.ask(post('/plain', 'x'))).status, 200);
		await ended(await made(post('/always', 'x')));
		const read = await it.ask(get('/plain', ASYNC));
		assert.equal(read.status, 200);
	});

	test('`wait` holds for the result', async () => {
		const answer = await it.ask(post('/echo', 'abc', 'Prefer: respond-async, wait=10'));
		assert.equal(answer.status, 200);
		assert.equal(answer.json<{ body: string }>().body, 'abc');
	});

	test('only its owner sees a job; a foreign and an unknown one look alike', async () => {
		const location = await made(post('/echo', 'x', ASYNC, ALICE));
		await ended(location, ALICE);
		const unknown = `/jobs/${'A'.repeat(22)}`;
		const [foreign, none, mine] = await Promise.all([
			it.ask(get(location, BOB)),
			it.ask(get(unknown, BOB)),
			it.ask(get('/jobs', ALICE)),
		]);
		assert.equal(foreign.status, 404);
		const shown = ({ raw, text }: typeof foreign): string => raw.replace(/Date: .*/, '') + text;
		assert.equal(shown(foreign), shown(none));
		assert.equal((await it.ask(`DELETE ${location} HTTP/1.1\r\nHost: a\r\n${BOB}\r\n\r\n`)).status, 404);
		assert.equal((await it.ask(get(`${location}/result`))).status, 404);
		assert.ok(mine.json<{ jobs: View[] }>().jobs.some(({ id }) => location.endsWith(id)));
		assert.deepEqual((await it.ask(get('/jobs', BOB))).json<{ jobs: View[] }>().jobs, []);
		assert.equal((await it.ask(get('/jobs?limit=1e99&state=waiting&state=failed', ALICE))).status, 200);
		for (const query of ['limit=1.5', 'limit=0', 'limit=-1', 'limit=x', 'state=bogus', 'state=failed&state=']) {
			const { status, raw } = await it.ask(get(`/jobs?${query}`, ALICE));
			assert.equal(status, 400, `${query}: ${raw}`);
		}
	});

	test('idempotency keys: required, the same job, another payload', async () => {
		assert.equal((await it.ask(post('/keyed', 'x', ASYNC))).status, 400);
		const malformed = await it.ask(post('/keyed', 'x', ASYNC, 'Idempotency-Key: "'));
		assert.equal(malformed.status, 400);
		assert.match(
			malformed.text,
			/"code":"idempotency_key_malformed".*"reason":"characters".*"detail":"The Idempotency-Key is neither/,
		);
		const first = await made(post('/keyed', 'x', ASYNC, ALICE, 'Idempotency-Key: "k 1"'));
		assert.equal(await made(post('/keyed', 'x', ASYNC, ALICE, 'Idempotency-Key: "k 1"')), first);
		assert.equal((await it.ask(post('/keyed', 'y', ASYNC, ALICE, 'Idempotency-Key: "k 1"'))).status, 422);
		// Another owner's key is another one.
		assert.notEqual(await made(post('/keyed', 'x', ASYNC, BOB, 'Idempotency-Key: "k 1"')), first);
		await ended(first, ALICE);
		const [sent] = it.upstream.requests.filter(({ path }) => path === '/keyed') as [ReceivedRequest];
		assert.equal(sent.field('idempotency-key'), 'k 1');
	});

	test('while a request with the same key is being stored: 409', async () => {
		const client = await it.client();
		client.send(
			`POST /keyed HTTP/1.1\r\nHost: a\r\n${ASYNC}\r\nIdempotency-Key: busy\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n`,
		);
		assert.match(await client.readTo('\r\n\r\n'), /^HTTP\/1.1 100 /);
		await eventually(
			() => it.ask(post('/keyed', 'abcd', ASYNC, 'Idempotency-Key: busy')),
			({ status }) => status === 409,
		);
		client.send('abcd');
		assert.equal((await client.answer()).status, 202);
	});

	test('a body over its limit is refused, told or not; 100-continue is answered', async () => {
		assert.equal((await it.ask(post('/small', 'x'.repeat(101), ASYNC))).status, 413);
		const chunked = `POST /small HTTP/1.1\r\nHost: a\r\n${ASYNC}\r\nTransfer-Encoding: chunked\r\n\r\n`;
		assert.equal((await it.ask(`${chunked}65\r\n${'x'.repeat(101)}\r\n0\r\n\r\n`)).status, 413);
		const client = await it.client();
		client.send(`POST /small HTTP/1.1\r\nHost: a\r\n${ASYNC}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
		assert.match(await client.readTo('\r\n\r\n'), /^HTTP\/1.1 100 /);
		client.send('ab');
		assert.equal((await client.answer()).status, 202);
	});

	test('a failure is tried again, when the API says; then it is a dead letter with its last answer', async () => {
		let count = 0;
		it.upstream.on('/busy', (_, peer) => {
			count++;
			const [status, more] = count === 1 ? ['429 Busy', 'Retry-After: 1\r\n'] : ['200 OK', ''];
			peer.send(`HTTP/1.1 ${status}\r\n${more}Content-Length: 0\r\n\r\n`);
		});
		const location = await made(post('/busy', 'x', ASYNC));
		await eventually(
			() => view(location),
			({ state }) => state === 'scheduled',
		);
		assert.deepEqual(await ended(location).then(({ state, attempts }) => [state, attempts]), ['succeeded', 2]);
		it.upstream.on('/broken', 'HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nno!');
		const idempotent = await made(post('/broken', 'x', ASYNC).replace('POST', 'PUT'));
		const last = await ended(idempotent);
		assert.deepEqual([last.state, last.attempts, last.error?.status], ['failed', 3, 503]);
		const result = await it.ask(get(`${idempotent}/result`));
		assert.deepEqual([result.status, result.text], [503, 'no!']);
		it.upstream.on('/cut', (_, peer) => peer.destroy());
		const parked = await ended(await made(post('/cut', 'x', ASYNC)));
		assert.deepEqual([parked.state, parked.attempts], ['parked', 1]);
	});

	test('cancelled: before its turn, and in the midst of an attempt', async () => {
		const peers: RawClient[] = [];
		it.upstream.on('/one', async (_, peer) => {
			peers.push(peer);
			await new Promise(() => {});
		});
		const [first, second] = [await made(post('/one', '1', ASYNC)), await made(post('/one', '2', ASYNC))];
		await eventually(
			() => peers.length,
			(length) => length === 1,
		);
		const waiting = await eventually(
			() => view(second),
			({ position }) => position === 1,
		);
		assert.equal(waiting.state, 'waiting');
		const cancel = async (path: string): Promise<View> => (await it.ask(get(path).replace('GET', 'DELETE'))).json();
		assert.equal((await cancel(second)).state, 'cancelled');
		assert.equal((await cancel(first)).state, 'cancelled');
		await (peers[0] as RawClient).until(() => (peers[0] as RawClient).ended, 'the attempt to be cut off');
		assert.equal(peers.length, 1);
		const late = await ended(await made(post('/one', '3', ASYNC, 'Cancel-After: 1')));
		assert.equal(late.state, 'expired');
	});

	test('large binary bodies go by file both ways', async () => {
		const bytes = Buffer.alloc(3_000_000);
		for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7) ^ (i >> 8);
		const hash = (of: Uint8Array): string => createHash('sha256').update(of).digest('hex');
		it.upstream.on('/large', (request, peer) => {
			assert.equal(hash(request.body), hash(bytes));
			peer.send(`HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: ${bytes.length}\r\n\r\n`);
			peer.send(bytes);
		});
		const client = await it.client();
		client.send(`POST /large HTTP/1.1\r\nHost: a\r\n${ASYNC}\r\nContent-Length: ${bytes.length}\r\n\r\n`);
		client.send(bytes);
		const location = (await client.answer()).field('location') as string;
		assert.equal((await ended(location)).state, 'succeeded');
		const result = await it.ask(get(`${location}/result`));
		assert.equal(hash(result.body), hash(bytes));
		// Neither is to be read in the folder.
		const state = join(it.ballast.folder, '.state');
		const bodies = readdirSync(state, { recursive: true })
			.map(String)
			.filter((name) => /\/bodies\//.test(name));
		assert.ok(bodies.length >= 2 && bodies.every((name) => name.endsWith('.sealed')), bodies.join(' '));
		const some = bytes.subarray(1_000_000, 1_000_064);
		for (const name of bodies) assert.ok(!readFileSync(join(state, name)).includes(some));
	});

	test('a client that leaves in the midst of its body leaves nothing', async () => {
		const bodies = (): string[] => readdirSync(join(it.ballast.folder, '.state'), { recursive: true }).map(String);
		const parts = (): number => bodies().filter((path) => path.endsWith('.part')).length;
		const client = await it.client();
		client.send(`POST /left HTTP/1.1\r\nHost: a\r\n${ASYNC}\r\nContent-Length: 900000\r\n\r\n`);
		client.send('x'.repeat(400_000));
		await eventually(parts, (count) => count === 1);
		client.destroy();
		await eventually(parts, (count) => count === 0);
		assert.equal(it.upstream.count('/left'), 0);
	});

	test('what a job changes the cache does not give any more', async () => {
		const asked = async (): Promise<number> => {
			assert.equal((await it.ask(get('/doc'))).status, 200);
			return it.upstream.requests.filter(({ path, method }) => path === '/doc' && method === 'GET').length;
		};
		assert.deepEqual([await asked(), await asked()], [1, 1]);
		await ended(await made(post('/doc', 'x', ASYNC)));
		assert.equal(await asked(), 2);
	});

	test('many at once with one key, by several workers: one job', async () => {
		const ask = () => it.ask(post('/keyed', 'race', ASYNC, ALICE, 'Idempotency-Key: race'));
		const answers = await Promise.all(Array.from({ length: 24 }, ask));
		const locations = new Set(answers.filter(({ status }) => status === 202).map((one) => one.field('location')));
		assert.equal(locations.size, 1);
		assert.ok(answers.every(({ status }) => status === 202 || status === 409));
		await ended([...locations][0] as string, ALICE);
		assert.equal(it.upstream.requests.filter(({ body }) => body.toString() === 'race').length, 1);
	});

	test('what was stored tells no credential', async () => {
		await made(post('/echo', 'x', ASYNC, 'Authorization: Bearer not-to-be-found', 'X-Secret: nor-this'));
		const state = join(it.ballast.folder, '.state');
		const files = readdirSync(state, { recursive: true }).map((name) => join(state, String(name)));
		const kept = files.filter((file) => /jobs\.db(?:-wal)?$/.test(file));
		assert.ok(kept.length > 0);
		for (const file of kept) {
			assert.equal(statSync(file).mode & 0o777, 0o600);
			assert.ok(!/not-to-be-found|nor-this|Bearer/.test(readFileSync(file, 'latin1')), file);
		}
	});

	test('no more streams of events than are configured; who leaves makes room', async () => {
		it.upstream.on('/held', () => new Promise(() => {}));
		const location = await made(post('/held', 'x', ASYNC, ALICE));
		const open = async () => {
			const client = await it.client();
			client.send(get(`${location}/events`, ALICE));
			return { client, head: await client.readTo('\r\n\r\n') };
		};
		const streams = [];
		for (let i = 0; i < 12; i++) streams.push(await open());
		const isOpen = ({ head }: { head: string }): boolean => head.startsWith('HTTP/1.1 200');
		// Half of those of each of the two workers: others find room.
		assert.ok(streams.filter(isOpen).length <= 4);
		assert.ok(streams.filter(isOpen).length >= 2);
		const other = await made(post('/held', 'x', ASYNC, BOB));
		const bob = await it.client();
		bob.send(get(`${other}/events`, BOB));
		assert.match(await bob.readTo('\r\n\r\n'), /^HTTP\/1\.1 200/);
		bob.destroy();
		await it.ask(get(other, BOB).replace('GET', 'DELETE'));
		for (const one of streams) if (!isOpen(one)) assert.match(one.head, /^HTTP\/1\.1 503/);
		for (const { client } of streams) client.destroy();
		await eventually(open, isOpen);
		await it.ask(get(location, ALICE).replace('GET', 'DELETE'));
	});

	test('events tell of each change until the end', async () => {
		const answer = await it.ask(post('/one', 'x', ASYNC, ALICE));
		const location = answer.field('location') as string;
		it.upstream.on('/one', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
		const client = await it.client();
		client.send(get(`${location}/events`, ALICE));
		assert.match(await client.readTo('\r\n\r\n'), /text\/event-stream/);
		await it.ask(get(location, ALICE).replace('GET', 'DELETE'));
		const { body } = await client.readChunks();
		assert.match(body.toString(), /^id: \d+\nevent: [a-z]+\ndata: \{.*\}\n\n/);
		assert.match(body.toString(), /event: (?:cancelled|succeeded)\ndata: .*\n\n$/);
	});
});

test('what an instance swallowed is an attempt, also when it came by a kept connection', async () => {
	const upstream = await startUpstream();
	const offload = { upstreamKey: {}, backoff: { base: '1h', most: '1h' } };
	const services = { app: { instances: [upstream.url], offload } };
	await using ballast = await startBallast({ workers: 1, stop: '0s', services });
	const client = await connect(ballast.port);
	const ask = async (request: string) => {
		client.send(request);
		return client.answer();
	};
	assert.equal((await ask(get('/warm'))).status, 200);
	upstream.on('/dies', () => upstream.close());
	const location = (await ask(post('/dies', 'x', ASYNC))).field('location') as string;
	const job = await eventually(
		async () => (await ask(get(location))).json<View>(),
		({ state }) => state !== 'waiting' && state !== 'running',
	);
	assert.equal(new Set(upstream.requests.map(({ connection }) => connection)).size, 1);
	assert.equal(job.attempts, 1);
	client.destroy();
});

test('a full disk: 503, nothing half-stored, and jobs again once there is room', async (t) => {
	using disk = mountSmallDisk(16 * 1024);
	if (disk === null) return t.skip(NO_MOUNT);
	await using upstream = await startUpstream();
	const services = { app: { instances: [upstream.url], offload: true } };
	await using ballast = await startBallast({ workers: 1, stop: '0s', store: disk.path, services });
	const ask = async (request: string) => {
		const client = await connect(ballast.port);
		client.send(request);
		const answer = await client.answer();
		client.destroy();
		return answer;
	};
	assert.equal((await ask(post('/a', 'x', ASYNC))).status, 202);
	disk.fill(100_000);
	assert.equal((await ask(post('/a', 'x'.repeat(2_000_000), ASYNC))).status, 503);
	const bodies = join(disk.path, 'jobs', 'bodies');
	await eventually(
		() => readdirSync(bodies),
		(files) => files.length === 0,
	);
	disk.free();
	await eventually(
		() => ask(post('/a', 'x'.repeat(2_000_000), ASYNC)),
		({ status }) => status === 202,
	);
	await eventually(
		() => upstream.count('/a'),
		(count) => count === 2,
		10_000,
	);
});

describe('where jobs cannot be kept', () => {
	const it = suite(({ url }) => ({ store: './taken/store', services: { app: { instances: [url], offload: true } } }), {
		files: { taken: 'a file where a folder should be' },
	});

	test('requests go on, those that are to be jobs get 503, and it is told', async () => {
		assert.equal((await it.ask(post('/a', 'x'))).status, 200);
		for (const size of [1, 300_000]) {
			const answer = await it.ask(post('/a', 'x'.repeat(size), ASYNC));
			assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [503, 'jobs_unavailable']);
			assert.match(answer.field('retry-after') ?? '', /^\d+$/);
		}
		assert.equal((await it.ask(get(`/jobs/${'A'.repeat(22)}`))).status, 503);
		await it.ballast.printed(/jobs +error: the jobs thread failed: .*cannot be used/);
		assert.equal(it.upstream.count('/a'), 1);
	});
});
