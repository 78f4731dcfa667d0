/** The fake driven by AWS's own command line (botocore, with models of its own): an independent client. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { FakeAws } from '../fakes/aws/fake-aws.ts';

const ARN = 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/6d0ecf831eec9f09';
const version = spawnSync('aws', ['--version'], { encoding: 'utf8' });
const skip = version.status === 0 ? false : 'the AWS CLI is not installed (apt-get install awscli)';
const run = promisify(execFile);

async function start(it: TestContext) {
	const fake = await new FakeAws({ startMs: 1 }).start();
	it.after(() => fake.close());
	const env = {
		PATH: process.env['PATH'],
		HOME: '/nonexistent',
		AWS_ACCESS_KEY_ID: fake.keys.accessKeyId,
		AWS_SECRET_ACCESS_KEY: fake.keys.secretAccessKey,
		AWS_DEFAULT_REGION: 'eu-central-1',
		AWS_MAX_ATTEMPTS: '1',
		AWS_PAGER: '',
	};
	const aws = async (...words: string[]): Promise<Record<string, unknown>> => {
		const argv = ['--endpoint-url', fake.url, '--output', 'json', ...words];
		const { stdout } = await run('aws', argv, { env, timeout: 60_000 });
		return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
	};
	return { fake, aws };
}

test('the AWS CLI sets a size, sees the instances with their addresses and ends one', { skip }, async (it) => {
	const { fake, aws } = await start(it);
	fake.cloud.addGroup({ name: 'api', max: 4 });
	const group = ['--auto-scaling-group-name', 'api'];
	await aws('autoscaling', 'set-desired-capacity', ...group, '--desired-capacity', '2', '--no-honor-cooldown');
	await aws('autoscaling', 'describe-auto-scaling-groups', '--auto-scaling-group-names', 'api');
	const shown = await aws('autoscaling', 'describe-auto-scaling-groups', '--auto-scaling-group-names', 'api');
	const [one] = shown['AutoScalingGroups'] as { DesiredCapacity: number; Instances: Record<string, unknown>[] }[];
	assert.equal(one?.DesiredCapacity, 2);
	assert.deepEqual(
		one.Instances.map(({ LifecycleState, HealthStatus, ProtectedFromScaleIn }) => [
			LifecycleState,
			HealthStatus,
			ProtectedFromScaleIn,
		]),
		[
			['InService', 'Healthy', false],
			['InService', 'Healthy', false],
		],
	);
	const id = String(one.Instances[0]?.['InstanceId']);
	const ec2 = await aws('ec2', 'describe-instances', '--filters', `Name=instance-id,Values=${id}`);
	const [reservation] = ec2['Reservations'] as { Instances: Record<string, unknown>[] }[];
	assert.equal(reservation?.Instances[0]?.['PrivateIpAddress'], '10.0.0.1');
	const ending = ['--instance-id', id, '--should-decrement-desired-capacity'];
	const ended = await aws('autoscaling', 'terminate-instance-in-auto-scaling-group', ...ending);
	assert.equal((ended['Activity'] as { StatusCode: string }).StatusCode, 'InProgress');
	assert.equal(fake.cloud.state.groups[0]?.desired, 1);
	assert.deepEqual(fake.violations, []);
});

test('the AWS CLI reads target health and is told errors in the words of AWS', { skip }, async (it) => {
	const { fake, aws } = await start(it);
	fake.cloud.addGroup({ name: 'api', desired: 1, max: 1, targetGroupArns: [ARN] });
	fake.cloud.state.targets[ARN] = [];
	await aws('autoscaling', 'describe-scaling-activities', '--auto-scaling-group-name', 'api');
	await aws('autoscaling', 'describe-policies', '--auto-scaling-group-name', 'api');
	const health = await aws('elbv2', 'describe-target-health', '--target-group-arn', ARN);
	const [target] = health['TargetHealthDescriptions'] as { Target: { Id: string } }[];
	assert.equal(target?.Target.Id, fake.cloud.state.instances[0]?.id);
	const beyond = ['--auto-scaling-group-name', 'api', '--desired-capacity', '2'];
	await assert.rejects(aws('autoscaling', 'set-desired-capacity', ...beyond), /\(ValidationError\).*above max value 1/);
	fake.deny('ec2:DescribeInstances');
	await assert.rejects(aws('ec2', 'describe-instances'), /\(UnauthorizedOperation\).*not authorized to perform/);
	assert.deepEqual(fake.violations, []);
});
