import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_DEPLOY } from './config.ts';
import { instancesFor, stagesOf, stageText } from './stages.ts';

test('the steps, or the mark alone; copies come first', () => {
	assert.deepEqual(stagesOf({ ...DEFAULT_DEPLOY, steps: [0.01, 0.5] }), [
		{ kind: 'share', share: 0.01 },
		{ kind: 'share', share: 0.5 },
	]);
	const by = { kind: 'cookie', name: 'beta' } as const;
	assert.deepEqual(stagesOf({ ...DEFAULT_DEPLOY, by, mirror: 0.2 }), [
		{ kind: 'mirror', share: 0.2 },
		{ kind: 'marked', by },
	]);
	assert.equal(stageText({ kind: 'share', share: 0.005 }), '0.5 % of the requests');
	assert.equal(stageText({ kind: 'marked', by }), 'requests with the cookie beta');
});

test('instances: at least one, at most as many as the old version, and none has more to do than one of the old', () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 200 }), (hundredths, desired) => {
			const share = hundredths / 100;
			const count = instancesFor({ kind: 'share', share }, DEFAULT_DEPLOY, desired);
			assert.ok(count >= 1 && count <= desired);
			if (count < desired) assert.ok(share / count <= (1 - share) / desired + 1e-12);
			else assert.ok(share / count <= 1 / desired, 'never more than with all requests');
		}),
	);
	assert.equal(instancesFor({ kind: 'share', share: 0.5 }, { ...DEFAULT_DEPLOY, instances: 7 }, 2), 7);
	assert.equal(instancesFor({ kind: 'share', share: 0.5 }, DEFAULT_DEPLOY, 0), 1);
});
