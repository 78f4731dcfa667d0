import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newJobId } from './job-id.ts';

test('names are of the form, each another, and later ones stand behind', () => {
	const ids = Array.from({ length: 5000 }, () => newJobId(1_795_867_200_000));
	// A command line takes what begins with `-` for options.
	for (const id of ids) assert.match(id, /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
	assert.equal(new Set(ids).size, 5000);
	assert.equal(new Set(ids.map((id) => id.slice(0, 8))).size, 1);
	const times = [0, 1, 63, 64, 1_795_867_200_000, 1_795_867_200_001, 4_102_444_800_000];
	const later = times.map((ms) => newJobId(ms).slice(0, 8));
	assert.deepEqual(later.toSorted(), later);
	assert.equal(new Set(later).size, times.length);
});

test('what is random is: each letter comes at each place', () => {
	const ids = Array.from({ length: 5000 }, () => newJobId(0).slice(8));
	for (let at = 0; at < 14; at++) assert.equal(new Set(ids.map((id) => id.charAt(at))).size, 64);
});
