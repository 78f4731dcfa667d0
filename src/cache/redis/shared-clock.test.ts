import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedClock } from './shared-clock.ts';

const clock = (): SharedClock => new SharedClock(SharedClock.create());

test('the time is known within what an answer took; others that agree make it more exact', () => {
	const own = clock();
	assert.ok(Number.isNaN(own.lowMs(0)));
	own.measured(1000, 0, 10);
	assert.deepEqual([own.lowMs(100), own.highMs(100)], [1090, 1100]);
	own.measured(2000, 1002, 1006);
	assert.deepEqual([own.lowMs(100), own.highMs(100)], [1094, 1098]);
	own.measured(3000, 1900, 2100);
	assert.deepEqual([own.lowMs(100), own.highMs(100)], [1094, 1098]);
});

test('a clock that was set holds from the next look on', () => {
	const own = clock();
	own.measured(1000, 0, 10);
	own.measured(3_600_000, 20, 40);
	assert.deepEqual([own.lowMs(40), own.highMs(40)], [3_600_000, 3_600_020]);
});

test('it is of use once the time and the first purge are known, and for as long as somebody listens', () => {
	const own = clock();
	own.measured(1000, 0, 10);
	own.heard(100);
	assert.equal(own.usable(100), false);
	own.floorMs = 5;
	assert.equal(own.usable(5099), true);
	assert.equal(own.usable(5100), false);
});
