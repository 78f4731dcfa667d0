import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Load } from '../support/load.ts';
import { rolloutSuite } from '../support/rollouts.ts';
import { eventually, get, post } from '../support/suite.ts';

/** Requests that this version answered, well or not. */
const answersOf = (load: Load, name: string): number =>
	[...load.byBody].reduce((sum, [text, count]) => (text.startsWith(`${name} `) ? sum + count : sum), 0);
const all = (load: Load): number => [...load.byBody.values()].reduce((sum, count) => sum + count, 0);

describe('a new version takes over step by step', () => {
	const it = rolloutSuite({ steps: ['5%', '50%'] });
	let load: Load | null = null;
	const loaded = (statuses = [200]): Load => {
		const request = (i: number) => (i % 4 === 0 ? post('/x', 'body') : get('/x'));
		return (load = new Load({ port: it.ballast.port, clients: 8, fresh: 2, request, statuses }));
	};
	afterEach(async () => {
		await load?.stop();
		load = null;
	});

	test('a good one: no request fails, the old instances are drained, and everything is said', async () => {
		const from = it.ballast.output().length;
		const loading = loaded();
		it.configure('two');
		const { outcome, text } = await it.deploy();
		await loading.stop();
		assert.deepEqual([outcome, loading.failures], ['promoted', []]);
		assert.match(text, /^app: promoted after \S+: \d+ requests, 0 % failed \(old: 0 %\), p95 .+$/);
		assert.ok(answersOf(loading, 'two') > 0 && answersOf(loading, 'one') > 0);
		await it.settled('two');
		const said = it.ballast.output().slice(from);
		for (const event of [
			'the new version `node versioned.js two` starts beside the old one',
			'step 1 of 2: 5 % of the requests go to the new version',
			/good: \d+ requests, .*; step 2 of 2: 50 % of the requests go to the new version/,
			'all requests go to the new version',
			'promoted after',
		])
			assert.ok(typeof event === 'string' ? said.includes(event) : event.test(said), `${event} in\n${said}`);
	});

	test('it is the service now: restart, scale, reload and another roll-out are about it', async () => {
		const { instances } = await it.service();
		assert.deepEqual(instances.map(({ id }) => id).sort(), ['app-next-1', 'app-next-2']);
		assert.deepEqual(await it.ballast.control('reload'), { changes: 'nothing changed' });
		await it.ballast.control('scale', { service: 'app', n: 3 });
		await eventually(it.service, ({ ready }) => ready === 3, 10_000);
		await it.ballast.control('restart', { service: 'app' });
		assert.equal((await it.service()).ready, 3);
		const loading = loaded();
		it.configure('three');
		assert.equal((await it.deploy()).outcome, 'promoted');
		await loading.stop();
		assert.deepEqual(loading.failures, []);
		const after = await it.service();
		assert.deepEqual(after.instances.map(({ id }) => id).sort(), ['app-1', 'app-2', 'app-3'], 'its size is kept');
		await it.ballast.control('scale', { service: 'app', n: 2 });
		await it.settled('three');
	});
});

describe('a version that is worse', () => {
	const it = rolloutSuite({ steps: ['1%', '50%'], requests: 200 });
	let load: Load | null = null;
	const loaded = (statuses = [200]): Load =>
		(load = new Load({ port: it.ballast.port, clients: 12, request: () => get('/x'), statuses }));
	afterEach(async () => {
		await load?.stop();
		load = null;
	});

	test('5 % of its answers are 500: rolled back by itself, having had at most 2 % of the requests', async () => {
		const loading = loaded([200, 500]);
		it.configure('bad fail=20');
		const { outcome, text } = await it.deploy();
		await loading.stop();
		assert.equal(outcome, 'rolled_back');
		const found =
			/^app: rolled back in step 1 of 2 \(1 % of the requests\): ([\d.]+) % of \d+ requests to the new version failed, 0 % of \d+ to the old one; (\d+) of (\d+) requests went to it$/m.exec(
				text,
			);
		assert.ok(found !== null, text);
		assert.match(text, /\nthe configuration file still says the new version: a reload would take it up/);
		const [touched, requests] = [answersOf(loading, 'bad'), all(loading)];
		assert.ok(touched > 0 && touched <= 0.02 * requests, `${touched} of ${requests}`);
		assert.deepEqual(loading.failures, []);
		await it.settled('one');
		assert.ok(it.ballast.output().includes('error: rolled back in step 1 of 2'));
	});

	test('its failures count although a retry hides them from the clients', async () => {
		const loading = loaded();
		it.configure('bad fail=20 status=503');
		const { outcome, text } = await it.deploy();
		await loading.stop();
		assert.equal(outcome, 'rolled_back');
		assert.match(text, /[\d.]+ % of \d+ requests to the new version failed/);
		assert.deepEqual(loading.failures, []);
		await it.settled('one');
	});

	test('it cannot start: rolled back with what it said, and no request went there', async () => {
		const loading = loaded();
		it.configure('bad crash=start');
		const { outcome, text } = await it.deploy();
		await loading.stop();
		assert.equal(outcome, 'rolled_back');
		assert.match(
			text,
			/^app: rolled back before it had a request: app-next-1 (?:ended|exited) with code 1: Error: this version cannot start; 0 of \d+ requests went to it$/m,
		);
		assert.deepEqual([loading.failures, answersOf(loading, 'bad')], [[], 0]);
		await it.settled('one');
	});

	test('it ends in the middle: rolled back at once; at most the requests that it had fail', async () => {
		const loading = loaded();
		it.configure('bad crash=30');
		const { outcome, text } = await it.deploy();
		await loading.stop();
		assert.equal(outcome, 'rolled_back');
		assert.match(text, /^app: rolled back in step 1 of 2 \(1 % of the requests\): app-next-1 \S+ with code 7/m);
		assert.deepEqual(loading.failures, [], 'a GET is sent again');
		await it.settled('one');
	});
});

describe('a version that is no worse', () => {
	// Five failed requests in a row would take the only new instance out for 30 s and more, whichever version it is.
	const it = rolloutSuite({ steps: ['25%'], errors: '5%' }, { outliers: 'off' });

	test('what always fails, and is retried wherever there is an instance left, is not held against it', async () => {
		const request = (i: number) => (i === 0 ? get('/broken') : get('/x'));
		const loading = new Load({ port: it.ballast.port, clients: 10, request, statuses: [200, 503] });
		it.configure('two');
		const { outcome, text } = await it.deploy();
		await loading.stop();
		assert.equal(outcome, 'promoted', text);
		assert.deepEqual(loading.failures, []);
		await it.settled('two');
	});
});

describe('a version that is slower', () => {
	const it = rolloutSuite({ steps: ['20%'], requests: 50, latency: 3 });

	test('is rolled back, and says how much', async () => {
		const loading = new Load({ port: it.ballast.port, clients: 8, request: () => get('/x') });
		it.configure('bad slow=300');
		const { outcome, text } = await it.deploy();
		await loading.stop();
		assert.equal(outcome, 'rolled_back');
		assert.match(text, /: its (?:median|p95) was \d+ ms over \d+ requests, [\d.]+ times the old one's [\d.]+ ms; /);
		assert.deepEqual(loading.failures, []);
		await it.settled('one');
	});
});
