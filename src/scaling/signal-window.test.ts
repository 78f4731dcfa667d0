import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { SignalReading } from './samples.ts';
import { SignalWindow } from './signal-window.ts';
import { each } from './testing-policy.ts';

const WINDOWS = { windowMs: 30_000, panic: { windowMs: 6000 } };

function amountOf(reading: SignalReading['stable']): number | null {
	if (reading === null) return null;
	return 'sum' in reading ? reading.sum : reading.value;
}

test('the mean of both windows', () => {
	const window = new SignalWindow(WINDOWS);
	for (let second = 0; second < 60; second++) window.add(second * 1000, { value: second });
	const { stable, panic } = window.read(59_500);
	assert.deepEqual([amountOf(stable), amountOf(panic)], [44.5, 56.5]);
});

test('nothing is known before the first value and after a window without one', () => {
	const window = new SignalWindow(WINDOWS);
	assert.deepEqual(window.read(0), { stable: null, panic: null });
	window.add(1000, { value: 5 });
	window.add(2000, null);
	assert.deepEqual(window.read(6000), { stable: { value: 5 }, panic: { value: 5 } });
	assert.deepEqual(window.read(7000), { stable: { value: 5 }, panic: null });
	assert.deepEqual(window.read(31_000), { stable: null, panic: null });
	window.add(1_000_000, { value: 7 });
	assert.deepEqual(window.read(1_000_000), { stable: { value: 7 }, panic: { value: 7 } });
	assert.equal(new SignalWindow({ windowMs: 30_000, panic: null }).read(0).panic, null);
});

test('each: after a scale-out the same load is that of more instances at once', () => {
	const window = new SignalWindow(WINDOWS);
	for (let second = 0; second < 30; second++) window.add(second * 1000, each(1, 2));
	window.add(30_000, each(0.5, 4));
	assert.deepEqual(window.read(30_000).stable, { sum: 2, counted: 4, missing: 0, ignored: 0 });
});

test('each: those without a value are taken to be like the others, in the past', () => {
	const window = new SignalWindow(WINDOWS);
	for (let second = 0; second < 10; second++) window.add(second * 1000, each(0.5, 2, { missing: 2, ignored: 1 }));
	assert.deepEqual(window.read(9000).stable, { sum: 1, counted: 2, missing: 2, ignored: 1 });
	window.add(10_000, each(0.5, 4));
	assert.deepEqual(window.read(10_000).stable, { sum: 2, counted: 4, missing: 0, ignored: 0 });
});

test('each: a time with no instance at all is no load of 0', () => {
	const window = new SignalWindow(WINDOWS);
	for (let second = 0; second < 29; second++) window.add(second * 1000, each(0, 0));
	window.add(29_000, each(0.9, 1));
	assert.equal(amountOf(window.read(29_000).stable), 0.9);
});

test('a long window has buckets of several readings', () => {
	const window = new SignalWindow({ windowMs: 3_600_000, panic: { windowMs: 60_000 } });
	for (let second = 0; second < 7200; second++) window.add(second * 1000, { value: second });
	const { stable, panic } = window.read(7_199_000);
	assert.ok(Math.abs((amountOf(stable) ?? 0) - 5399.5) < 4);
	assert.ok(Math.abs((amountOf(panic) ?? 0) - 7169.5) < 4);
});

test('property: the same as all values of the window, reckoned anew', () => {
	const step = fc.tuple(
		fc.constantFrom(0, 1000, 1000, 1000, 3000, 45_000),
		fc.option(fc.integer({ min: 0, max: 1000 })),
	);
	fc.assert(
		fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
			const window = new SignalWindow(WINDOWS);
			const all: [number, number][] = [];
			let nowMs = 1_700_000_000_000;
			for (const [stepMs, value] of steps) {
				nowMs += stepMs;
				window.add(nowMs, value === null ? null : { value });
				if (value !== null) all.push([nowMs, value]);
				for (const [name, ms] of [
					['stable', 30_000],
					['panic', 6000],
				] as const) {
					const inside = all.filter(([atMs]) => atMs > nowMs - ms).map(([, one]) => one);
					const mean = inside.length === 0 ? null : inside.reduce((sum, one) => sum + one, 0) / inside.length;
					assert.equal(amountOf(window.read(nowMs)[name]), mean);
				}
			}
		}),
		{ numRuns: 300 },
	);
});
