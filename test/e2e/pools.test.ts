import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../support/free-ports.ts';
import { type Echo, type RawUpstream, startUpstream } from '../support/raw-upstream.ts';
import { eventually, get, inFlight, post, statusOf, suite } from '../support/suite.ts';

/** Connections that carried a request, so not those of probes. */
const used = (upstream: RawUpstream): number => new Set(upstream.requests.map(({ connection }) => connection)).size;

describe('connections to an instance', () => {
	const it = suite(({ url }) => ({
		services: {
			app: { instances: [url], upstream: { idle: '600ms' }, health: { interval: '1h' } },
			two: {
				match: '/two/*',
				instances: [url],
				upstream: { connections: 2 },
				timeouts: { connect: '400ms' },
				health: { interval: '1h' },
			},
		},
	}));

	test('are used again and again: 50 requests of 10 clients need one', async () => {
		const before = used(it.upstream);
		for (let i = 0; i < 10; i++) {
			const client = await it.client();
			for (let j = 0; j < 5; j++) {
				client.send(j % 2 === 0 ? get('/') : post('/', 'body'));
				assert.equal((await client.answer()).status, 200);
			}
		}
		assert.equal(used(it.upstream) - before, 1);
	});

	test('are closed when nobody has used them for the idle limit', async () => {
		await it.ask(get('/idle'));
		const index = it.upstream.requests.at(-1)?.connection ?? -1;
		const peer = it.upstream.peers[index];
		const started = performance.now();
		await peer?.until(() => peer.ended, 'FIN');
		const idle = performance.now() - started;
		assert.ok(idle > 550 && idle < 10_000, `closed after ${idle.toFixed(0)} ms`);
	});

	test('are bounded; who finds none free waits for one', async () => {
		let open = 0;
		let most = 0;
		it.upstream.on('/two/slow', async (_, peer) => {
			most = Math.max(most, ++open);
			await sleep(50);
			open--;
			peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
		});
		const clients = await Promise.all(Array.from({ length: 12 }, () => it.client()));
		for (const client of clients) client.send(get('/two/slow'));
		const answers = await Promise.all(clients.map((client) => client.answer()));
		assert.deepEqual(
			answers.map(({ text }) => text),
			Array(12).fill('ok'),
		);
		assert.equal(most, 2);
	});

	test('who waits for one too long gets 503, who leaves meanwhile leaves nothing', async () => {
		let release = (): void => {};
		const released = new Promise<void>((resolve) => (release = resolve));
		it.upstream.on('/two/held', async (_, peer) => {
			await released;
			peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
		});
		const holders = await Promise.all([it.client(), it.client()]);
		for (const client of holders) client.send(get('/two/held'));
		await eventually(
			() => it.upstream.count('/two/held'),
			(count) => count === 2,
		);
		const leaving = await it.client();
		leaving.send(get('/two/held'));
		await eventually(
			() => inFlight(it.ballast),
			(count) => count === 3,
		);
		leaving.reset();
		const started = performance.now();
		const answer = await it.ask(get('/two/held'));
		const waited = performance.now() - started;
		assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [503, 'connection_limit']);
		assert.equal(answer.field('retry-after'), '1');
		assert.ok(waited > 370 && waited < 5000, `${waited.toFixed(0)} ms`);
		assert.equal(await inFlight(it.ballast), 2);
		release();
		for (const client of holders) assert.equal((await client.answer()).text, 'ok');
		assert.equal(it.upstream.count('/two/held'), 2);
		assert.equal(await inFlight(it.ballast), 0);
	});

	test('that close after each answer without a word are no error of a GET, and no POST comes twice', async () => {
		it.upstream.on('/closes', (_, peer) => peer.finish('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
		const clients = await Promise.all(Array.from({ length: 4 }, () => it.client()));
		await Promise.all(
			clients.map(async (client) => {
				for (let i = 0; i < 25; i++) {
					client.send(get('/closes'));
					assert.equal((await client.answer()).status, 200);
				}
			}),
		);
	});

	test('that close after 50 idle ms are no error of a GET; a POST never comes twice', async () => {
		for (const path of ['/brief', '/posted']) {
			it.upstream.on(path, (_, peer) => {
				peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
				const { requests } = it.upstream;
				const { length } = requests;
				setTimeout(() => {
					if (requests.length === length) peer.reset();
				}, 50);
			});
		}
		const client = await it.client();
		let posted = 0;
		for (let i = 0; i < 30; i++) {
			// About as long as the instance keeps them, so that both meet on the way now and then.
			await sleep(47 + (i % 7));
			client.send(get('/brief'));
			assert.equal((await client.answer()).status, 200);
			await sleep(47 + (i % 5));
			client.send(post('/posted', String(i)));
			const { status } = await client.answer();
			if (status === 200) posted++;
			else assert.equal(status, 502);
		}
		const bodies = it.upstream.requests.filter(({ path }) => path === '/posted').map(({ body }) => String(body));
		assert.equal(new Set(bodies).size, bodies.length, 'a POST came twice');
		assert.ok(bodies.length >= posted && posted > 5, `${posted} of 30 were answered`);
	});
});

describe('several instances', () => {
	let other: RawUpstream;
	let dead = 0;
	before(async () => {
		other = await startUpstream();
		[dead] = (await freePorts(1)) as [number];
	});
	after(() => other.close());
	const it = suite(
		({ url }) => ({
			// Instances fail on purpose here, several times in a row.
			defaults: { outliers: 'off' },
			services: {
				app: {
					instances: [url, other.url],
					balance: 'round-robin',
					health: { interval: '300ms', timeout: '200ms', unhealthyAfter: 1 },
					// It fails for some paths on purpose.
					outliers: 'off',
				},
				narrow: {
					match: '/narrow/*',
					instances: [other.url],
					upstream: { connections: 1 },
					health: { interval: '1h' },
				},
				stuck: {
					match: '/stuck/*',
					instances: [`http://127.0.0.1:${dead}`],
					health: { interval: '200ms', unhealthyAfter: 1 },
				},
			},
		}),
		{ ready: false },
	);

	test('one that closes before it answers: a GET goes to the other, a POST does not', async () => {
		await eventually(
			() => it.ask(get('/')),
			({ status }) => status === 200,
		);
		for (const upstream of [it.upstream, other]) upstream.name = upstream === other ? 'other' : 'one';
		it.upstream.on('/fails', (_, peer) => peer.reset());
		it.upstream.on('/posted', (_, peer) => peer.reset());
		for (let i = 0; i < 6; i++) {
			const answer = await it.ask(get('/fails'));
			assert.equal(answer.json<Echo>().name, 'other');
		}
		const statuses = [];
		for (let i = 0; i < 6; i++) statuses.push((await it.ask(post('/posted', String(i)))).status);
		assert.deepEqual(statuses.sort(), [200, 200, 200, 502, 502, 502]);
		const bodies = [...it.upstream.requests, ...other.requests]
			.filter(({ path }) => path === '/posted')
			.map(({ body }) => String(body));
		assert.equal(new Set(bodies).size, bodies.length, 'a POST came twice');
	});

	test('no instance ready: 503 with Retry-After at once', async () => {
		const started = performance.now();
		const answer = await it.ask(get('/stuck/x'));
		assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [503, 'no_ready_instance']);
		assert.equal(answer.field('retry-after'), '1');
		assert.ok(performance.now() - started < 5000, 'it would be held for 10 s');
	});

	test('one that refuses connections: any method goes to the other, and soon it is not tried any more', async () => {
		const { port } = other;
		await other.close();
		const started = performance.now();
		const refused = await Promise.all(Array.from({ length: 5 }, () => it.ask(get('/narrow/x'))));
		// The first failure has it probed at once: who comes behind that may find no ready instance.
		for (const answer of refused)
			assert.match(answer.json<{ code: string }>().code, /^(connect_refused|no_ready_instance)$/);
		assert.ok(performance.now() - started < 1000, 'those that wait for a connection learn at once that there is none');
		const statuses: number[] = [];
		for (let i = 0; i < 10; i++) {
			statuses.push((await it.ask(get('/'))).status, (await it.ask(post('/', 'x'.repeat(50_000)))).status);
		}
		assert.deepEqual(statuses, Array(20).fill(200));
		const ready = async () => (await statusOf(it.ballast)).services[0]?.ready;
		await eventually(ready, (count) => count === 1);
		other = await startUpstream(port);
		await eventually(ready, (count) => count === 2);
		for (let i = 0; i < 4; i++) assert.equal((await it.ask(get('/back'))).status, 200);
		assert.equal(other.count('/back'), 2);
	});
});
