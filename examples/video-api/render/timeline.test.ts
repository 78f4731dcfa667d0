import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Schedule, stateAt, timelineOf } from './timeline.ts';

const video: Schedule = { created_at: 1000, starts_at: 2000, ends_at: 4000, outcome: 'completed', cancelled_at: null };

test('the state at each moment of the timeline is what the timeline says', () => {
	const moments = timelineOf(video);
	assert.deepEqual(
		moments.map(({ id }) => id),
		Array.from({ length: 22 }, (_, index) => index + 1),
	);
	for (const { at, status, progress } of moments) assert.deepEqual(stateAt(video, at), { status, progress });
	assert.deepEqual(
		moments.map(({ at }) => at),
		moments.map(({ at }) => at).toSorted((a, b) => a - b),
	);
});

test('a cancelled one stops where it was', () => {
	const cancelled = { ...video, cancelled_at: 3000 };
	const moments = timelineOf(cancelled);
	assert.deepEqual(moments.at(-1), { id: 12, at: 3000, status: 'cancelled', progress: 45 });
	assert.deepEqual(stateAt(cancelled, 9000), { status: 'cancelled', progress: 50 });
	assert.deepEqual(timelineOf({ ...video, cancelled_at: 1000 }), [
		{ id: 1, at: 1000, status: 'cancelled', progress: 0 },
	]);
});
