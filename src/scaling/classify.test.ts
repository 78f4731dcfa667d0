import assert from 'node:assert/strict';
import test from 'node:test';
import { classify, type InstanceValue, type ScaledInstance } from './classify.ts';

const CPU = { cpu: true, warmUpMs: 10_000 };

function one(state: ScaledInstance['state'], value?: InstanceValue, readySinceMs: number | null = 0, options = CPU) {
	const values = new Map(value === undefined ? [] : [['a', value]]);
	const { sum, counted, missing, ignored } = classify([{ id: 'a', state, readySinceMs }], values, options);
	if (counted === 1) return sum;
	return missing === 1 ? 'missing' : ignored === 1 ? 'ignored' : 'skipped';
}

test("the HPA's classes", () => {
	const value = { value: 0.5, atMs: 60_000 };
	assert.equal(one('leaving', value), 'skipped');
	assert.equal(one('failed', value), 'skipped');
	assert.equal(one('pending', value), 'ignored');
	assert.equal(one('ready'), 'missing');
	assert.equal(one('unready'), 'missing');
	assert.equal(one('ready', { value: Number.NaN, atMs: 60_000 }), 'missing');
	assert.equal(one('ready', value), 0.5);
});

test('CPU of what is not ready, or measured before it was warm, says nothing', () => {
	assert.equal(one('unready', { value: 0.5, atMs: 60_000 }), 'ignored');
	assert.equal(one('ready', { value: 0.5, atMs: 60_000 }, null), 'ignored');
	assert.equal(one('ready', { value: 0.5, atMs: 59_999 }, 50_000), 'ignored');
	assert.equal(one('ready', { value: 0.5, atMs: 60_000 }, 50_000), 0.5);
	const memory = { cpu: false, warmUpMs: 10_000 };
	assert.equal(one('ready', { value: 0.5, atMs: 51_000 }, 50_000, memory), 0.5);
	assert.equal(one('unready', { value: 0.5, atMs: 51_000 }, null, memory), 0.5);
});

test('sums and counts', () => {
	const states = ['ready', 'ready', 'ready', 'pending', 'unready', 'leaving', 'failed'] as const;
	const instances = states.map((state, at) => ({ id: `i${at}`, state, readySinceMs: state === 'ready' ? 0 : null }));
	const values = new Map(instances.slice(1).map(({ id }, at) => [id, { value: at + 1, atMs: 60_000 }]));
	assert.deepEqual(classify(instances, values, CPU), { sum: 3, counted: 2, missing: 1, ignored: 2 });
});
