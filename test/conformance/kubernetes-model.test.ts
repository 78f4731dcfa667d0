import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complain } from '../fakes/kubernetes/kube-model.ts';

test('members that are not known and values of another type fail', () => {
	assert.equal(complain('V1Scale', { spec: { replicas: 3 } }), null);
	assert.match(complain('V1Scale', { spec: { replicas: '3' } }) ?? '', /V1Scale\.spec\.replicas: "3" is no number/);
	assert.match(complain('V1Scale', { spec: { replicas: 1.5 } }) ?? '', /is no number/);
	assert.match(complain('V1Scale', { spec: { count: 3 } }) ?? '', /V1Scale\.spec\.count is not known/);
	assert.match(complain('V1Scale', []) ?? '', /is no object/);
	assert.match(complain('V1PodList', { items: [{ status: { podIP: 7 } }] }) ?? '', /items\[0\]\.status\.podIP/);
	assert.match(complain('V1Pod', { metadata: { creationTimestamp: 'now' } }) ?? '', /is no Date/);
	assert.match(complain('V1Pod', { metadata: { annotations: { a: 1 } } }) ?? '', /annotations\.a/);
	assert.match(complain('V1Pod', { metadata: { annotations: { a: null } } }) ?? '', /annotations\.a/);
	assert.equal(complain('V1Pod', { metadata: { annotations: { a: null } } }, true), null, 'a merge patch deletes so');
	assert.match(
		complain('PodMetricsList', { items: [{ containers: [{ name: 'a', usage: { cpu: 1 } }] }] }) ?? '',
		/usage\.cpu/,
	);
	assert.match(complain('PodMetricsList', { items: [{ used: 1 }] }) ?? '', /items\[0\]\.used is not known/);
	assert.throws(() => complain('V9Pod', {}), /there is no model of V9Pod/);
});
