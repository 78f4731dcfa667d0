import assert from 'node:assert/strict';
import { test } from 'node:test';
import { courseOf } from './durations.ts';

const options = { seed: 1, failureRate: 0.1 };
const courses = Array.from({ length: 2000 }, (_, index) => courseOf(`text ${index}`, options));

test('5 to 15 minutes, 8 in the middle, with a tail upward', () => {
	const minutes = courses.map(({ renderMs }) => renderMs / 60_000).sort((a, b) => a - b);
	const at = (share: number) => minutes[Math.floor(share * minutes.length)] ?? 0;
	assert.ok((minutes[0] ?? 0) >= 5 && (minutes.at(-1) ?? 99) <= 15);
	assert.ok(Math.abs(at(0.5) - 8) < 0.3, `the median is ${at(0.5)}`);
	assert.ok(at(0.95) > 12.5, `p95 is ${at(0.95)}`);
});

test('the wanted share fails', () => {
	const failed = courses.filter(({ outcome }) => outcome === 'failed').length / courses.length;
	assert.ok(Math.abs(failed - 0.1) < 0.02, `${failed} failed`);
});

test('the same seed and text give the same course, another seed another', () => {
	assert.deepEqual(courseOf('text 7', options), courses[7]);
	assert.notDeepEqual(courseOf('text 7', { ...options, seed: 2 }), courses[7]);
});
