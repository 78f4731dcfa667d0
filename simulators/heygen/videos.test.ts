import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultKnobs } from './knobs.ts';
import {
	isActive,
	isReady,
	mostAtATime,
	planJob,
	scheduleAt,
	spokenSeconds,
	startOf,
	statusAt,
	type Video,
} from './videos.ts';

const plan = { pendingMs: 10, renderMs: 90, failureCode: null, failureMessage: null, nullUrlMs: 30 };

function video(startAtMs: number, change: Partial<Video> = {}): Video {
	const made = { id: 'v', plan, deletedAtMs: null, createdAtMs: 0, ...change } as Video;
	scheduleAt(made, startAtMs);
	return made;
}

test('a video goes through its states in order, its URL may come later', () => {
	const at = (now: number) => statusAt(video(100), now);
	assert.deepEqual([99, 100, 110, 199, 200].map(at), ['waiting', 'pending', 'processing', 'processing', 'completed']);
	assert.deepEqual(
		[200, 229, 230].map((now) => isReady(video(100), now)),
		[false, false, true],
	);
	assert.equal(statusAt(video(100, { plan: { ...plan, failureCode: 'x' } }), 200), 'failed');
	assert.deepEqual(
		[99, 100, 199, 200].map((now) => isActive(video(100), now)),
		[false, true, true, false],
	);
	assert.equal(isActive(video(100, { deletedAtMs: 150 }), 160), false);
});

test('a job starts when a slot is free, first come, first served', () => {
	const ahead = [video(0), video(50)];
	assert.equal(startOf(ahead, { cap: 3, nowMs: 60 }), 60);
	assert.equal(startOf(ahead, { cap: 2, nowMs: 60 }), 100);
	assert.equal(startOf([...ahead, video(100)], { cap: 2, nowMs: 60 }), 150);
	assert.equal(startOf(ahead, { cap: 1, nowMs: 60 }), 150);
});

test('the most jobs at a time are counted by their slots', () => {
	assert.equal(mostAtATime([video(0), video(50), video(100), video(149)]), 3);
	assert.equal(mostAtATime([video(0), video(100)]), 1);
	assert.equal(mostAtATime([video(0, { deletedAtMs: 20 }), video(50)]), 1);
	assert.equal(mostAtATime([]), 0);
});

test('a plan depends on the seed and the identity', () => {
	const knobs = { ...defaultKnobs(), failureRate: 0.5, nullUrlRate: 0.5, stuckRate: 0.1 };
	const plans = (seed: string) => Array.from({ length: 200 }, (_, at) => planJob(knobs, seed, `job ${at}`));
	assert.deepEqual(plans('1'), plans('1'));
	assert.notDeepEqual(plans('1'), plans('2'));
	const [failed, stuck] = [
		plans('1').filter(({ failureCode }) => failureCode !== null),
		plans('1').filter(({ failureCode }) => failureCode === 'timeout'),
	];
	assert.ok(failed.length > 80 && failed.length < 140 && stuck.length > 5 && stuck.length < 40);
	assert.ok(failed.every(({ nullUrlMs }) => nullUrlMs === 0));
	assert.ok(stuck.every(({ renderMs }) => renderMs === knobs.stuckMs));
});

test('a script of 1,500 characters takes 100 seconds, and none less than one', () => {
	assert.deepEqual(['x'.repeat(1500), 'Hi', 'x'.repeat(31)].map(spokenSeconds), [100, 1, 2]);
});
