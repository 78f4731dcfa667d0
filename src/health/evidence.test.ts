import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Board, Outcome } from '../core/board.ts';
import { Evidence } from './evidence.ts';

function instance(workers = 2): { board: Board; slot: number; evidence: Evidence } {
	const board = new Board();
	board.grow();
	board.workers = workers;
	const slot = board.take();
	return { board, slot, evidence: new Evidence(board.seen(slot)) };
}

test('what two workers counted, as differences over a window', () => {
	const { board, slot, evidence } = instance();
	board.ended(slot, 0, Outcome.ok, 2000);
	board.ended(slot, 1, Outcome.status5xx, 4000);
	board.ended(slot, 1, Outcome.connectFailed, 0);
	evidence.take(board.seen(slot), 1000, 10_000);
	assert.deepEqual(evidence.recent, { ok: 1, failed: 2, heads: 2, headUs: 6000, slow: 0 });
	board.ended(slot, 0, Outcome.ok, 1000);
	assert.equal(evidence.since(board.seen(slot)).ok, 1);
	assert.equal(evidence.upTo(board.seen(slot)).ok, 2);
	evidence.take(board.seen(slot), 2000, 10_000);
	assert.deepEqual(evidence.latest, { ok: 1, failed: 0, heads: 1, headUs: 1000, slow: 0 });
	assert.deepEqual(evidence.recent, { ok: 2, failed: 2, heads: 3, headUs: 7000, slow: 0 });
	// The first look leaves the window.
	evidence.take(board.seen(slot), 11_500, 10_000);
	assert.deepEqual(evidence.recent, { ok: 1, failed: 0, heads: 1, headUs: 1000, slow: 0 });
	board.ended(slot, 0, Outcome.ok, 1000);
	evidence.forget(board.seen(slot));
	assert.deepEqual(evidence.upTo(board.seen(slot)), { ok: 0, failed: 0, heads: 0, headUs: 0, slow: 0 });
});

test('heads above what the control plane says are slow; a slot that is taken anew has none', () => {
	const { board, slot, evidence } = instance();
	board.ended(slot, 0, Outcome.ok, 9_000_000);
	board.setSlowFrom(slot, 100_000);
	board.ended(slot, 0, Outcome.ok, 100_000);
	board.ended(slot, 0, Outcome.ok, 100_001);
	board.ended(slot, 1, Outcome.status5xx, 200_000);
	assert.equal(evidence.since(board.seen(slot)).slow, 2);
	board.setSlowFrom(slot, 1e12);
	board.ended(slot, 1, Outcome.ok, 2_000_000_000);
	assert.equal(evidence.since(board.seen(slot)).slow, 2);
	board.free(slot);
	assert.equal(board.take(), slot);
	board.ended(slot, 0, Outcome.ok, 2_000_000_000);
	assert.equal(board.seen(slot).headSlow, 0);
});

test('counts that go round 32 bits, and sums of more than 2^31 µs', () => {
	const { board, slot } = instance(1);
	const seen = board.seen(slot);
	seen.ended[0] = 0x7fffffff;
	seen.headSumUs = -5;
	const evidence = new Evidence(seen);
	const later = board.seen(slot);
	later.ended[0] = -0x80000000 + 1;
	later.headSumUs = -5 + 3_000_000_000;
	const { ok, headUs } = evidence.since(later);
	assert.deepEqual([ok, headUs], [2, 3_000_000_000]);
});

test('how slow it is since it became slow', () => {
	const { board, slot, evidence } = instance(1);
	board.ended(slot, 0, Outcome.ok, 1000);
	evidence.take(board.seen(slot), 1000, 10_000);
	evidence.suspect(0, 1000);
	assert.deepEqual([evidence.slowSince, evidence.slowUs], [null, 0]);
	board.ended(slot, 0, Outcome.ok, 2_000_000);
	evidence.take(board.seen(slot), 2000, 10_000);
	evidence.suspect(4, 2000);
	board.ended(slot, 0, Outcome.ok, 4_000_000);
	evidence.take(board.seen(slot), 3000, 10_000);
	evidence.suspect(8, 3000);
	assert.deepEqual([evidence.slowSince, evidence.slowUs], [2000, 3_000_000]);
	evidence.suspect(0, 4000);
	assert.equal(evidence.slowSince, null);
});
