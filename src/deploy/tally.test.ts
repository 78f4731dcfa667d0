import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Board, Outcome } from '../core/board.ts';
import { BUCKETS, bucketOf, Meter, nothingSeen, SeriesSum } from '../metrics/meter.ts';
import { type Counters, Tally } from './tally.ts';

/** The real board and a real meter, as the running program has them. */
function counted() {
	const board = new Board();
	board.grow();
	const meter = new Meter();
	const counters: Counters = {
		generation: (slot) => board.generation(slot),
		ended: (slot) => board.seen(slot),
		addLatency: (slot, buckets) => {
			const sum = new SeriesSum();
			meter.addTo(slot, sum);
			for (let at = 0; at < BUCKETS; at++) buckets[at] = (buckets[at] as number) + (sum.buckets[at] as number);
		},
	};
	const answer = (slot: number, outcome: Outcome, us = 1000) => {
		board.ended(slot, 0, outcome, us);
		meter.observe(slot, {
			...nothingSeen(),
			status: 200,
			us,
		});
	};
	return { board, meter, counters, answer };
}

const timed = (latency: ArrayLike<number>) => Array.from(latency).reduce((sum, count) => sum + count, 0);

test('counts what comes after its beginning, failures of each kind, and what takes how long', () => {
	const { board, counters, answer } = counted();
	const slot = board.take();
	answer(slot, Outcome.status5xx);
	const tally = new Tally(counters, BUCKETS, [slot]);
	tally.take([slot]);
	assert.deepEqual({ ...tally.sample(), latency: null }, { attempts: 0, failed: 0, latency: null });
	for (const outcome of Object.values(Outcome)) answer(slot, outcome, 5000);
	tally.take([slot]);
	const { attempts, failed, latency } = tally.sample();
	assert.deepEqual([attempts, failed, latency[bucketOf(5000)]], [5, 4, 5]);
	tally.take([slot]);
	assert.equal(tally.sample().attempts, 5);
});

test('a new instance counts from its beginning, one that is gone stays counted, and a slot may be used again', () => {
	const { board, meter, counters, answer } = counted();
	const first = board.take();
	const tally = new Tally(counters, BUCKETS, [first]);
	answer(first, Outcome.ok);
	tally.take([first]);
	const second = board.take();
	answer(second, Outcome.failed);
	tally.take([first, second]);
	board.free(first);
	const again = board.take();
	assert.equal(again, first);
	meter.clear(again);
	answer(again, Outcome.timedOut);
	answer(again, Outcome.ok);
	tally.take([again, second]);
	const { attempts, failed, latency } = tally.sample();
	assert.deepEqual([attempts, failed, timed(latency)], [4, 2, 4]);
});

test('attempts that follow a failed one do not count: where they go depends on what failed', () => {
	const { board, counters, answer } = counted();
	const slot = board.take();
	const tally = new Tally(counters, BUCKETS, [slot]);
	for (const outcome of [Outcome.ok, Outcome.ok, Outcome.status5xx, Outcome.failed]) answer(slot, outcome);
	board.endedAgain(slot, 0, Outcome.ok);
	board.endedAgain(slot, 0, Outcome.status5xx);
	tally.take([slot]);
	const { attempts, failed } = tally.sample();
	assert.deepEqual([attempts, failed], [2, 1]);
});

test('counts that wrap go on', () => {
	let ended = [0x7fff_ffff, 0, 0, 0, 0];
	const counters: Counters = {
		generation: () => 1,
		ended: () => ({ ended, again: 0, againFailed: 0 }),
		addLatency: () => {},
	};
	const tally = new Tally(counters, 4, [0]);
	ended = [-0x8000_0000 + 2, 0, 0, 0, 1];
	tally.take([0]);
	assert.deepEqual([tally.sample().attempts, tally.sample().failed], [4, 1]);
});
