import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Load } from '../support/load.ts';
import { connect } from '../support/raw-client.ts';
import { type RolloutSuite, rolloutSuite } from '../support/rollouts.ts';
import { eventually, get, post } from '../support/suite.ts';

const begun = (it: RolloutSuite) => eventually(it.service, ({ rollout }) => rollout?.phase === 'judging', 10_000);

/** What the one instance of the new version was asked, by its own count. */
async function hitsOf(it: RolloutSuite, name: string): Promise<{ hits: number; copies: number }> {
	for (const { port } of (await it.service()).instances) {
		const client = await connect(port);
		client.send(get('/hits'));
		const said = (await client.answer().finally(() => client.destroy())).json<{
			name: string;
			hits: number;
			copies: number;
		}>();
		if (said.name === name) return said;
	}
	return { hits: -1, copies: -1 };
}

for (const [by, mark, others] of [
	['header:X-Canary', 'X-Canary: 1', ['X-Canary: 0', 'X-Canary: off', 'X-Canaries: 1', 'Cookie: x-canary=1']],
	['cookie:canary', 'Cookie: a=b; canary=yes', ['Cookie: canary=0', 'Cookie: a=canary', 'canary: yes']],
] as const)
	describe(`by ${by}`, () => {
		const it = rolloutSuite({ by, requests: 60 });
		let load: Load | null = null;
		afterEach(async () => {
			await load?.stop();
			load = null;
		});

		test('requests with the mark go to the new version, all others never; then it takes all', async () => {
			it.configure('two');
			const deployed = it.deploy();
			const { rollout, pools } = await begun(it);
			assert.equal(rollout?.steps, 1);
			assert.equal(pools.find(({ name }) => name === 'next')?.share, 0);
			for (let i = 0; i < 20; i++) {
				assert.match((await it.ask(get('/x', mark)))[1], /^two /);
				assert.match((await it.ask(post('/x', 'body', mark)))[1], /^two /);
				for (const other of others) assert.match((await it.ask(get('/x', other)))[1], /^one /);
			}
			load = new Load({
				port: it.ballast.port,
				clients: 4,
				request: (i) => (i % 2 === 0 ? get('/x', mark) : get('/x')),
			});
			const { outcome, text } = await deployed;
			await load.stop();
			assert.deepEqual([outcome, load.failures], ['promoted', []], text);
			await it.settled('two');
		});

		test('a bad one is rolled back, and only marked requests had to do with it', async () => {
			it.configure('bad fail=4');
			const deployed = it.deploy();
			await begun(it);
			const marked = new Load({
				port: it.ballast.port,
				clients: 2,
				request: () => get('/x', mark),
				statuses: [200, 500],
			});
			load = new Load({ port: it.ballast.port, clients: 2, request: () => get('/x') });
			const { outcome, text } = await deployed;
			await Promise.all([marked.stop(), load.stop()]);
			assert.equal(outcome, 'rolled_back');
			assert.match(
				text,
				/^app: rolled back in step 1 of 1 \(requests with .*canary\): \d+ % of \d+ requests to the new version failed/,
			);
			assert.deepEqual(load.failures, []);
			assert.ok([...load.byBody.keys()].every((body) => body.startsWith('two ')));
			await it.settled('two');
		});
	});

describe('copies first', () => {
	const it = rolloutSuite({ mirror: '50%', steps: ['50%'], requests: 60 });
	let load: Load | null = null;
	const loaded = (): Load => {
		const request = (i: number) => (i % 3 === 0 ? post('/x', 'body') : get('/x', 'X-Ballast-Mirror: 1'));
		return (load = new Load({ port: it.ballast.port, clients: 6, request }));
	};
	afterEach(async () => {
		await load?.stop();
		load = null;
	});

	test('a bad one is rolled back before it had a request of its own; no client saw anything of it', async () => {
		const loading = loaded();
		it.configure('bad fail=10');
		const { outcome, text } = await it.deploy();
		await loading.stop();
		assert.equal(outcome, 'rolled_back');
		assert.match(
			text,
			/^app: rolled back before it had a request: [\d.]+ % of \d+ requests to the new version failed, 0 % of \d+ to the old one; 0 of \d+ requests went to it$/m,
		);
		assert.deepEqual(loading.failures, []);
		assert.ok([...loading.byBody.keys()].every((body) => body.startsWith('one ')));
		await it.settled('one');
	});

	test('a good one gets only copies of GET, marked as such, then its share; clients cannot mark theirs', async () => {
		it.configure('two', {
			deploy: { mirror: '50%', steps: ['50%'], every: '300ms', requests: 100, latency: 'off' },
		});
		const deployed = it.deploy();
		await begun(it);
		for (let i = 0; i < 40; i++) {
			await it.ask(get('/x', 'X-Ballast-Mirror: 1'));
			await it.ask(post('/x', 'body'));
		}
		const { hits, copies } = await eventually(
			() => hitsOf(it, 'two'),
			(seen) => seen.hits >= 15,
		);
		assert.equal(copies, hits, 'none but copies');
		assert.ok(hits <= 25, `${hits} of 40 GETs`);
		const old = await hitsOf(it, 'one');
		assert.equal(old.copies, 0, "a client's own mark is taken away");
		loaded();
		const { outcome, text } = await deployed;
		await load?.stop();
		assert.deepEqual([outcome, load?.failures], ['promoted', []], text);
		await it.settled('two');
	});

	test('a new version that hangs costs the clients nothing: copies are bounded', async () => {
		const loading = loaded();
		it.configure('slow slow=20000');
		const deployed = it.deploy();
		await begun(it);
		const before = loading.answered;
		await eventually(
			() => loading.answered - before,
			(count) => count > 500,
			10_000,
		);
		const { instances } = await it.service();
		const slow = instances.filter(({ id }) => id.startsWith('app-') && instances.length > 2);
		const most = Math.max(...slow.map(({ inFlight }) => inFlight));
		assert.ok(most > 20 && most <= 128, `${most} in flight`);
		assert.ok(loading.slowest < 5000, `${loading.slowest} ms`);
		await it.deploy({ order: 'abort' });
		await deployed;
		await loading.stop();
		assert.deepEqual(loading.failures, []);
		await it.settled('two');
	});
});
