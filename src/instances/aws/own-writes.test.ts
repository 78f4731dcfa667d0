import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnWrites } from './own-writes.ts';

test('a size that was written counts until AWS shows it, or for 30 s', () => {
	let now = 0;
	const writes = new OwnWrites(() => now);
	assert.equal(writes.sizeOf(3), 3);
	writes.wroteSize(5, 3);
	writes.wroteSize(6, 5);
	assert.equal(writes.sizeOf(3), 6, 'older than both');
	assert.equal(writes.sizeOf(5), 6);
	assert.equal(writes.sizeOf(6), 6);
	assert.equal(writes.sizeOf(5), 5, 'another hand, after ours was seen');
	writes.wroteSize(8, 5);
	assert.equal(writes.sizeOf(4), 4, 'a size that was never stale is the truth');
	writes.wroteSize(8, 4);
	now = 30_001;
	assert.equal(writes.sizeOf(4), 4);
});

test('ended instances are known until they are gone from the group', () => {
	let now = 0;
	const writes = new OwnWrites(() => now);
	writes.ended('i-1');
	writes.shown(new Set());
	assert.ok(writes.hasEnded('i-1'), 'a look that lies behind may show it again');
	now = 40_000;
	writes.shown(new Set(['i-1']));
	assert.ok(writes.hasEnded('i-1'));
	writes.shown(new Set());
	assert.ok(!writes.hasEnded('i-1'));
});
