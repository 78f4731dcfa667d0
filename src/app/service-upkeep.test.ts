import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolReadiness } from './pool-readiness.ts';
import { isHopeful } from './service-upkeep.ts';

const pool = (changes: Partial<PoolReadiness>): PoolReadiness =>
	({ starting: 0, desired: 2, total: 2, out: 0, startMs: 60_000, startTimeMs: 300, ...changes }) as PoolReadiness;

test('an instance is expected of a command that has not failed for long, not of addresses that are down', () => {
	assert.equal(isHopeful(pool({}), 0), true);
	assert.equal(isHopeful(pool({}), 60_000), false);
	assert.equal(isHopeful(pool({ desired: 0, total: 0 }), 0), false);
	assert.equal(isHopeful(pool({ startMs: null }), 0), false);
	assert.equal(isHopeful(pool({ startMs: null, starting: 1 }), 0), true);
});

test('what the operator drained is not expected back', () => {
	assert.equal(isHopeful(pool({ out: 2 }), 0), false);
	assert.equal(isHopeful(pool({ out: 1 }), 0), true);
	assert.equal(isHopeful(pool({ out: 2, desired: 3, total: 3, starting: 1 }), 0), true);
});
