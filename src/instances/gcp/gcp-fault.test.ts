import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gcpError, gcpFault } from './gcp-fault.ts';

const answer = (status: number, reason: string, message = '') =>
	gcpFault({ status, headers: new Headers(), body: { error: { code: status, message, errors: [{ reason }] } } });

test('errors of Google Cloud by reason and status', () => {
	const cases: [number, string, string][] = [
		[403, 'rateLimitExceeded', 'throttled'],
		[403, 'userRateLimitExceeded', 'throttled'],
		[429, '', 'throttled'],
		[403, 'quotaExceeded', 'capacity'],
		[403, 'forbidden', 'denied'],
		[403, '', 'denied'],
		[401, 'authError', 'credentials'],
		[404, 'notFound', 'not_found'],
		[400, 'resourceNotReady', 'busy'],
		[400, 'resourceInUseByAnotherResource', 'busy'],
		[412, 'conditionNotMet', 'busy'],
		[400, 'invalid', 'bad_request'],
		[500, 'internalError', 'unreachable'],
		[503, 'backendError', 'unreachable'],
	];
	for (const [status, reason, fault] of cases) assert.equal(answer(status, reason).fault, fault, `${status} ${reason}`);
	const details = [{ reason: 'RATE_LIMIT_EXCEEDED' }];
	const body = { error: { code: 403, message: '', errors: [{ reason: 'forbidden' }], details } };
	assert.equal(gcpFault({ status: 403, headers: new Headers(), body }).fault, 'throttled');
});

test('operations and attempts', () => {
	const of = (code: string) => gcpError({ errors: [{ code, message: 'words' }] });
	for (const code of ['ZONE_RESOURCE_POOL_EXHAUSTED', 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS', 'QUOTA_EXCEEDED'])
		assert.equal(of(code).fault, 'capacity', code);
	assert.equal(of('PERMISSIONS_ERROR').fault, 'denied');
	assert.equal(of('RESOURCE_NOT_READY').fault, 'busy');
	assert.equal(of('QUOTA_EXCEEDED').message, 'QUOTA_EXCEEDED: words');
	assert.equal(gcpError(null).message, 'Google Cloud answered with the status 0');
});

test('the permission that is missing', () => {
	const message = "Required 'compute.instanceGroupManagers.update' permission for 'projects/p/zones/z/x'";
	assert.equal(answer(403, 'forbidden', message).permission, 'compute.instanceGroupManagers.update');
	const monitoring = 'Permission monitoring.timeSeries.list denied (or the resource may not exist).';
	assert.equal(answer(403, '', monitoring).permission, 'monitoring.timeSeries.list');
	assert.equal(answer(404, 'notFound', message).permission, null);
});
