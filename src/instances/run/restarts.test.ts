import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AfterEnd, afterEnd, jittered, NO_ENDS } from './restarts.ts';

function ends(times: number[], readyMs: number | null = null): AfterEnd[] {
	let history = NO_ENDS;
	return times.map((now) => {
		const after = afterEnd(history, now, readyMs);
		history = after.history;
		return after;
	});
}

test('at once first, then 0.5 s doubling to 30 s', () => {
	const delays = ends([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]).map((after) => after.delayMs);
	assert.deepEqual(delays, [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test('60 s of health start it anew, less does not', () => {
	const { history } = ends([0, 1, 2])[2] as AfterEnd;
	assert.equal(afterEnd(history, 100_000, 60_000).delayMs, 0);
	assert.equal(afterEnd(history, 100_000, 59_999).delayMs, 2000);
});

test('five ends within 60 s are a crash loop, reported once', () => {
	assert.deepEqual(
		ends([0, 10, 20, 30, 40, 50]).map((after) => after.crashLoop),
		[false, false, false, false, true, false],
	);
	assert.ok(ends([0, 20_000, 40_000, 60_000, 80_000, 100_000]).every((after) => !after.crashLoop));
});

test('jitter is a tenth and never passes 30 s', () => {
	assert.equal(jittered(1000, 0), 900);
	assert.equal(jittered(1000, 0.5), 1000);
	assert.equal(jittered(30_000, 1), 30_000);
	assert.equal(jittered(0, 1), 0);
});
