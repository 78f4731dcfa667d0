import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { freePorts } from '../support/free-ports.ts';
import { Load } from '../support/load.ts';
import { connect, type RawClient } from '../support/raw-client.ts';
import { type Echo, type RawUpstream, startUpstream } from '../support/raw-upstream.ts';
import { eventually, get, post, statusOf } from '../support/suite.ts';

const UPGRADE = ['Connection: Upgrade', 'Upgrade: echo'];

describe('reload', () => {
	let upstream: RawUpstream;
	let ballast: Ballast;
	let port = 0;
	let more = 0;

	const config = (changes: Record<string, unknown> = {}) => ({
		listen: port,
		workers: 2,
		stop: '0s',
		services: { app: { instances: [upstream.url], routes: { '/fixed': { respond: 'one' } } } },
		...changes,
	});
	before(async () => {
		upstream = await startUpstream();
		upstream.onHead('/tunnel', async (_, peer) => {
			peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
			for (;;) peer.send(await peer.readTo('\n', 60_000));
		});
		[port, more] = (await freePorts(2)) as [number, number];
		ballast = await startBallast(config());
	});
	after(async () => {
		await ballast?.stop();
		await upstream?.close();
		assert.doesNotMatch(ballast.output(), /worker \d+: |worker \d+ (?:failed|ended)/);
	});

	const reload = async (changes: Record<string, unknown> = {}): Promise<void> => {
		ballast.configure(config(changes));
		await ballast.control('reload');
	};
	const ask = async (request: string, to = port) => {
		const client = await connect(to);
		client.send(request);
		return client.answer().finally(() => client.destroy());
	};
	async function tunnel(): Promise<RawClient> {
		const client = await connect(port);
		client.send(get('/tunnel', ...UPGRADE));
		assert.equal((await client.answer()).status, 101);
		return client;
	}
	const echoes = async (client: RawClient): Promise<void> => {
		client.send('ping\n');
		assert.equal(await client.readTo('\n'), 'ping\n');
	};

	test('routes come, change and go under load without a failed request; counts stay', async () => {
		const load = new Load({
			port,
			clients: 8,
			fresh: 4,
			request: (i) => (i % 2 === 0 ? get('/x') : post('/x', 'body')),
		});
		const before = (await statusOf(ballast)).services[0]?.counts.requests ?? 0;
		for (let i = 0; i < 10; i++) {
			const routes = { '/fixed': { respond: `number ${i}` }, [`/new-${i}`]: { respond: 'new' } };
			await reload({ services: { app: { instances: [upstream.url], routes } } });
			assert.equal((await ask(get('/fixed'))).text, `number ${i}`);
			assert.equal((await ask(get(`/new-${i}`))).text, 'new');
			if (i > 0) assert.notEqual((await ask(get(`/new-${i - 1}`))).text, 'new');
		}
		await load.stop();
		assert.deepEqual(load.failures, []);
		assert.ok(load.answered > 100);
		const { counts } = (await statusOf(ballast)).services[0] ?? {};
		assert.ok((counts?.requests ?? 0) >= before + load.answered, 'the counts went on');
		assert.equal(counts?.failed, 0);
	});

	test('what did not change keeps its connections to the instances', async () => {
		await ask(get('/kept'));
		const connection = upstream.requests.at(-1)?.connection;
		await reload({ services: { app: { instances: [upstream.url], headers: { request: { set: { 'x-new': '1' } } } } } });
		const used = new Set<number | undefined>();
		for (let i = 0; i < 10; i++) {
			const echo = (await ask(get('/kept'))).json<Echo>();
			assert.ok(echo.lines.includes('x-new: 1'));
			used.add(echo.connection);
		}
		assert.ok(used.has(connection), 'the connection that was there is used again');
		await reload();
	});

	test('a bad file changes nothing, is told with all that is wrong, and status warns until it is good again', async () => {
		const bad = config({ workers: 'many', services: { app: { instances: [upstream.url], timeots: {} } } });
		ballast.configure(bad);
		await assert.rejects(ballast.control('reload'), (error: Error) => {
			assert.match(error.message, /workers[\s\S]*timeots/);
			assert.match(error.message, /did you mean.*timeouts/);
			return true;
		});
		assert.match((await statusOf(ballast)).warnings.join(), /refused[\s\S]*workers[\s\S]*timeots/);
		assert.equal((await ask(get('/fixed'))).text, 'one');
		writeFileSync(join(ballast.folder, 'ballast.yaml'), 'services: [not: a: map');
		await assert.rejects(ballast.control('reload'));
		assert.equal((await ask(get('/x'))).status, 200);
		await reload();
		assert.deepEqual((await statusOf(ballast)).warnings, []);
	});

	test('one that only fails when it is carried out changes nothing either', async () => {
		const [taken] = (await freePorts(1)) as [number];
		const holder = await startUpstream(taken);
		ballast.configure(config({ listen: [port, taken], services: { app: { instances: [upstream.url], routes: {} } } }));
		await assert.rejects(ballast.control('reload'), /in use/);
		assert.equal((await ask(get('/fixed'))).text, 'one');
		assert.equal((await statusOf(ballast)).listeners.length, 1);
		await holder.close();
		await reload();
	});

	test('listeners come and go; what was accepted on them is served to its end', async () => {
		const old = await tunnel();
		await reload({ listen: [port, more] });
		assert.equal((await ask(get('/x'), more)).status, 200);
		const kept = await connect(more);
		kept.send(get('/x'));
		assert.equal((await kept.answer()).status, 200);
		await reload({ listen: [port] });
		await assert.rejects(connect(more));
		kept.send(get('/x'));
		assert.equal((await kept.answer()).status, 200);
		kept.destroy();
		await echoes(old);
		old.destroy();
	});

	test('1 → 3 → 2 workers under load, with open tunnels: nothing fails, nothing closes', async () => {
		const tunnels = await Promise.all(Array.from({ length: 12 }, tunnel));
		const load = new Load({
			port,
			clients: 12,
			fresh: 6,
			request: (i) => (i % 2 === 0 ? get('/x') : post('/x', 'body')),
		});
		for (const workers of [1, 3, 2]) {
			await reload({ workers, services: { app: { instances: [upstream.url], timeouts: { request: `${workers}m` } } } });
			await sleep(300);
			const ready = (await statusOf(ballast)).workers.filter(({ state }) => state === 'ready');
			assert.equal(ready.length, workers);
			for (const client of tunnels) await echoes(client);
		}
		await load.stop();
		assert.deepEqual(load.failures, []);
		for (const client of tunnels) client.destroy();
		await eventually(
			async () => (await statusOf(ballast)).workers.length,
			(count) => count === 2,
		);
		await reload();
	});

	test('a service that goes leaves 404, one that comes is served once it is ready', async () => {
		await reload({ services: { app: { match: '/app/*', instances: [upstream.url] } } });
		assert.equal((await ask(get('/x'))).status, 404);
		assert.equal((await ask(get('/app/x'))).status, 200);
		await reload();
		await eventually(
			async () => (await ask(get('/x'))).status,
			(status) => status === 200,
		);
	});

	test('SIGHUP reloads', async () => {
		ballast.configure(
			config({ services: { app: { instances: [upstream.url], routes: { '/fixed': { respond: 'by signal' } } } } }),
		);
		process.kill(ballast.pid, 'SIGHUP');
		await eventually(
			async () => (await ask(get('/fixed'))).text,
			(text) => text === 'by signal',
		);
	});
});

test('--watch takes up each change by itself, and says what is wrong with a bad one', async () => {
	const upstream = await startUpstream();
	const config = (text: string) => ({
		stop: '0s',
		workers: 1,
		services: { app: { instances: [upstream.url], routes: { '/': { respond: text } } } },
	});
	const ballast = await startBallast(config('one'), { args: ['--watch'] });
	try {
		const text = async () => (await fetch(ballast.url)).text();
		assert.equal(await text(), 'one');
		ballast.configure(config('two'));
		await eventually(text, (found) => found === 'two');
		ballast.configure('services: 7');
		await ballast.printed('the configuration was refused');
		assert.equal(await text(), 'two');
		ballast.configure(config('three'));
		await eventually(text, (found) => found === 'three');
	} finally {
		await ballast.stop();
		await upstream.close();
	}
	assert.equal(existsSync(ballast.folder), false);
});
