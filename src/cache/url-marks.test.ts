import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UrlMarks } from './url-marks.ts';

test('all who share them know when a URL was changed', () => {
	const buffer = UrlMarks.create();
	const [one, other] = [new UrlMarks(buffer), new UrlMarks(buffer)];
	const now = Date.UTC(2026, 10, 28);
	// Hashes are of 32 bits, with a sign.
	for (const hash of [0, 7, -1, 0x7f_ff_ff_ff, -0x80_00_00_00 + 5]) {
		assert.equal(other.lastMs(hash), 0);
		one.mark(hash, now);
		one.mark(hash, now + 1);
		assert.equal(other.lastMs(hash), now + 1);
		one.mark(hash, 0);
	}
	one.mark(7, now);
	assert.deepEqual([other.lastMs(8), other.lastMs(-8)], [0, 0]);
});
