import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiFault } from './api-fault.ts';

const status = (code: number, message: string, details: object = {}) => ({
	status: code,
	retryAfterS: null,
	body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message, details },
});

test('what the API server refuses, by status and text', () => {
	const cases: [number, string, string][] = [
		[401, 'Unauthorized', 'credentials'],
		[403, 'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "a"', 'denied'],
		[403, 'pods is forbidden: User "system:anonymous" cannot list resource "pods"', 'credentials'],
		[403, 'pods "x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4', 'capacity'],
		[403, 'admission webhook "w.example.com" denied the request: at most 3', 'capacity'],
		[422, 'deployments.apps "api" is forbidden: ValidatingAdmissionPolicy \'p\' denied request: no', 'capacity'],
		[422, 'Deployment.apps "api" is invalid: spec.replicas: Invalid value: -1', 'bad_request'],
		[404, 'deployments.apps "api" not found', 'not_found'],
		[409, 'Operation cannot be fulfilled on deployments.apps "api": the object has been modified', 'busy'],
		[429, 'Too many requests', 'throttled'],
		[500, 'etcdserver: request timed out', 'unreachable'],
		[503, 'apiserver is shutting down', 'unreachable'],
		[302, '', 'bad_request'],
	];
	for (const [code, message, fault] of cases) assert.equal(apiFault(status(code, message), 'x').fault, fault, message);
});

test('the permission, the time to wait, and hostile words', () => {
	const denied = apiFault(status(403, 'User "x" cannot patch resource "deployments/scale"'), 'patch deployments/scale');
	assert.equal(denied.permission, 'patch deployments/scale');
	assert.equal(apiFault(status(429, 'slow', { retryAfterSeconds: 3 }), 'x').retryAfterMs, 3000);
	assert.equal(apiFault({ ...status(429, 'slow'), retryAfterS: 9e8 }, 'x').retryAfterMs, 3_600_000);
	for (const body of [null, 'text', [], { message: {} }, { message: '' }])
		assert.equal(
			apiFault({ status: 502, retryAfterS: null, body }, 'x').message,
			'the API server answered with the status 502',
		);
	const { message } = apiFault(status(400, `\u001b[2J${'y'.repeat(9000)}`), 'x');
	assert.ok(message.length < 700 && !message.includes('\u001b'));
});
