import assert from 'node:assert/strict';
import test from 'node:test';
import type { Signal } from './policy.ts';
import type { SignalValue } from './samples.ts';
import { recommend, type TargetFacts } from './target.ts';
import { CPU, each, P95, REQUESTS } from './testing-policy.ts';

const FACTS = { out: { tolerance: 0.1 }, in: { tolerance: 0.1 }, added: 0, removed: 0, surge: false };
const PODS: Signal = { ...CPU, name: 'jobs', source: { from: 'in-flight' }, target: 10, unit: 'number' };

/** What is asked for of so many instances. */
function sizeOf(signal: Signal, value: SignalValue, before: number, facts: Partial<TargetFacts> = {}): number | null {
	return recommend(signal, value, { ...FACTS, before, ready: before, ...facts }).size;
}

test('each: in proportion, rounded up, unless within tolerance', () => {
	const cases: [mean: number, of: number, size: number][] = [
		[0.9, 4, 6],
		[0.6, 4, 4],
		[0.66, 10, 10],
		[0.67, 10, 12],
		[0.54, 10, 10],
		[0.53, 10, 9],
		[0.3, 6, 3],
		[0.31, 6, 4],
		[0, 6, 0],
		[1.2, 5, 10],
	];
	for (const [mean, of, size] of cases) assert.equal(sizeOf(CPU, each(mean, of), of), size, `${mean} of ${of}`);
});

test('each: CPU is a whole per cent, cut off, as the HPA has it', () => {
	// 66.9 % is 66 %, which is within 10 % of 60 %.
	assert.equal(sizeOf(CPU, each(0.669, 10), 10), 10);
	// 29 % is not 28 % because 0.29 × 100 is 28.999…
	assert.equal(sizeOf({ ...CPU, target: 0.29 }, each(0.29, 3), 3, { out: { tolerance: 0 }, in: { tolerance: 0 } }), 3);
	assert.equal(sizeOf({ ...PODS, target: 0.6 }, each(0.669, 10), 10), 12);
});

test('each: what is ignored counts as 0 before anything goes out', () => {
	// 3 at 90 % ask for 5; with one that only starts it is 2.7 of 4, 67 %: still over, 4 × 1.117 = 5.
	assert.equal(sizeOf(CPU, each(0.9, 3, { ignored: 1 }), 4), 5);
	// With three that start it is 45 %: the direction turns, nothing changes.
	assert.equal(sizeOf(CPU, each(0.9, 3, { ignored: 3 }), 6), 6);
	// 3.6 of 6 is the target.
	assert.equal(sizeOf(CPU, each(1.2, 3, { ignored: 3 }), 6), 6);
	// Before anything goes in it does not count at all.
	assert.equal(sizeOf(CPU, each(0.3, 4, { ignored: 1 }), 5), 2);
});

test('each: what is missing counts as 0 before going out and as whole before going in', () => {
	assert.equal(sizeOf(CPU, each(0.9, 3, { missing: 1 }), 4), 5);
	assert.equal(sizeOf(CPU, each(0.7, 3, { missing: 1 }), 4), 4);
	// 2 at 30 % and 1 taken for 100 %: 53 %, within 12 % …
	assert.equal(sizeOf(CPU, each(0.3, 2, { missing: 1 }), 3, { in: { tolerance: 0.12 } }), 3);
	// … 5 at 12 % and 1: 26 %, so 3 of 6.
	assert.equal(sizeOf(CPU, each(0.12, 5, { missing: 1 }), 6), 3);
	// Not CPU: taken for the target. 4 at 5 and 1 at 10 are 30, for 3.
	assert.equal(sizeOf(PODS, each(5, 4, { missing: 1 }), 5), 3);
	// At the target itself nothing is filled in.
	assert.equal(sizeOf(CPU, each(0.6, 3, { missing: 2 }), 5), 5);
});

test('each: no values is no recommendation', () => {
	assert.equal(sizeOf(CPU, each(0, 0), 0), null);
	assert.equal(sizeOf(CPU, { sum: 0, counted: 0, missing: 3, ignored: 1 }, 4), null);
	assert.equal(sizeOf(CPU, { sum: Number.NaN, counted: 1, missing: 0, ignored: 0 }, 1), null);
	assert.equal(sizeOf(REQUESTS, { value: Number.POSITIVE_INFINITY }, 1), null);
});

test('each: too much of few never asks for fewer than there are', () => {
	assert.equal(sizeOf(CPU, each(0.9, 4), 10), 10);
	assert.equal(sizeOf(CPU, each(0.3, 12), 4), 4);
});

test('total: the load over what one can do, also from none', () => {
	assert.equal(sizeOf(REQUESTS, { value: 450 }, 2), 5);
	assert.equal(sizeOf(REQUESTS, { value: 400 }, 4), 4);
	assert.equal(sizeOf(REQUESTS, { value: 440 }, 4), 4);
	assert.equal(sizeOf(REQUESTS, { value: 441 }, 4), 5);
	assert.equal(sizeOf(REQUESTS, { value: 359 }, 4), 4);
	assert.equal(sizeOf(REQUESTS, { value: 250 }, 4), 3);
	assert.equal(sizeOf(REQUESTS, { value: 1 }, 0), 1);
	assert.equal(sizeOf(REQUESTS, { value: 0 }, 0), 0);
	assert.equal(sizeOf(REQUESTS, { value: -5 }, 3), 0);
});

test('level: in proportion to those that are ready', () => {
	assert.equal(sizeOf(P95, { value: 0.45 }, 4), 6);
	assert.equal(sizeOf(P95, { value: 0.32 }, 4), 4);
	assert.equal(sizeOf(P95, { value: 0.15 }, 4), 2);
	assert.equal(sizeOf(P95, { value: 0.7 }, 0), 3);
	assert.equal(sizeOf(P95, { value: 0.7 }, 4, { ready: 0 }), null);
});

test('level: a change that does not show yet is not asked for twice', () => {
	// 4 → 8 was right for a latency twice the target; the window still shows that of four.
	assert.equal(sizeOf(P95, { value: 0.6 }, 8, { added: 4 }), 8);
	assert.equal(sizeOf(P95, { value: 0.9 }, 8, { added: 4 }), 12);
	assert.equal(sizeOf(P95, { value: 0.15 }, 4, { removed: 4 }), 4);
});

test('while a new version warms up its surplus asks for nothing', () => {
	// 12 in place of 10, and what each of them uses is no reason for more than one in eight.
	const memory: Signal = { ...CPU, name: 'memory', source: { from: 'memory' }, target: 0.8 };
	assert.equal(sizeOf(memory, each(0.9, 12), 10), 14);
	assert.equal(sizeOf(memory, each(0.9, 12), 10, { surge: true }), 12);
	assert.equal(sizeOf(memory, each(0.75, 12), 10), 10);
	assert.equal(sizeOf(P95, { value: 0.9 }, 4, { surge: true }), 4);
	assert.equal(sizeOf(P95, { value: 0.9 }, 4), 12);
});
