import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Breaker, CLOSED, calmed, closed, halfOpened, opened } from './breaker.ts';

const times = { baseMs: 30_000, mostMs: 300_000 };

test('each ejection takes the base once more than the one before, up to the longest', () => {
	let breaker: Breaker = CLOSED;
	const lengths: number[] = [];
	for (let round = 0, now = 1000; round < 12; round++) {
		breaker = opened(breaker, now, times);
		lengths.push((breaker.untilMs - now) / 1000);
		now = breaker.untilMs;
		breaker = halfOpened(breaker, now);
		assert.deepEqual([breaker.state, breaker.level], ['half-open', round + 1]);
	}
	assert.deepEqual(lengths, [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]);
});

test('good behaviour takes one step back for each base; nothing else does', () => {
	const bad = opened(opened(opened(CLOSED, 0, times), 0, times), 0, times);
	assert.equal(calmed(bad, 1_000_000, times).level, 3);
	assert.equal(calmed(halfOpened(bad, 0), 1_000_000, times).level, 3);
	const good = closed(bad, 100_000);
	assert.equal(calmed(good, 129_999, times), good);
	assert.equal(calmed(good, 130_000, times).level, 2);
	assert.equal(calmed(calmed(good, 159_000, times), 161_000, times).level, 1);
	assert.equal(calmed(good, 9_000_000, times).level, 0);
});

test('property: an ejection is never shorter than the base nor longer than the most, the level never below 0', () => {
	const step = fc.record({
		kind: fc.constantFrom('open', 'half', 'close', 'calm'),
		ms: fc.integer({ min: 0, max: 400_000 }),
	});
	fc.assert(
		fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
			let breaker: Breaker = CLOSED;
			let now = 0;
			for (const { kind, ms } of steps) {
				now += ms;
				if (kind === 'open') {
					breaker = opened(breaker, now, times);
					const length = breaker.untilMs - now;
					assert.ok(length >= times.baseMs && length <= times.mostMs);
				} else if (kind === 'half') breaker = halfOpened(breaker, now);
				else if (kind === 'close') breaker = closed(breaker, now);
				else breaker = calmed(breaker, now, times);
				assert.ok(breaker.level >= 0 && breaker.levelAt <= now);
			}
		}),
		{ seed: 7 },
	);
});
