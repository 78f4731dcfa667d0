import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decidePoll, type PolledJob } from './decide-poll.ts';
import type { PollPolicy } from './external-policy.ts';

const POLICY: PollPolicy = {
	steps: [
		{ untilMs: 120_000, everyMs: 10_000 },
		{ untilMs: 300_000, everyMs: 30_000 },
		{ untilMs: Number.MAX_SAFE_INTEGER, everyMs: 60_000 },
	],
	heardMs: 120_000,
};
const job = (id: string, sinceMs = 0, of: Partial<PolledJob> = {}): PolledJob => ({
	id,
	sinceMs,
	askedMs: null,
	wantedMs: null,
	...of,
});
const at = (nowMs: number, of = {}) => ({ nowMs, heard: false, most: 100, ...of });

test('nothing to ask for: nothing to wait for', () => {
	assert.deepEqual(decidePoll([], POLICY, at(5)), { ask: [], nextMs: null });
});

test('not before its time; then all of the place in one question', () => {
	const jobs = [job('a'), job('b', 4000)];
	assert.deepEqual(decidePoll(jobs, POLICY, at(9999)), { ask: [], nextMs: 10_000 });
	assert.deepEqual(decidePoll(jobs, POLICY, at(10_000)), { ask: [['a', 'b']], nextMs: null });
});

for (const [ageMs, everyMs] of [
	[119_999, 10_000],
	[120_000, 30_000],
	[299_999, 30_000],
	[300_000, 60_000],
	[9_000_000, 60_000],
] as const) {
	test(`a job of ${ageMs} ms is asked for each ${everyMs} ms`, () => {
		const asked = job('a', 0, { askedMs: ageMs - 1 });
		assert.equal(decidePoll([asked], POLICY, at(ageMs)).nextMs, ageMs - 1 + everyMs);
	});
}

test('while webhooks come more seldom, unless somebody knows that it is time', () => {
	const heard = { heard: true };
	assert.equal(decidePoll([job('a')], POLICY, at(1000, heard)).nextMs, 120_000);
	assert.deepEqual(decidePoll([job('a', 0, { wantedMs: 900 })], POLICY, at(1000, heard)).ask, [['a']]);
});

test('no question has more ids than it may; those whose time has not come fill up the last', () => {
	const due = Array.from({ length: 3 }, (_, i) => job(`due-${i}`));
	const young = [job('young-1', 9000), job('young-2', 9500)];
	const decision = decidePoll([...young, ...due], POLICY, at(10_000, { most: 2 }));
	assert.deepEqual(decision, {
		ask: [
			['due-0', 'due-1'],
			['due-2', 'young-1'],
		],
		nextMs: 19_500,
	});
	// Where a question is about one, the others wait for their time.
	assert.equal(decidePoll([...young, ...due], POLICY, at(10_000, { most: 1 })).ask.length, 3);
});
