import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysOf, keysUnder } from './purge-key.ts';
import { PurgeTables } from './purge-tables.ts';
import type { SharedPurge } from './purge-times.ts';

const KEYS = [
	'hexample.com/a',
	'hexample.com/a?x=1',
	'hexample.com/a?y=2&x=1',
	'hexample.com/a?x=1&y=2&z=3',
	'hexample.com/a/b',
	'sexample.com/a',
	'hother.com/a',
	'h*/a',
	'h*/a?x=1',
	'hexample.com/a \0\0\0\x01rest of the key',
	'hexample.com/',
	'hexample.com:8080/a?',
	"hexample.com/it's?x='",
	'hexample.com/it%27s?x=%27',
];
const tables = (): PurgeTables => new PurgeTables(PurgeTables.create());
const purgedBy = (purge: SharedPurge): string[] => {
	const own = tables();
	own.mark(purge, 1000, false);
	return KEYS.filter((key) => own.isPurged(Buffer.from(key, 'latin1'), [], 1000));
};

test('URLs mean the same keys here as in memory', () => {
	const urls = [
		'http://example.com/a',
		'https://example.com/a?x=1',
		'http://example.com/a?x=1&y=2',
		'http://example.com/a?q=1&w=2&e=3&r=4&t=5',
		'http://example.com:8080/a?',
		'http://nobody.com/',
		"http://example.com/it's?x='",
	];
	for (const url of urls) {
		const meant = KEYS.filter((key) => keysOf([url])(Buffer.from(key, 'latin1')));
		const purged = purgedBy({ urls: [url] });
		// With very many parameters it may be more, never less.
		if (url.includes('r=4'))
			assert.deepEqual(
				purged.filter((key) => meant.includes(key)),
				meant,
			);
		else assert.deepEqual(purged, meant, url);
	}
});

test('prefixes mean the same keys here as in memory', () => {
	for (const prefix of [
		'example.com',
		'http://EXAMPLE.com/a',
		'example.com/a/',
		'example.com/a?x',
		'com',
		'example.com/',
		"example.com/it's",
	])
		assert.deepEqual(
			purgedBy({ prefixes: [prefix] }),
			KEYS.filter((key) => keysUnder([prefix])(Buffer.from(key, 'latin1'))),
			prefix,
		);
});

test('everything, tags, and a URL that was changed', () => {
	assert.deepEqual(purgedBy({ everything: true }), KEYS);
	assert.deepEqual(purgedBy({ changed: ['hexample.com/a'] }), ['hexample.com/a', KEYS[9]]);
	const own = tables();
	own.mark({ tags: ['één', 'b'] }, 1000, false);
	const key = Buffer.from('hexample.com/a');
	assert.ok(own.isPurged(key, ['a', 'één'], 1000));
	assert.ok(!own.isPurged(key, ['a', 'c'], 1000));
	assert.ok(!own.isPurged(key, ['één'], 1001), 'what was asked for later holds');
});

test('a later purge holds, whatever order they come in', () => {
	const own = tables();
	own.mark({ tags: ['a'] }, 2000, false);
	own.mark({ tags: ['a'] }, 1000, false);
	own.mark({ everything: true }, 500, false);
	own.mark({ everything: true }, 400, false);
	const key = Buffer.from('hexample.com/a');
	assert.ok(own.isPurged(key, ['a'], 1500));
	assert.ok(own.isPurged(key, [], 450));
	assert.ok(!own.isPurged(key, [], 501));
});

test('a soft purge makes stale what was asked for before it, and ends nothing', () => {
	const own = tables();
	const key = Buffer.from('hexample.com/a');
	for (const purge of [{ urls: ['http://example.com/a'] }, { tags: ['a'] }, { everything: true }] as const) {
		const before = own.staleFromMs(key, ['a'], 0);
		own.mark(purge, before + 1000, true);
		assert.equal(own.staleFromMs(key, ['a'], before + 1000), before + 1000);
		assert.equal(own.staleFromMs(key, ['a'], before + 1001), 0, 'asked for later');
		assert.ok(!own.isPurged(key, ['a'], 1));
	}
});

test('what is hostile is purged, or means nothing', () => {
	const own = tables();
	own.mark({ urls: ['', 'no url', 'http://'], prefixes: [] } as SharedPurge, 1000, false);
	own.mark({ prefixes: ['', 'é'.repeat(10_000)] }, 1000, false);
	assert.ok(own.isPurged(Buffer.from('hexample.com/a'), [], 1000), 'the empty prefix is of all');
});
