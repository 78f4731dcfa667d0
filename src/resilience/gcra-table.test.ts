import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { gcraScale } from './gcra-scale.ts';
import { GcraTable } from './gcra-table.ts';
import type { RateLimiterOptions } from './rate-limiter.ts';

const OPTIONS: RateLimiterOptions = { count: 100, perMs: 1000, burst: 5, entries: 64, full: 'refuse' };
const table = (options: Partial<RateLimiterOptions> = {}) => {
	const all = { ...OPTIONS, ...options };
	return new GcraTable(GcraTable.memory(all.entries), all);
};
const admitted = (one: GcraTable, nowMs: number, tries = 20, a = 7) =>
	Array.from({ length: tries }, () => one.take(a, 9, nowMs)).filter((wait) => wait === 0).length;

test('a burst at once, then one each interval, then a burst again after a rest', () => {
	const one = table();
	assert.equal(admitted(one, 1000), 5);
	assert.equal(admitted(one, 1009.9), 0);
	assert.equal(admitted(one, 1010.1), 1);
	assert.equal(admitted(one, 1035.1), 2);
	assert.equal(admitted(one, 2000), 5);
	assert.equal(one.refused, 4 * 20 + 20 - (5 + 0 + 1 + 2 + 5));
});

test('the wait is the time until one is admitted, no longer and no shorter', () => {
	const one = table();
	admitted(one, 1000);
	const wait = one.take(7, 9, 1003);
	assert.ok(Math.abs(wait - 7) < 0.05, `${wait}`);
	assert.ok(one.take(7, 9, 1003 + wait - 0.05) > 0);
	assert.equal(one.take(7, 9, 1003 + wait + 0.05), 0);
});

test('keys do not touch one another, 0 as a fingerprint included', () => {
	const one = table({ entries: 1024 });
	for (let a = -3; a < 4; a++) assert.equal(admitted(one, 1000, 20, a === 1 ? 99 : a), 5, `${a}`);
});

test('what was put back can be taken again, and never more than that', () => {
	const one = table();
	assert.equal(admitted(one, 1000), 5);
	one.give(7, 9, 1000);
	one.give(7, 9, 1000);
	assert.equal(admitted(one, 1000), 2);
	one.give(7, 9, 5000);
	one.give(8, 9, 5000);
	assert.equal(admitted(one, 5000), 5);
});

interface Step {
	key: number;
	/** Ticks that pass before. */
	passes: number;
	giveBack: boolean;
}

/** GCRA as its textbooks say it, in ticks that never wrap. */
class Reference {
	readonly #tats = new Map<number, number>();
	readonly #interval: number;
	readonly #burst: number;

	constructor({ intervalTicks, burstTicks }: { intervalTicks: number; burstTicks: number }) {
		this.#interval = intervalTicks;
		this.#burst = burstTicks;
	}

	take(key: number, now: number): number {
		const next = Math.max(this.#tats.get(key) ?? 0, now) + this.#interval;
		if (next - now > this.#burst) return next - now - this.#burst;
		this.#tats.set(key, next);
		return 0;
	}

	give(key: number): void {
		this.#tats.set(key, (this.#tats.get(key) as number) - this.#interval);
	}
}

const limits = fc.record({
	count: fc.integer({ min: 1, max: 1_000_000 }),
	perMs: fc.constantFrom(1000, 60_000, 3_600_000),
	burst: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 1_000_000 })),
});
// Six keys always find room in a window of eight.
const steps = fc.array(
	fc.record({
		key: fc.integer({ min: 0, max: 5 }),
		passes: fc.oneof(
			{ weight: 5, arbitrary: fc.integer({ min: 0, max: 2000 }) },
			{ weight: 2, arbitrary: fc.integer({ min: 0, max: 2 ** 28 }) },
			{ weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 33 }) },
		),
		giveBack: fc.boolean(),
	}),
	{ minLength: 1, maxLength: 200 },
);

test('property: the same verdicts and waits as a plain GCRA, over wraps of the clock too', () => {
	fc.assert(
		fc.property(limits, steps, fc.integer({ min: 0, max: 2 ** 33 }), (limit, all: Step[], begin) => {
			const scale = gcraScale(limit.count, limit.perMs, limit.burst);
			const one = table({ ...limit, entries: 64 });
			const reference = new Reference(scale);
			// In the middle of a tick, where no rounding can move it into another.
			const ms = (ticks: number) => (ticks + 0.5) / scale.ticksPerMs;
			let now = begin;
			for (const { key, passes, giveBack } of all) {
				for (let rest = passes; rest > 0; rest -= 2 ** 30) {
					now += Math.min(rest, 2 ** 30);
					if (passes > 2 ** 29) one.sweep(ms(now), 0, 64);
				}
				// From 1 on: a hash of 0 is taken for 1, which would make one key of two.
				const wait = Math.round(one.take(key + 1, key * 0x10000000, ms(now)) * scale.ticksPerMs);
				assert.equal(wait, reference.take(key, now));
				if (wait > 0 || !giveBack) continue;
				one.give(key + 1, key * 0x10000000, ms(now));
				reference.give(key);
			}
		}),
		{ numRuns: 300 },
	);
});

test('property: no window of time sees more than the burst and the rate', () => {
	const gaps = fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { minLength: 50, maxLength: 300 });
	fc.assert(
		fc.property(gaps, fc.integer({ min: 1, max: 20 }), (all, burst) => {
			const one = table({ burst });
			const times: number[] = [];
			let now = 500;
			for (const gap of all) if (one.take(1, 2, (now += gap)) === 0) times.push(now);
			for (let from = 0; from < times.length; from++)
				for (let to = from; to < times.length; to++)
					assert.ok(to - from + 1 <= burst + ((times[to] as number) - (times[from] as number)) / 10 + 0.01);
		}),
		{ numRuns: 50 },
	);
});

test('ticks: exact rates, room for a burst, half an hour at least until they come round', () => {
	const numbers = fc.tuple(
		fc.integer({ min: 1, max: 1_000_000 }),
		fc.integer({ min: 1000, max: 86_400_000 }),
		fc.integer({ min: 1, max: 1_000_000 }),
	);
	fc.assert(
		fc.property(numbers, ([count, perMs, burst]) => {
			const { ticksPerMs, intervalTicks, burstTicks } = gcraScale(count, perMs, burst);
			assert.ok(Number.isInteger(intervalTicks) && intervalTicks >= 1);
			assert.ok(burstTicks + intervalTicks <= 2 ** 28, `${burstTicks}`);
			assert.ok(Math.abs(intervalTicks / ticksPerMs / (perMs / count) - 1) < 1e-12);
			assert.ok(2 ** 31 / ticksPerMs >= 30 * 60_000);
		}),
	);
	assert.equal(gcraScale(100, 1000, 100).intervalTicks, 1024);
	assert.equal(gcraScale(1_000_000, 1000, 1).intervalTicks, 1);
});

test('an entry that is never swept lies ahead again in the last eighth of the round; swept it does not', () => {
	const { ticksPerMs } = gcraScale(OPTIONS.count, OPTIONS.perMs, OPTIONS.burst);
	const at = (ticks: number) => 1000 + ticks / ticksPerMs;
	const [swept, left, early] = [table(), table(), table()];
	for (const one of [swept, left, early]) assert.equal(admitted(one, 1000), 5);
	for (let share = 0.1; share < 1; share += 0.1) swept.sweep(at(share * 2 ** 32), 0, 64);
	assert.equal(admitted(early, at(2 ** 32 - 2 ** 30)), 5);
	assert.equal(admitted(left, at(2 ** 32)), 0);
	assert.equal(admitted(swept, at(2 ** 32)), 5);
});

test('a sweep takes nothing away from who is limited, and goes over its part only', () => {
	const one = table();
	assert.equal(admitted(one, 1000), 5);
	one.sweep(1001, 0, 64);
	assert.equal(admitted(one, 1001), 0);
	const { ticksPerMs } = gcraScale(OPTIONS.count, OPTIONS.perMs, OPTIONS.burst);
	const part = table();
	part.take(7, 0, 1000);
	part.take(7, 0x80000000, 1000);
	for (let share = 0.1; share < 1; share += 0.1) part.sweep(1000 + (share * 2 ** 32) / ticksPerMs, 0, 32);
	const round = 1000 + 2 ** 32 / ticksPerMs;
	assert.equal(part.used(round), 1);
});

for (const full of ['admit', 'refuse'] as const) {
	test(`a ninth key in a window of eight: ${full}, counted`, () => {
		const one = table({ full });
		const before = GcraTable.memory(64);
		assert.equal(before.byteLength, (16 + 128) * 4);
		// The last entry: its window goes on at the first.
		const b = 0xffffffff;
		for (let a = 1; a <= 8; a++) assert.equal(one.take(a, b, 1000 + a), 0);
		assert.deepEqual([one.used(1008), one.entries, one.full], [8, 64, 0]);
		const wait = one.take(9, b, 1008);
		if (full === 'admit') assert.equal(wait, 0);
		else assert.ok(Math.abs(wait - 3) < 0.05, `until the first of them is over: ${wait}`);
		assert.deepEqual([one.full, one.refused], [1, full === 'admit' ? 0 : 1]);
		one.give(9, b, 1008);
		// Those that are known go on, and what is over makes room.
		assert.equal(one.take(8, b, 1008), 0);
		assert.equal(one.take(9, b, 1011.1), 0);
		assert.equal(one.full, 1);
	});
}
