/** The response cache of the real program with two workers, in front of an origin that does what each test says. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startBallast } from '../support/ballast.ts';
import { connect, type RawClient } from '../support/raw-client.ts';
import { type ReceivedRequest, startUpstream } from '../support/raw-upstream.ts';
import { connections, eventually, get, type Suite, statusOf, suite } from '../support/suite.ts';

const FRESH = 'Cache-Control: max-age=600';
const CLIENTS = 40;

/** A whole answer of 200. */
const ok = (text: string, ...lines: string[]): string =>
	`HTTP/1.1 200 OK\r\n${[...lines, `Content-Length: ${text.length}`].join('\r\n')}\r\n\r\n${text}`;

interface Held {
	request: ReceivedRequest;
	peer: RawClient;
}

/** Requests for the path wait until the test answers them. */
function hold({ upstream }: Pick<Suite, 'upstream'>, path: string): { asked: Held[]; first(): Promise<Held> } {
	const asked: Held[] = [];
	upstream.on(path, (request, peer) => {
		asked.push({ request, peer });
	});
	return {
		asked,
		first: async () =>
			(
				await eventually(
					() => asked,
					(all) => all.length > 0,
				)
			)[0] as Held,
	};
}

const clients = (it: Suite, count: number): Promise<RawClient[]> =>
	Promise.all(Array.from({ length: count }, () => it.client()));

/** What was sent before has been looked at by both workers: each has answered others since. Who is later still finds what is stored. */
async function settled(it: Suite): Promise<void> {
	for (let round = 0; round < 4; round++)
		for (const client of await clients(it, 4)) {
			client.send(get('/nothing', 'Cache-Control: only-if-cached'));
			assert.equal((await client.answer()).status, 504);
		}
}

describe('requests for one key', () => {
	const it = suite(({ url }) => ({
		workers: 2,
		services: {
			app: {
				instances: [url],
				cache: {},
				retry: { attempts: 1 },
				routes: {
					'GET /small/*': { cache: { body: '1KiB' } },
					'GET /again/*': { retry: { attempts: 2 } },
				},
			},
		},
	}));

	test('many clients on a cold key: one request to the origin', async () => {
		const held = hold(it, '/cold');
		const all = await clients(it, CLIENTS);
		all[0]?.send(get('/cold'));
		const { peer } = await held.first();
		for (const client of all.slice(1)) client.send(get('/cold'));
		await settled(it);
		peer.send('HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: 10\r\n\r\nhello');
		peer.send('world');
		const answers = await Promise.all(all.map((client) => client.answer()));
		assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set(['helloworld']));
		assert.equal(held.asked.length, 1);
		const { workers } = await statusOf(it.ballast);
		assert.ok(workers.every(({ connections }) => connections > 0));
	});

	test('many clients on a key that expires: one request to the origin', async () => {
		it.upstream.on('/hot', ok('old', FRESH, 'Age: 599', 'ETag: "1"'));
		await it.ask(get('/hot'));
		const held = hold(it, '/hot');
		const first = await it.client();
		while (held.asked.length === 0) {
			first.send(get('/hot'));
			await eventually(
				() => held.asked.length > 0 || first.received.length > first.at,
				(done) => done,
			);
			if (held.asked.length === 0) assert.equal((await first.answer()).text, 'old');
		}
		const all = await clients(it, CLIENTS);
		for (const client of all) client.send(get('/hot'));
		await settled(it);
		const { request, peer } = held.asked[0] as Held;
		assert.equal(request.field('if-none-match'), '"1"');
		peer.send(ok('new', FRESH, 'ETag: "2"'));
		for (const client of [first, ...all]) assert.equal((await client.answer()).text, 'new');
		assert.equal(held.asked.length, 1);
	});

	test('while it is fetched anew behind their backs, all get the stale one at once', async () => {
		const stale = 'Cache-Control: max-age=0, stale-while-revalidate=600';
		it.upstream.on('/behind', ok('old', stale));
		await it.ask(get('/behind'));
		const held = hold(it, '/behind');
		const all = await clients(it, CLIENTS);
		for (const client of all) client.send(get('/behind'));
		for (const client of all) assert.equal((await client.answer()).text, 'old');
		const { peer } = await held.first();
		assert.equal(held.asked.length, 1);
		peer.send(ok('new', FRESH));
		await eventually(
			async () => (await it.ask(get('/behind'))).text,
			(text) => text === 'new',
		);
		assert.equal(held.asked.length, 1);
	});

	test('one who is slow to take what was stored for him harms no one after him', async () => {
		const large = 'x'.repeat(24 * 1024 * 1024);
		it.upstream.on('/slow', ok(large, FRESH));
		const slow = await it.client({ paused: true });
		slow.send(get('/slow'));
		await eventually(
			async () => (await it.ask(get('/slow', 'Cache-Control: only-if-cached', 'Range: bytes=0-0'))).status,
			(status) => status === 206,
		);
		// Some at the worker that asked for the slow one.
		const helds = Array.from({ length: 12 }, (_, index) => hold(it, `/after/${index}`));
		const others = await clients(it, helds.length);
		for (const [index, client] of others.entries()) client.send(get(`/after/${index}`));
		const asked = await Promise.all(helds.map((held) => held.first()));
		slow.socket.resume();
		assert.equal((await slow.answer()).text.length, large.length);
		for (const { peer } of asked) peer.send(ok('after', FRESH));
		for (const client of others) assert.equal((await client.answer()).text, 'after');
	});

	test('a leader that leaves harms no one', async () => {
		const held = hold(it, '/leaver');
		const leader = await it.client();
		leader.send(get('/leaver'));
		const { peer } = await held.first();
		const others = await clients(it, 8);
		for (const client of others) client.send(get('/leaver'));
		await settled(it);
		leader.destroy();
		peer.send(ok('whole', FRESH));
		for (const client of others) assert.equal((await client.answer()).text, 'whole');
		assert.equal((await it.ask(get('/leaver'))).text, 'whole');
		assert.equal(held.asked.length, 1);
	});

	test('a leader that does not read holds up no one', async () => {
		const text = 'x'.repeat(4 * 1024 * 1024);
		it.upstream.on('/reader', ok(text, FRESH));
		const leader = await it.client({ paused: true });
		leader.send(get('/reader'));
		await eventually(
			() => it.upstream.count('/reader'),
			(count) => count === 1,
		);
		for (const client of await clients(it, 4)) {
			client.send(get('/reader'));
			assert.equal((await client.answer()).body.length, text.length);
		}
		leader.socket.resume();
		assert.equal((await leader.answer()).body.length, text.length);
		assert.equal(it.upstream.count('/reader'), 1);
	});

	test('what one asked who left is asked again as it was', async () => {
		const held = hold(it, '/again/1');
		const leader = await it.client();
		leader.send(get('/again/1', 'X-Own: 1'));
		const { peer } = await held.first();
		const other = await it.client();
		other.send(get('/again/1'));
		await settled(it);
		const before = await connections(it.ballast);
		leader.destroy();
		await eventually(
			() => connections(it.ballast),
			(now) => now < before,
		);
		peer.destroy();
		const [, second] = await eventually(
			() => held.asked,
			({ length }) => length === 2,
		);
		assert.equal(second?.request.field('x-own'), '1');
		second?.peer.send(ok('whole', FRESH));
		assert.equal((await other.answer()).text, 'whole');
	});

	test('one that still reads what is stored takes nobody else away from his answer', async () => {
		const text = 'x'.repeat(4 * 1024 * 1024);
		it.upstream.on('/late', ok(text, FRESH));
		const leader = await it.client({ paused: true });
		leader.send(get('/late'));
		await eventually(
			() => it.upstream.count('/late'),
			(count) => count === 1,
		);
		assert.equal((await it.ask(get('/late'))).body.length, text.length);
		const all = await clients(it, 8);
		const held = all.map((_, at) => hold(it, `/late/${at}`));
		for (const [at, client] of all.entries()) client.send(get(`/late/${at}`));
		const asked = await Promise.all(held.map((one) => one.first()));
		leader.socket.resume();
		assert.equal((await leader.answer()).body.length, text.length);
		for (const { peer } of asked) peer.send(ok('own', FRESH));
		for (const client of all) assert.equal((await client.answer()).text, 'own');
	});

	test('one that asks for less than the whole leads no one', async () => {
		for (const [index, line] of ['HEAD', 'Range: bytes=0-0', 'If-Match: "x"'].entries()) {
			const path = `/less/${index}`;
			const held = hold(it, path);
			const one = await it.client();
			one.send(line === 'HEAD' ? get(path).replace('GET', 'HEAD') : get(path, line));
			await held.first();
			const other = await it.client();
			other.send(get(path));
			await eventually(
				() => held.asked.length,
				(count) => count === 2,
			);
			held.asked[1]?.peer.send(ok('whole', FRESH));
			assert.equal((await other.answer()).text, 'whole', line);
		}
	});

	test('parts of one version become the whole, of which the origin is not asked again', async () => {
		const text = '0123456789abcdefghij';
		it.upstream.on('/parts', (request, peer) => {
			const [, first = '0', last = '19'] = /=(\d+)-(\d+)/.exec(request.field('range') ?? '') ?? [];
			const part = text.slice(Number(first), Number(last) + 1);
			const lines = [FRESH, 'ETag: "1"', `Content-Range: bytes ${first}-${last}/20`, `Content-Length: ${part.length}`];
			peer.send(`HTTP/1.1 206 Partial Content\r\n${lines.join('\r\n')}\r\n\r\n${part}`);
		});
		for (const range of ['0-9', '15-19', '10-14']) {
			const part = await it.ask(get('/parts', `Range: bytes=${range}`));
			assert.equal(part.status, 206);
		}
		const whole = await eventually(
			() => it.ask(get('/parts', 'Cache-Control: only-if-cached')),
			({ status }) => status === 200,
		);
		assert.equal(whole.text, text);
		assert.equal(whole.field('content-range'), undefined);
		assert.equal(whole.field('content-length'), '20');
		const middle = await it.ask(get('/parts', 'Range: bytes=8-16'));
		assert.deepEqual([middle.status, middle.text], [206, '89abcdefg']);
		assert.equal(middle.field('content-range'), 'bytes 8-16/20');
		assert.equal(it.upstream.count('/parts'), 3);
	});

	test('one that has a copy gets 304, and those behind it the whole', async () => {
		const held = hold(it, '/copy');
		const leader = await it.client();
		leader.send(get('/copy', 'If-None-Match: "1"'));
		const { request, peer } = await held.first();
		const other = await it.client();
		other.send(get('/copy'));
		await settled(it);
		assert.equal(request.field('if-none-match'), undefined);
		peer.send(ok('whole', FRESH, 'ETag: "1"'));
		assert.equal((await leader.answer()).status, 304);
		assert.equal((await other.answer()).text, 'whole');
		assert.equal(held.asked.length, 1);
	});

	test('what proves not to be stored goes to each from the origin', async () => {
		let asked = 0;
		const held = hold(it, '/private');
		const all = await clients(it, 10);
		for (const client of all) client.send(get('/private'));
		const { peer } = await held.first();
		it.upstream.on('/private', (_, own) => own.send(ok(String(++asked), 'Cache-Control: private')));
		for (const each of held.asked) each.peer.send(ok(`first ${held.asked.indexOf(each)}`, 'Cache-Control: private'));
		assert.ok(!peer.closed);
		const texts = await Promise.all(all.map(async (client) => (await client.answer()).text));
		assert.equal(new Set(texts).size, all.length);
	});

	test('what is too long to be stored reaches all in full', async () => {
		const text = 'y'.repeat(300_000);
		const head = `HTTP/1.1 200 OK\r\n${FRESH}\r\nTransfer-Encoding: chunked\r\n\r\n`;
		it.upstream.on('/small/chunks', (_, peer) =>
			peer.send(`${head}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`),
		);
		it.upstream.on('/small/length', ok(text, FRESH));
		for (const path of ['/small/chunks', '/small/length']) {
			const all = await clients(it, 6);
			for (const client of all) client.send(get(path));
			for (const client of all) assert.equal((await client.answer()).text, text, path);
			const before = it.upstream.count(path);
			await it.ask(get(path));
			assert.equal(it.upstream.count(path), before + 1);
		}
	});

	test('an answer that breaks off is cut for all who have part of it, and never stored', async () => {
		const part = 'z'.repeat(1000);
		for (const [path, framing] of [
			['/broken/length', 'Content-Length: 2000'],
			['/broken/chunks', 'Transfer-Encoding: chunked'],
		] as const) {
			const held = hold(it, path);
			const all = await clients(it, 4);
			for (const client of all) client.send(get(path));
			const { peer } = await held.first();
			const body = framing.startsWith('T') ? `3e8\r\n${part}\r\n` : part;
			peer.send(`HTTP/1.1 200 OK\r\n${FRESH}\r\n${framing}\r\n\r\n${body}`);
			const reader = await Promise.any(
				all.map(async (client) => {
					await client.until(() => client.bytes > 500, 'part of it');
					return client;
				}),
			);
			it.upstream.on(path, ok('whole', FRESH));
			peer.destroy();
			for (const client of all) {
				// Who had nothing of it yet may ask anew, or be told of the failure.
				const outcome = await client.answer().catch((error: unknown) => error as Error);
				assert.ok(outcome instanceof Error || outcome.text === 'whole' || outcome.status === 502, path);
			}
			assert.ok(reader.closed || reader.ended, path);
			assert.equal((await it.ask(get(path))).text, 'whole', path);
		}
	});
});

describe('policies', () => {
	const it = suite(({ url }) => ({
		workers: 2,
		services: {
			app: {
				instances: [url],
				cache: {},
				retry: { attempts: 1 },
				routes: {
					'GET /silent/*': { cache: { ttl: '60s', negativeTtl: '60s' } },
					'GET /override/*': { cache: { override: '60s' } },
					'GET /key/*': {
						cache: { key: { query: { except: ['utm_source'] }, headers: ['x-tenant'], cookies: ['currency'] } },
					},
					'GET /own/*': { cache: { key: { credential: 'header:authorization' } } },
					'GET /bypass/*': { cache: { bypass: ['cookie:session', 'query:preview=1'] } },
					'GET /error/*': { cache: { staleIfUnreachable: '1h' } },
					'GET /off/*': { cache: 'off' },
				},
			},
		},
	}));

	/** Whether the second is answered from what the first brought. */
	async function shares(
		path: string,
		pair: readonly [string, string],
		head = FRESH,
		status = '200 OK',
	): Promise<boolean> {
		let asked = 0;
		it.upstream.on(path, (_, peer) => {
			const text = String(++asked);
			peer.send(`HTTP/1.1 ${status}\r\n${head}\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
		});
		await it.ask(pair[0]);
		return (await it.ask(pair[1])).text === '1';
	}

	const twice = (target: string): [string, string] => [get(target), get(target)];

	test('lifetimes where the origin is silent, errors too, and where its word is broken', async () => {
		assert.ok(!(await shares('/plain', twice('/plain'), 'X: silent')));
		assert.ok(await shares('/silent/a', twice('/silent/a'), 'X: silent'));
		assert.ok(!(await shares('/silent/b', twice('/silent/b'), 'Cache-Control: max-age=0')));
		assert.ok(await shares('/silent/c', twice('/silent/c'), 'X: silent', '404 Not Found'));
		assert.ok(!(await shares('/silent/d', twice('/silent/d'), 'X: silent', '500 No')));
		assert.ok(await shares('/override/a', twice('/override/a'), 'Cache-Control: max-age=0'));
		assert.ok(!(await shares('/override/b', twice('/override/b'), 'Cache-Control: no-store')));
		assert.ok(!(await shares('/off/a', twice('/off/a'))));
	});

	test('what is part of the key, and what is not', async () => {
		const key = (target: string, lines: string[], otherTarget: string, others: string[]) =>
			[get(target, ...lines), get(otherTarget, ...others)] as const;
		assert.ok(await shares('/key/a', key('/key/a?x=1&utm_source=m', [], '/key/a?x=1', [])));
		assert.ok(!(await shares('/key/b', key('/key/b?x=1', [], '/key/b?x=2', []))));
		assert.ok(!(await shares('/key/c', key('/key/c', ['X-Tenant: 1'], '/key/c', ['X-Tenant: 2']))));
		assert.ok(!(await shares('/key/d', key('/key/d', ['X-Tenant: 1'], '/key/d', []))));
		assert.ok(!(await shares('/key/e', key('/key/e', ['Cookie: currency=EUR'], '/key/e', ['Cookie: currency=USD']))));
		const cookies = key('/key/f', ['Cookie: a=1; currency=EUR'], '/key/f', ['Cookie: currency=EUR; b=2']);
		assert.ok(await shares('/key/f', cookies));
		const [one, other] = [['Authorization: Bearer 1'], ['Authorization: Bearer 2']];
		assert.ok(await shares('/own/a', key('/own/a', one, '/own/a', one)));
		assert.ok(!(await shares('/own/b', key('/own/b', one, '/own/b', other))));
		assert.ok(!(await shares('/own/c', key('/own/c', one, '/own/c', []))));
	});

	test('requests that pass the cache by', async () => {
		const [cookie, query] = [get('/bypass/a', 'Cookie: session=1'), get('/bypass/b?preview=1')];
		assert.ok(!(await shares('/bypass/a', [cookie, get('/bypass/a')])));
		assert.ok(!(await shares('/bypass/d', [get('/bypass/d'), get('/bypass/d', 'Cookie: session=1')])));
		assert.ok(!(await shares('/bypass/b', [query, query])));
		assert.ok(await shares('/bypass/c', twice('/bypass/c?preview=0')));
	});

	test('only-if-cached takes what is stored or nothing', async () => {
		it.upstream.on('/only', ok('stored', FRESH));
		const only = get('/only', 'Cache-Control: only-if-cached');
		const answer = await it.ask(only);
		assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [504, 'not_cached']);
		assert.equal(it.upstream.count('/only'), 0);
		await it.ask(get('/only'));
		assert.equal((await it.ask(only)).text, 'stored');
		assert.equal(it.upstream.count('/only'), 1);
	});

	test('while the origin fails the stale one is given, as long as it may be', async () => {
		const failures = {
			status: 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n',
			garbage: 'HTTP/9.9\r\n\r\n',
		};
		for (const [name, failure] of Object.entries(failures))
			for (const [control, covers] of [
				['max-age=0, stale-if-error=600', true],
				['max-age=0, stale-if-error=600, must-revalidate', false],
				['max-age=0, stale-if-error=0', false],
			] as const) {
				const path = `/fails/${name}/${control.length}`;
				it.upstream.on(path, ok('stored', `Cache-Control: ${control}`, 'ETag: "1"'));
				await it.ask(get(path));
				it.upstream.on(path, failure);
				const answer = await it.ask(get(path));
				assert.equal(answer.text === 'stored', covers, `${name} ${control}`);
				if (covers) assert.match(answer.field('cache-status') ?? '', /detail=stale-if-error/);
				else assert.ok(answer.status >= 500);
			}
		it.upstream.on('/error/a', ok('stored', 'Cache-Control: max-age=0', 'ETag: "1"'));
		await it.ask(get('/error/a'));
		it.upstream.on('/error/a', (_, peer) => peer.destroy());
		assert.equal((await it.ask(get('/error/a'))).text, 'stored');
	});
});

describe('what is stored, and the lives of the program', () => {
	const config = (url: string, ttl: string) => ({
		workers: 2,
		stop: '0s',
		cache: { memory: '2MiB' },
		services: { app: { instances: [url], cache: { ttl }, retry: { attempts: 1 } } },
	});
	const it = suite(({ url }) => config(url, '60s'));

	test('a reload keeps it', async () => {
		it.upstream.on('/kept', ok('kept', FRESH));
		await it.ask(get('/kept'));
		it.ballast.configure({ listen: it.ballast.port, admin: it.ballast.adminPort, ...config(it.upstream.url, '70s') });
		await it.ballast.control('reload');
		for (const client of await clients(it, 8)) {
			client.send(get('/kept'));
			assert.match((await client.answer()).field('cache-status') ?? '', /hit/);
		}
		assert.equal(it.upstream.count('/kept'), 1);
	});

	test('more than there is memory for: the oldest goes, and all answers are right', async () => {
		const text = (index: number): string => String(index).padEnd(20_000, '.');
		const client = await it.client();
		for (let index = 0; index < 300; index++) {
			it.upstream.on(`/many/${index}`, ok(text(index), FRESH));
			client.send(get(`/many/${index}`));
			assert.equal((await client.answer()).text, text(index));
		}
		let hits = 0;
		for (let index = 299; index >= 0; index--) {
			client.send(get(`/many/${index}`));
			const answer = await client.answer();
			assert.equal(answer.text, text(index));
			if (answer.field('cache-status')?.includes('hit') === true) hits++;
		}
		assert.ok(hits > 0 && hits * 20_000 < 2 * 1024 * 1024, String(hits));
	});
});

test('a worker that ends in the middle of a fetch holds up no one', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-cache-'));
	const order = join(folder, 'end');
	const ender = join(folder, 'ender.mjs');
	// Ends the worker whose number is written there, in the middle of whatever it does.
	writeFileSync(
		ender,
		`import { readFileSync, rmSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';
const look = () => {
	try { if (readFileSync(${JSON.stringify(order)}, 'utf8') !== String(workerData.id)) return; } catch { return; }
	rmSync(${JSON.stringify(order)});
	process.exit(9);
};
if (!isMainThread && workerData?.board) setInterval(look, 10).unref();
`,
	);
	await using stack = new AsyncDisposableStack();
	stack.defer(() => rmSync(folder, { recursive: true, force: true }));
	const upstream = stack.use(await startUpstream());
	const services = { app: { instances: [upstream.url], cache: {}, retry: { attempts: 1 } } };
	const env = { NODE_OPTIONS: `--import=${ender}` };
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services }, { env }));
	const client = async (): Promise<RawClient> => {
		const made = await connect(ballast.port);
		stack.defer(() => made.destroy());
		return made;
	};
	const held = hold({ upstream }, '/dies');
	const leader = await client();
	leader.send(get('/dies'));
	await held.first();
	const { workers } = await statusOf(ballast);
	assert.equal(
		workers.reduce((sum, { connections }) => sum + connections, 0),
		1,
	);
	const leading = workers.findIndex(({ connections }) => connections === 1);
	const others = await eventually(
		async () => {
			const made = await client();
			made.send(get('/dies'));
			const other = (await statusOf(ballast)).workers[1 - leading]?.connections ?? 0;
			return other > 0 ? made : null;
		},
		(made) => made !== null,
	);
	assert.equal(held.asked.length, 1);
	writeFileSync(order, String(leading));
	await leader.until(() => leader.closed || leader.ended, 'the end of its worker');
	// Whoever followed asks for itself.
	const again = await eventually(
		() => held.asked,
		(asked) => asked.length > 1,
	);
	for (const { peer } of again) peer.send(ok('alive', FRESH));
	upstream.on('/dies', ok('alive', FRESH));
	assert.equal((await (others as RawClient).answer()).text, 'alive');
	await eventually(
		async () => {
			const asking = await client();
			asking.send(get('/dies'));
			return (await asking.answer()).field('cache-status') ?? '';
		},
		(status) => status.includes('hit'),
	);
});
