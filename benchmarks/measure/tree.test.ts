import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descendants } from './tree.ts';

const stat = (pid: number, ppid: number) => ({ pid, ppid, userTicks: 0, systemTicks: 0, startTicks: 0 });

test('descendants are found at every depth, others are not', () => {
	const stats = [stat(1, 0), stat(10, 1), stat(11, 10), stat(12, 10), stat(13, 12), stat(20, 1), stat(21, 20)];
	assert.deepEqual(descendants(10, stats).toSorted(), [10, 11, 12, 13]);
	assert.deepEqual(descendants(21, stats), [21]);
	assert.deepEqual(descendants(99, stats), []);
});
