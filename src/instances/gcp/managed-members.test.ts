import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { factsOf, managedInstanceOf, memberOf } from './managed-members.ts';

const link = 'https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/a-1';
const facts = { numericId: '1', host: '10.0.0.2', startedAt: 5, machineType: '' };

test('the life of a VM', () => {
	const life = (currentAction: string, instanceStatus: string, known = true) => {
		const one = managedInstanceOf({ instance: link, id: '1', currentAction, instanceStatus });
		assert.ok(one);
		return memberOf(one, known ? facts : undefined, 80).life;
	};
	assert.equal(life('NONE', 'RUNNING'), 'running');
	assert.equal(life('VERIFYING', 'RUNNING'), 'running');
	assert.equal(life('NONE', 'RUNNING', false), 'pending');
	assert.equal(life('CREATING', ''), 'pending');
	assert.equal(life('RECREATING', 'STOPPING'), 'pending');
	assert.equal(life('NONE', 'STAGING'), 'pending');
	assert.equal(life('DELETING', 'RUNNING'), 'leaving');
	assert.equal(life('ABANDONING', 'RUNNING'), 'leaving');
	assert.equal(life('NONE', 'STOPPING'), 'leaving');
	assert.equal(life('NONE', 'TERMINATED'), 'failed');
	assert.equal(life('', ''), 'pending');
});

test('the name is taken from the link, the words from the last attempt', () => {
	const errors = { errors: [{ code: 'QUOTA_EXCEEDED', message: 'no\u0007 more' }] };
	const one = managedInstanceOf({ instance: link, currentAction: 'CREATING', lastAttempt: { errors } });
	assert.ok(one);
	const member = memberOf(one, undefined, 80);
	assert.deepEqual([member.id, member.note], ['a-1', 'QUOTA_EXCEEDED: no\\x07 more']);
	assert.equal(one.fault?.fault, 'capacity');
});

test('addresses of the first interface; one that is no address is none', () => {
	const raw = {
		networkInterfaces: [
			{ networkIP: '10.0.0.2', accessConfigs: [{}, { natIP: '203.0.113.9' }] },
			{ networkIP: '10.9.9.9' },
		],
	};
	assert.equal(factsOf(raw, 'internal').host, '10.0.0.2');
	assert.equal(factsOf(raw, 'external').host, '203.0.113.9');
	assert.equal(factsOf({ networkInterfaces: [{ networkIP: 'evil.example' }] }, 'internal').host, '');
});

test('whatever Google Cloud answers, nothing throws', () => {
	fc.assert(
		fc.property(fc.jsonValue(), (value) => {
			for (const raw of [value, { instance: link, lastAttempt: value, instanceHealth: value }]) {
				const one = managedInstanceOf(raw);
				if (one !== null) memberOf(one, factsOf(value, 'external'), 1);
			}
		}),
	);
});
