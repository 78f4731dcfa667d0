import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FamilyAnswer } from './lookup.ts';
import { merge, nextLookupMs } from './merge.ts';

const found = (...addresses: string[]): FamilyAnswer => ({ addresses, ttlMs: null, failed: null });
const failed: FamilyAnswer = { addresses: [], ttlMs: null, failed: 'no answer' };

test('what is found replaces what was known, in both families', () => {
	const merged = merge({ v4: ['1', '2'], v6: ['a'] }, { v4: found('2', '3'), v6: found() });
	assert.deepEqual(merged, { known: { v4: ['2', '3'], v6: [] }, failed: null });
});

test('a family that could not be asked keeps its addresses, and that is said', () => {
	const merged = merge({ v4: ['1'], v6: ['a'] }, { v4: found('2'), v6: failed });
	assert.deepEqual(merged, { known: { v4: ['2'], v6: ['a'] }, failed: 'no answer' });
});

test('AAAA that is never answered is no failure where there never was one', () => {
	assert.deepEqual(merge({ v4: ['1'], v6: [] }, { v4: found('1'), v6: failed }).failed, null);
});

test('no address at all keeps the last good ones', () => {
	const known = { v4: ['1'], v6: ['a'] };
	assert.deepEqual(merge(known, { v4: found(), v6: found() }), { known, failed: 'the name has no addresses' });
	assert.deepEqual(merge(known, { v4: failed, v6: failed }), { known, failed: 'no answer' });
});

test('the next look-up: the interval, not before the TTL, sooner after a failure', () => {
	assert.equal(nextLookupMs(5000, 0, null), 5000);
	assert.equal(nextLookupMs(5000, 0, 1000), 5000);
	assert.equal(nextLookupMs(5000, 0, 60_000), 60_000);
	assert.equal(nextLookupMs(5000, 0, 86_400_000), 300_000);
	assert.deepEqual(
		[1, 2, 3, 9].map((failures) => nextLookupMs(5000, failures, 60_000)),
		[250, 500, 1000, 5000],
	);
});
