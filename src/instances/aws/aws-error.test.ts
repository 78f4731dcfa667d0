import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlatformError } from '../platform/platform-error.ts';
import { translated } from './aws-error.ts';

const of = (name: string, more: object = {}) => ({
	name,
	message: 'said',
	$metadata: { httpStatusCode: 400 },
	...more,
});

test("AWS's codes become faults", () => {
	const cases: [object, string][] = [
		[of('Throttling'), 'throttled'],
		[of('ThrottlingException'), 'throttled'],
		[of('RequestLimitExceeded'), 'throttled'],
		[of('Strange', { $metadata: { httpStatusCode: 429 } }), 'throttled'],
		[of('ExpiredToken'), 'credentials'],
		[of('ExpiredTokenException'), 'credentials'],
		[of('RequestExpired'), 'credentials'],
		[of('CredentialsProviderError'), 'credentials'],
		[of('UnrecognizedClientException'), 'credentials'],
		[of('AuthFailure'), 'credentials'],
		[of('AccessDeniedException'), 'denied'],
		[of('UnauthorizedOperation'), 'denied'],
		[of('ScalingActivityInProgressFault'), 'busy'],
		[of('ResourceContentionFault'), 'busy'],
		[of('InstanceRefreshInProgressFault'), 'busy'],
		[of('InsufficientInstanceCapacity'), 'capacity'],
		[of('VcpuLimitExceeded'), 'capacity'],
		[of('InvalidInstanceID.NotFound'), 'not_found'],
		[of('TargetGroupNotFoundException'), 'not_found'],
		[of('ValidationError', { message: 'AutoScalingGroup name not found' }), 'not_found'],
		[of('ValidationError'), 'bad_request'],
		[of('ServiceUnavailable'), 'unreachable'],
		[of('Strange', { $metadata: { httpStatusCode: 502 } }), 'unreachable'],
		[{ name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }, 'unreachable'],
		[{ name: 'Error', code: 'ENOTFOUND', message: 'getaddrinfo' }, 'unreachable'],
		[{ name: 'TimeoutError', message: 'socket' }, 'unreachable'],
		[{ name: 'AbortError', message: 'aborted' }, 'unreachable'],
		// The class of the SDK is the name, the wire's own code comes first.
		[of('AutoScalingServiceException', { Code: 'Throttling' }), 'throttled'],
		[Object.assign(new Error('odd'), {}), 'bad_request'],
	];
	for (const [error, fault] of cases)
		assert.equal(translated(error, 'ec2:DescribeInstances').fault, fault, JSON.stringify(error));
	assert.equal(translated(null, 'ec2:DescribeInstances').fault, 'bad_request');
	const same = new PlatformError('busy', 'x');
	assert.equal(translated(same, 'ec2:DescribeInstances'), same);
});

test('the permission is the one that AWS names, or that of the call', () => {
	const message = 'User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: r';
	assert.equal(translated(of('AccessDenied', { message }), 'ec2:X').permission, 'iam:PassRole');
	assert.equal(translated(of('AccessDenied'), 'ec2:X').permission, 'ec2:X');
	assert.equal(translated(of('Throttling'), 'ec2:X').permission, null);
});

test('a message is one bounded line without what is secret or can do harm', () => {
	const message = `wrong\u001b[2J signature.\n\nThe Canonical String was\nx-amz-security-token:SECRET`;
	const error = translated(of('SignatureDoesNotMatch', { message, $response: { secret: 'SECRET' } }), 'ec2:X');
	for (const bad of ['SECRET', '\u001b', '\n']) assert.ok(!error.message.includes(bad));
	assert.equal(error.cause, undefined);
	assert.ok(translated(of('Odd', { message: 'x'.repeat(100_000) }), 'ec2:X').message.length < 600);
});
