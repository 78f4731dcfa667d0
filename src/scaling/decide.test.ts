import assert from 'node:assert/strict';
import test from 'node:test';
import { decide, EMPTY_STATE } from './decide.ts';
import { each, policyOf, samplesOf } from './testing-policy.ts';

test('a target: 4 instances at 90 % of a target of 60 % are to be 6', () => {
	const decision = decide(EMPTY_STATE, samplesOf(4, { cpu: each(0.9, 4) }), policyOf(), 0);
	assert.equal(decision.desired, 6);
	assert.equal(decision.raw, 6);
	assert.deepEqual(decision.clamps, []);
	assert.deepEqual(decision.recommendations, [{ by: 'cpu', size: 6, value: 0.9, target: 0.6, note: '' }]);
});

test('bounds are the last word', () => {
	const decision = decide(EMPTY_STATE, samplesOf(4, { cpu: each(0.9, 4) }), policyOf({ max: 5 }), 0);
	assert.equal(decision.desired, 5);
	assert.equal(decision.limitedBy, 'max');
	assert.deepEqual(decision.clamps, [{ by: 'max', from: 6, to: 5, why: 'max 5' }]);
});
