import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { createCache } from './create-cache.ts';

/** A promise and what ends it. */
function gate<T>() {
	return Promise.withResolvers<T>();
}

test('a value is loaded once, and every caller gets a copy of its own', async () => {
	const cache = await createCache();
	let loads = 0;
	const load = () => ({ n: ++loads, at: new Date(0) });
	const [one, two] = await Promise.all([cache.cached('a', '1h', load), cache.cached('a', '1h', load)]);
	assert.deepEqual([one, two], Array(2).fill({ n: 1, at: '1970-01-01T00:00:00.000Z' }));
	assert.notEqual(one, two);
	one.n = 99;
	assert.equal((await cache.cached('a', '1h', load)).n, 1);
	assert.equal((await cache.cached('b', '1h', load)).n, 2);
	const { hits, misses, joined } = cache.counts().values;
	assert.deepEqual({ hits, misses, joined }, { hits: 2, misses: 2, joined: 1 });
	assert.match(cache.metrics(), /^app_cache_hits_total\{cache="app",of="values"\} 2$/m);
	await cache.close();
});

test('a value ends with its ttl', async () => {
	const cache = await createCache();
	let loads = 0;
	await cache.cached('a', '20ms', () => ++loads);
	const until = Date.now() + 30;
	while (Date.now() < until) await new Promise(setImmediate);
	assert.equal(await cache.cached('a', '20ms', () => ++loads), 2);
	await cache.close();
});

test('a failed load is told to all who waited, and nothing is kept', async () => {
	const cache = await createCache();
	const fault = new Error('no');
	const failing = gate<number>();
	const waiting = [1, 2, 3].map(() => cache.cached('a', '1h', () => failing.promise));
	failing.reject(fault);
	for (const { reason } of (await Promise.allSettled(waiting)) as PromiseRejectedResult[]) assert.equal(reason, fault);
	assert.equal(await cache.cached('a', '1h', () => 5), 5);
	await assert.rejects(
		cache.cached('u', '1h', () => undefined),
		/JSON cannot hold/,
	);
	await cache.close();
});

test('grace: a value past its end is given when the load fails, not without', async () => {
	const cache = await createCache();
	const no = () => Promise.reject(new Error('no'));
	for (const [key, grace] of [
		['with', '1h'],
		['without', '0s'],
	] as const) {
		await cache.cached(key, { ttl: '5ms', grace }, () => 1);
	}
	const until = Date.now() + 15;
	while (Date.now() < until) await new Promise(setImmediate);
	for (let times = 0; times < 3; times++) {
		assert.equal(await cache.cached('with', { ttl: '5ms', grace: '1h' }, no), 1);
	}
	await assert.rejects(cache.cached('without', { ttl: '5ms' }, no), /no/);
	assert.equal(cache.counts().values.stale, 3);
	assert.equal(await cache.cached('with', { ttl: '1h', grace: '1h' }, () => 2), 2);
	await cache.close();
});

test('grace: who waits longer than `timeout` gets the value of before; the load goes on', async () => {
	const cache = await createCache({ grace: '1h', timeout: '20ms' });
	await cache.cached('a', '5ms', () => 'old');
	const until = Date.now() + 15;
	while (Date.now() < until) await new Promise(setImmediate);
	const slow = gate<string>();
	assert.equal(await cache.cached('a', '1h', () => slow.promise), 'old');
	slow.resolve('new');
	let now = 'old';
	while (now === 'old') now = await cache.cached('a', '1h', () => 'never');
	assert.equal(now, 'new');
	await cache.close();
});

test('tags: all values with one are forgotten, others stay', async () => {
	const cache = await createCache();
	let loads = 0;
	const get = (key: string, tags: string[]) => cache.cached(key, { ttl: '1h', tags }, () => ++loads);
	await get('a', ['x', 'y']);
	await get('b', ['y']);
	await cache.invalidate('x');
	assert.deepEqual([await get('a', ['x', 'y']), await get('b', ['y'])], [3, 2]);
	await cache.close();
});

test('a load that began before an invalidation does not outlive it', async () => {
	const cache = await createCache();
	for (const forget of [() => cache.invalidate('films'), () => cache.delete('a')]) {
		const slow = gate<string>();
		const before = cache.cached('a', { ttl: '1h', tags: ['films'] }, () => slow.promise);
		await new Promise(setImmediate);
		await forget();
		const after = cache.cached('a', { ttl: '1h', tags: ['films'] }, () => 'new');
		slow.resolve('old');
		assert.equal(await before, 'old');
		assert.equal(await after, 'new');
		let now = '';
		for (let times = 0; times < 3; times++) {
			now = await cache.cached('a', { ttl: '1h', tags: ['films'] }, () => 'newer');
		}
		assert.match(now, /^newe?r?$/);
		await cache.delete('a');
	}
	await cache.close();
});

test('a load that asks for its own value fails instead of waiting for ever', async () => {
	const cache = await createCache();
	const nested = () => cache.cached('b', '1h', () => cache.cached('a', '1h', () => 1));
	await assert.rejects(cache.cached('a', '1h', nested), /asks for the value that it is to bring/);
	assert.equal(await cache.cached('a', '1h', () => cache.cached('b', '1h', () => 2)), 2);
	// What a load left behind may ask for it later.
	let later: () => Promise<number> = () => Promise.reject(new Error('not loaded'));
	await cache.cached('c', '1ms', () => {
		later = AsyncLocalStorage.bind(() => cache.cached('c', '1h', () => 3));
		return 0;
	});
	const slow = gate<number>();
	await cache.delete('c');
	const other = cache.cached('c', '1h', () => slow.promise);
	const both = Promise.all([other, later()]);
	slow.resolve(4);
	assert.deepEqual(await both, [4, 4]);
	await cache.close();
});

test('memory is bounded', async () => {
	const cache = await createCache({ memory: '1MiB' });
	const text = 'x'.repeat(10_000);
	let loads = 0;
	for (let key = 0; key < 300; key++) await cache.cached(`${key}`, '1h', () => text + ++loads);
	await cache.cached('0', '1h', () => text + ++loads);
	assert.equal(loads, 301);
	await cache.close();
});

test('what is not accepted is refused, with what was meant', async () => {
	await assert.rejects(createCache({ memroy: '1MiB' } as never), /memroy: not an option; did you mean `memory`\?/);
	await assert.rejects(createCache({ memory: '1KiB' }), /memory: expected a size from 1MiB/);
	await assert.rejects(createCache({ name: 'A b' }), /name: expected/);
	await assert.rejects(createCache({ redis: 'http://user:secret@host' }), ({ message }) => !/secret/.test(message));
	const cache = await createCache();
	assert.throws(() => cache.cached('a', '5', () => 1), /ttl: expected a duration/);
	assert.throws(() => cache.cached('a', { ttl: '5s', tag: [] } as never, () => 1), /did you mean `tags`/);
	assert.throws(() => cache.cached('', '5s', () => 1), /key: expected/);
	await cache.close();
});
