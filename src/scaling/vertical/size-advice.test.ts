import assert from 'node:assert/strict';
import test from 'node:test';
import type { VerticalPolicy } from '../policy.ts';
import { adviseSize, PoolUsage } from './size-advice.ts';
import { UsageHistogram } from './usage-histogram.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1_048_576;
const BEGIN = Date.UTC(2026, 10, 28);
const POLICY: VerticalPolicy = {
	...{ mode: 'apply', minCpu: 0.1, maxCpu: null, minMemoryBytes: 64 * MIB, maxMemoryBytes: null },
};

const histogram = () => new UsageHistogram({ first: 0.01, most: 1000, halfLifeMs: DAY_MS });
const near = (found: number | null, expected: number, share = 0.06) =>
	assert.ok(found !== null && Math.abs(found / expected - 1) <= share, `${found}, not ${expected}`);

test('percentiles are at most one bucket, 5 %, too high', () => {
	const found = histogram();
	assert.equal(found.percentile(0.9), null);
	for (let at = 1; at <= 1000; at++) found.add(at / 100, BEGIN);
	near(found.percentile(0.5), 5);
	near(found.percentile(0.9), 9);
	near(found.percentile(0.95), 9.5);
});

test('a sample weighs half after a half-life; old peaks are forgotten', () => {
	const found = histogram();
	for (let at = 0; at < 100; at++) found.add(8, BEGIN);
	// Two half-lives later 100 old ones weigh as much as 25.
	for (let at = 0; at < 25; at++) found.add(1, BEGIN + 2 * DAY_MS);
	near(found.percentile(0.49), 1);
	near(found.percentile(0.51), 8);
	for (let day = 3; day < 90; day++) found.add(1, BEGIN + day * DAY_MS);
	near(found.percentile(0.999999), 1);
});

test('saved and loaded it says the same; rubbish is left out', () => {
	const found = histogram();
	for (let at = 1; at <= 100; at++) found.add(at / 50, BEGIN + at * HOUR_MS);
	const again = histogram();
	again.load(JSON.parse(JSON.stringify(found.save())));
	assert.equal(again.percentile(0.9), found.percentile(0.9));
	for (const rubbish of [null, 7, { referenceMs: 1, weights: [[-1, 3], [1e9, 2], ['a', 1], null, [3, Number.NaN]] }]) {
		const empty = histogram();
		empty.load(rubbish);
		assert.equal(empty.percentile(0.5), null);
	}
});

function usage(cores: (at: number) => number, memory: (at: number) => number, hours = 48): PoolUsage {
	const pool = new PoolUsage();
	for (let at = 0; at < hours * 60; at++) {
		for (const instance of ['a-1', 'a-2'])
			pool.add(instance, { cores: cores(at), memoryBytes: memory(at) }, BEGIN + at * 60_000);
	}
	return pool;
}

test('target p90, bounds p50 and p95, each with 15 % on top; memory by its daily peak', () => {
	const pool = usage(
		(at) => (at % 10 === 0 ? 0.9 : 0.3),
		(at) => (at % 700 === 0 ? 400 : 200) * MIB,
	);
	const { cpu, memoryBytes, hours } = pool.advice(POLICY);
	near(cpu?.lower ?? null, 0.3 * 1.15);
	near(cpu?.upper ?? null, 0.9 * 1.15);
	near(memoryBytes?.target ?? null, 400 * MIB * 1.15, 0.08);
	assert.ok(hours > 47);
});

test('out of memory: a fifth more, or 100 MiB', () => {
	const small = usage(
		() => 0.1,
		() => 200 * MIB,
	);
	small.outOfMemory('a-1', 200 * MIB, BEGIN + 47 * HOUR_MS);
	near(small.advice(POLICY).memoryBytes?.upper ?? null, 300 * MIB * 1.15);
	const large = usage(
		() => 0.1,
		() => 2000 * MIB,
	);
	large.outOfMemory('a-1', 2000 * MIB, BEGIN + 47 * HOUR_MS);
	near(large.advice(POLICY).memoryBytes?.upper ?? null, 2400 * MIB * 1.15);
});

test('a size within its bounds stays; one outside is given the target; min and max hold', () => {
	const advice = usage(
		() => 0.5,
		() => 300 * MIB,
	).advice(POLICY);
	assert.equal(adviseSize({ cpu: 0.6, memoryBytes: 350 * MIB }, advice, POLICY), null);
	const small = adviseSize({ cpu: 0.2, memoryBytes: 100 * MIB }, advice, POLICY);
	near(small?.cpu ?? null, 0.575, 0.07);
	near(small?.memoryBytes ?? null, 345 * MIB, 0.07);
	assert.equal(adviseSize({ cpu: null, memoryBytes: null }, advice, { mode: 'recommend' }), null);
	assert.notEqual(adviseSize({ cpu: null, memoryBytes: null }, advice, { mode: 'apply' }), null);
	const bounded = usage(
		() => 3,
		() => 10 * MIB,
	).advice({ ...POLICY, maxCpu: 2 });
	assert.deepEqual([bounded.cpu?.target, bounded.memoryBytes?.target], [2, 64 * MIB]);
});

test('an hour of samples is the least', () => {
	const advice = usage(
		() => 0.5,
		() => 300 * MIB,
		0.5,
	).advice(POLICY);
	assert.equal(adviseSize({ cpu: 4, memoryBytes: 4000 * MIB }, advice, POLICY), null);
});

test('what it knows outlives a restart', () => {
	const pool = usage(
		() => 0.5,
		() => 300 * MIB,
	);
	const again = new PoolUsage();
	again.load(JSON.parse(JSON.stringify(pool.save())));
	assert.deepEqual(again.advice(POLICY), pool.advice(POLICY));
	const empty = new PoolUsage();
	for (const rubbish of [null, { cpu: 1, memory: [], peaks: [[1]], sinceMs: 'x' }]) empty.load(rubbish);
	assert.equal(empty.advice(POLICY).cpu, null);
});
