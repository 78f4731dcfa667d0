/** What goes wrong at AWS, as the provider tells it: throttled, expired, denied, unreachable, hung. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { AwsClients } from '../../src/instances/aws/aws-clients.ts';
import { AwsPlatform } from '../../src/instances/aws/aws-platform.ts';
import { PlatformError } from '../../src/instances/platform/platform-error.ts';
import { Refusal } from '../fakes/aws/operation.ts';
import { bench, running, soon } from '../fakes/aws/testing-aws.ts';

const DESCRIBE = 'autoscaling:DescribeAutoScalingGroups';

async function faultOf(work: Promise<unknown>): Promise<PlatformError> {
	const error = await work.then(
		() => assert.fail('it went well'),
		(one: unknown) => one,
	);
	assert.ok(error instanceof PlatformError, inspect(error));
	return error;
}

test('throttled once: the client tries again; throttled for long: the fault says so, within bounds', async (it) => {
	const { fake, platform } = await bench(it);
	fake.throttle(DESCRIBE, 1);
	await platform.group(soon());
	assert.equal(fake.count(DESCRIBE), 2);
	fake.throttle(DESCRIBE, 100);
	const error = await faultOf(platform.group(soon()));
	assert.deepEqual([error.fault, error.mayPass], ['throttled', true]);
	assert.match(error.message, /Rate exceeded/);
	assert.equal(fake.count(DESCRIBE), 4, 'two attempts a call');
	fake.heal();
	fake.throttle('ec2:DescribeInstances', 100);
	await platform.setDesired(1, soon());
	assert.equal((await faultOf(platform.group(soon()))).fault, 'throttled');
});

test('credentials that expired are read anew once they are there', async (it) => {
	const { fake, platform, writeKeys } = await bench(it);
	await platform.group(soon());
	fake.expire();
	const error = await faultOf(platform.group(soon()));
	assert.deepEqual([error.fault, error.mayPass], ['credentials', true]);
	assert.match(error.message, /The security token included in the request is expired/);
	fake.heal();
	fake.keys = { accessKeyId: 'ASIANEXT', secretAccessKey: 'another-secret', sessionToken: 'another-token' };
	assert.equal((await faultOf(platform.group(soon()))).fault, 'credentials');
	writeKeys(fake.keys);
	await platform.group(soon());
	assert.deepEqual(fake.violations, []);
});

test('no secret stands in an error, not even where AWS repeats the request that was signed', async (it) => {
	const { fake, platform, writeKeys } = await bench(it);
	fake.keys = { accessKeyId: 'ASIAWRONG', secretAccessKey: 'the-true-secret', sessionToken: 'the-session-token' };
	writeKeys({ ...fake.keys, secretAccessKey: 'the-wrong-secret' });
	const error = await faultOf(platform.group(soon()));
	assert.equal(error.fault, 'credentials');
	assert.match(error.message, /signature we calculated does not match/);
	for (const shown of [error.message, inspect(error, { depth: 20, showHidden: true }), String(error.stack)]) {
		for (const secret of ['the-true-secret', 'the-wrong-secret', 'the-session-token'])
			assert.ok(!shown.includes(secret), `${secret} in ${shown}`);
	}
});

test('no credentials at all is said as such', async (it) => {
	const { config } = await bench(it);
	const platform = new AwsPlatform({ ...config, profile: 'nobody' });
	it.after(() => platform.close());
	const error = await faultOf(platform.group(soon()));
	assert.equal(error.fault, 'credentials');
});

test('a permission that is missing is named, in the words of AWS', async (it) => {
	const { fake, platform } = await bench(it, { group: { desired: 1 } });
	for (const [action, work] of [
		['autoscaling:SetDesiredCapacity', () => platform.setDesired(1, soon())],
		['autoscaling:DescribePolicies', () => platform.group(soon())],
		['ec2:DescribeInstances', () => platform.group(soon())],
		['cloudwatch:GetMetricData', () => platform.usage(['i-1'], soon())],
	] as const) {
		fake.deny(action);
		const error = await faultOf(work());
		assert.deepEqual([error.fault, error.permission, error.mayPass], ['denied', action, false]);
		assert.match(
			error.message,
			new RegExp(`arn:aws:iam::123456789012:user/ballast is not authorized to perform: ${action}`),
		);
		assert.doesNotMatch(error.message, /Encoded/);
		fake.allow(action);
	}
	assert.equal(running(await platform.group(soon())) <= 1, true);
});

test('a group that is not there, a connection that breaks, an answer that never comes', async (it) => {
	const { fake, config, platform } = await bench(it);
	const other = new AwsPlatform({ ...config, group: 'nope' });
	it.after(() => other.close());
	const missing = await faultOf(other.group(soon()));
	assert.deepEqual(
		[missing.fault, missing.message],
		['not_found', 'there is no Auto Scaling group `nope` in eu-central-1'],
	);
	assert.equal((await faultOf(other.setDesired(1, soon()))).fault, 'not_found');
	fake.fail(DESCRIBE, 'drop', 10);
	assert.equal((await faultOf(platform.group(soon()))).fault, 'unreachable');
	fake.heal();
	fake.fail(DESCRIBE, 'hang', 10);
	const began = performance.now();
	const hung = await faultOf(platform.group(AbortSignal.timeout(100)));
	assert.equal(hung.fault, 'unreachable');
	assert.match(hung.message, /no answer in time/);
	assert.ok(performance.now() - began < 1500);
	const nowhere = new AwsPlatform({ ...config, endpoint: 'http://127.0.0.1:9' });
	it.after(() => nowhere.close());
	assert.equal((await faultOf(nowhere.group(soon()))).fault, 'unreachable');
});

test('busy passes, a lack of capacity does not', async (it) => {
	const { fake, platform } = await bench(it);
	for (const [code, fault, mayPass, status] of [
		['ScalingActivityInProgress', 'busy', true, 400],
		['ResourceContention', 'busy', true, 500],
		['InsufficientInstanceCapacity', 'capacity', false, 400],
		['InternalFailure', 'unreachable', true, 500],
		['SomethingNew', 'bad_request', false, 400],
	] as const) {
		fake.fail('autoscaling:SetDesiredCapacity', new Refusal(code, `because of ${code}`, status), 5);
		const error = await faultOf(platform.setDesired(1, soon()));
		assert.deepEqual([code, error.fault, error.mayPass], [code, fault, mayPass]);
		assert.match(error.message, new RegExp(`because of ${code}`));
		fake.heal();
	}
});

test('what the group does not show after a failed call is not taken for done', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 2 } });
	const { members } = await until((group) => running(group) === 2);
	fake.fail('autoscaling:TerminateInstanceInAutoScalingGroup', new Refusal('ResourceContention', 'busy', 500), 2);
	const id = members[0]?.id ?? '';
	assert.equal((await faultOf(platform.remove([id], soon()))).fault, 'busy');
	assert.deepEqual([running(await platform.group(soon())), (await platform.group(soon())).desired], [2, 2]);
	await platform.remove([id], soon());
	assert.equal((await until((group) => group.members.length === 1)).desired, 1);
});

test('a package that is missing is named with what installs it; a closed provider calls nobody', async (it) => {
	const { config, fake } = await bench(it);
	const nobody = '@aws-sdk/nobody';
	const missing = {
		name: '@aws-sdk/client-auto-scaling',
		client: 'X',
		load: () => import(nobody),
	};
	const platform = new AwsPlatform(config, { clients: new AwsClients(config, { autoscaling: missing }) });
	const error = await faultOf(platform.group(soon()));
	assert.equal(error.fault, 'bad_request');
	assert.match(
		error.message,
		/needs @aws-sdk\/client-auto-scaling: npm install @aws-sdk\/client-auto-scaling @aws-sdk\/client-ec2/,
	);
	const closed = new AwsPlatform(config);
	closed.close();
	assert.match((await faultOf(closed.group(soon()))).message, /closed/);
	assert.deepEqual(fake.calls, []);
});
