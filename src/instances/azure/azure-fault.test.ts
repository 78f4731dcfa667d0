import assert from 'node:assert/strict';
import { test } from 'node:test';
import { azureError, azureFault } from './azure-fault.ts';

const of = (code: string, message: string, status: number) =>
	azureError({ code, message }, { status, retryAfterMs: null }).fault;

test('errors of Azure by code, text and status', () => {
	const cases: [string, string, number, string][] = [
		['AllocationFailed', 'Allocation failed.', 0, 'capacity'],
		['Conflict', 'ZonalAllocationFailed in zone 1: Allocation Failed', 409, 'capacity'],
		['SkuNotAvailable', 'The requested size is currently not available.', 409, 'capacity'],
		['QuotaExceeded', '', 400, 'capacity'],
		['OperationNotAllowed', 'It results in exceeding approved Total Regional Cores quota.', 409, 'capacity'],
		['OperationNotAllowed', 'The operation is not allowed while the VM is being updated.', 409, 'busy'],
		['Conflict', 'A concurrent request.', 409, 'busy'],
		['AnotherOperationInProgress', '', 409, 'busy'],
		['TooManyRequests', '', 429, 'throttled'],
		['AuthorizationFailed', '', 403, 'denied'],
		['RequestDisallowedByPolicy', '', 403, 'denied'],
		['InvalidAuthenticationTokenTenant', '', 401, 'credentials'],
		['ResourceNotFound', '', 404, 'not_found'],
		['ResourceGroupNotFound', '', 404, 'not_found'],
		['InvalidParameter', '', 400, 'bad_request'],
		['InternalServerError', '', 500, 'unreachable'],
		['VMStartTimedOut', '', 0, 'busy'],
	];
	for (const [code, message, status, fault] of cases)
		assert.equal(of(code, message, status), fault, `${code} ${message}`);
});

test('the permission that is missing and the time to wait', () => {
	const headers = new Headers({ 'retry-after': '9' });
	const message =
		"The client 'x' does not have authorization to perform action 'Microsoft.Compute/a/write' over scope '/s'.";
	const denied = azureFault({ status: 403, headers, body: { error: { code: 'AuthorizationFailed', message } } });
	assert.deepEqual([denied.permission, denied.retryAfterMs], ['Microsoft.Compute/a/write', 9000]);
});

test('what is no error of Azure, or hostile, is told all the same', () => {
	for (const body of [null, 'text', [], { error: null }, { error: { code: 1, message: {} } }]) {
		const fault = azureFault({ status: 502, headers: new Headers(), body });
		assert.deepEqual([fault.fault, fault.message], ['unreachable', 'Azure answered with the status 502']);
	}
	const body = { error: { code: 'X\u001b[2J', message: 'y'.repeat(9000) } };
	const { message } = azureFault({ status: 400, headers: new Headers(), body });
	assert.ok(message.length < 700 && !message.includes('\u001b'));
});
