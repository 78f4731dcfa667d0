import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeakEwma } from './peak-ewma.ts';
import { Random } from './random.ts';
import { type Pool, poolOf, tally, times } from './testing-pool.ts';

function ewmaOf(pool: Pool, id = 0, count = 1): PeakEwma {
	const balancer = new PeakEwma(pool.board, { id, count });
	balancer.set(pool.members);
	return balancer;
}

function slotsOf(pool: Pool): number[] {
	return pool.members.map(({ slot }) => slot);
}

/** Requests that come every 2 ms; each instance takes its own time (µs, < 0: fails at once). */
function simulate(pool: Pool, latencies: readonly number[], count: number): number[] {
	const balancer = ewmaOf(pool);
	const slots = slotsOf(pool);
	const due: { at: number; slot: number; us: number }[] = [];
	return tally(
		pool,
		times(count, (index) => {
			const now = index * 2;
			for (let at = due.length - 1; at >= 0; at--) {
				const ended = due[at] as (typeof due)[0];
				if (ended.at > now) continue;
				pool.board.addInFlight(ended.slot, 0, -1);
				balancer.settle(ended.slot, ended.us, now);
				due.splice(at, 1);
			}
			const slot = balancer.pick(0, [], now);
			const us = latencies[slots.indexOf(slot)] as number;
			pool.board.addInFlight(slot, 0, 1);
			due.push({ at: now + Math.max(0, us / 1000), slot, us });
			return slot;
		}),
	);
}

test('a slow instance gets few requests, a fast one many', () => {
	const counts = simulate(poolOf(4), [5000, 5000, 5000, 200_000], 4000);
	assert.ok((counts[3] as number) < 150 && (counts[3] as number) > 0, `${counts}`);
	for (const count of counts.slice(0, 3)) assert.ok(count > 1000, `${counts}`);
});

test('an instance that fails at once does not attract requests', () => {
	const counts = simulate(poolOf(4), [20_000, 20_000, 20_000, -1], 4000);
	assert.ok((counts[3] as number) < 400, `${counts}`);
});

test('weights hold among equally fast instances under load', () => {
	const counts = simulate(poolOf(2, 1, [1000, 3000]), [100_000, 100_000], 4000);
	assert.ok(Math.abs((counts[0] as number) - 1000) < 200, `${counts}`);
});

test('an instance without a measurement gets one probe, and the next only after its end', () => {
	const pool = poolOf(3);
	const balancer = ewmaOf(pool);
	const [a, b, fresh] = slotsOf(pool) as [number, number, number];
	for (const slot of [a, b]) balancer.settle(slot, 10_000, 0);
	let probes = 0;
	for (let index = 0; index < 300; index++) {
		const slot = balancer.pick(0, [], 0);
		pool.board.addInFlight(slot, 0, 1);
		if (slot === fresh) probes++;
	}
	assert.equal(probes, 1);
	pool.board.addInFlight(fresh, 0, -1);
	balancer.settle(fresh, 1000, 0);
	assert.ok(times(20, () => balancer.pick(0, [], 0)).includes(fresh));
});

test("another worker's measurement counts until there is an own one", () => {
	const pool = poolOf(2, 2);
	const [slow, fast] = slotsOf(pool) as [number, number];
	const other = ewmaOf(pool, 1, 2);
	other.settle(slow, 500_000, 0);
	other.settle(fast, 5000, 0);
	const balancer = ewmaOf(pool, 0, 2);
	assert.deepEqual(new Set(times(50, () => balancer.pick(0, [], 10))), new Set([fast]));
	balancer.settle(slow, 1000, 20);
	assert.deepEqual(new Set(times(50, () => balancer.pick(0, [], 20))), new Set([slow]));
});

test('a slow answer counts at once, and is forgotten with time', () => {
	const pool = poolOf(2);
	const balancer = ewmaOf(pool);
	const [a, b] = slotsOf(pool) as [number, number];
	// The clock passes the end of its 32 bits on the way.
	const start = 2 ** 31 - 1000;
	for (const slot of [a, b]) balancer.settle(slot, 10_000, start);
	balancer.settle(a, 1_000_000, start);
	assert.equal(pool.board.latencyUs(a, 0), 1_000_000, 'the peak, not a mean');
	pool.board.addInFlight(b, 0, 20);
	assert.deepEqual(new Set(times(50, () => balancer.pick(0, [], start + 100))), new Set([b]));
	for (let second = 1; second <= 60; second++) balancer.settle(b, 10_000, start + second * 1000);
	assert.deepEqual(new Set(times(50, () => balancer.pick(0, [], start + 60_000))), new Set([a]));
});

test('an estimate stays within what its cell holds', () => {
	const pool = poolOf(1);
	const balancer = ewmaOf(pool);
	const random = new Random(1);
	const slot = slotsOf(pool)[0] as number;
	for (let index = 0; index < 1000; index++) {
		balancer.settle(slot, [0, -1, 1e15, Number.MAX_SAFE_INTEGER, 0.2][random.below(5)] as number, index * 1000);
		const us = pool.board.latencyUs(slot, 0);
		assert.ok(us >= 1 && us <= 600_000_000, `${us}`);
	}
});
