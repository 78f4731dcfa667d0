/** The fake driven by the official SDK itself, without Ballast: a second, independent judge of it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
	AutoScalingClient,
	DescribeAutoScalingGroupsCommand,
	DescribeScalingActivitiesCommand,
	SetDesiredCapacityCommand,
	TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
	DescribeTargetHealthCommand,
	ElasticLoadBalancingV2Client,
	RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { FakeAws } from '../fakes/aws/fake-aws.ts';

const ARN = 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/6d0ecf831eec9f09';

async function start(it: TestContext) {
	const fake = await new FakeAws().start();
	const credentials = { ...fake.keys, sessionToken: undefined as never };
	const options = { region: 'eu-central-1', endpoint: fake.url, credentials, maxAttempts: 1 };
	const clients = {
		scaling: new AutoScalingClient(options),
		ec2: new EC2Client(options),
		elb: new ElasticLoadBalancingV2Client(options),
		watch: new CloudWatchClient(options),
	};
	it.after(async () => {
		for (const client of Object.values(clients)) client.destroy();
		await fake.close();
	});
	return { fake, options, ...clients };
}

const named = { AutoScalingGroupName: 'api' };

test('a group grows, shrinks and tells of it', async (it) => {
	const { fake, scaling, ec2 } = await start(it);
	fake.cloud.addGroup({ name: 'api' });
	fake.cloud.addGroup({ name: 'other' });
	await scaling.send(new SetDesiredCapacityCommand({ ...named, DesiredCapacity: 2, HonorCooldown: false }));
	const instances = async () => {
		const answer = await scaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ['api'] }));
		assert.equal(answer.AutoScalingGroups?.length, 1);
		return answer.AutoScalingGroups[0]?.Instances ?? [];
	};
	while (!(await instances()).every(({ LifecycleState }) => LifecycleState === 'InService'));
	const [one, two] = await instances();
	assert.ok(one !== undefined && two !== undefined);
	const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [one.InstanceId ?? ''] }));
	assert.equal(Reservations?.[0]?.Instances?.[0]?.PrivateIpAddress, '10.0.0.1');
	assert.ok(Reservations[0].Instances[0]?.LaunchTime instanceof Date);
	await assert.rejects(ec2.send(new DescribeInstancesCommand({ InstanceIds: ['i-0bad'] })), {
		name: 'InvalidInstanceID.NotFound',
	});
	await scaling.send(
		new TerminateInstanceInAutoScalingGroupCommand({
			InstanceId: one.InstanceId,
			ShouldDecrementDesiredCapacity: true,
		}),
	);
	while ((await instances()).length > 1);
	const { Activities } = await scaling.send(new DescribeScalingActivitiesCommand(named));
	assert.match(Activities?.[0]?.Description ?? '', /^Terminating EC2 instance/);
	assert.deepEqual(fake.violations, []);
});

test('a list of groups comes in pages', async (it) => {
	const { fake, scaling } = await start(it);
	for (let at = 0; at < 5; at++) fake.cloud.addGroup({ name: `g${at}` });
	const names: (string | undefined)[] = [];
	let NextToken: string | undefined;
	do {
		const answer = await scaling.send(new DescribeAutoScalingGroupsCommand({ MaxRecords: 2, NextToken }));
		names.push(...(answer.AutoScalingGroups ?? []).map(({ AutoScalingGroupName }) => AutoScalingGroupName));
		({ NextToken } = answer);
	} while (NextToken !== undefined);
	assert.deepEqual(names, ['g0', 'g1', 'g2', 'g3', 'g4']);
});

test('targets and figures', async (it) => {
	const { fake, elb, scaling, watch } = await start(it);
	fake.cloud.addGroup({ name: 'api', desired: 1 });
	fake.cloud.state.targets[ARN] = [];
	await scaling.send(new DescribeAutoScalingGroupsCommand({}));
	const Id = fake.cloud.state.instances[0]?.id;
	await elb.send(new RegisterTargetsCommand({ TargetGroupArn: ARN, Targets: [{ Id, Port: 8080 }] }));
	const { TargetHealthDescriptions: health } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: ARN }));
	assert.deepEqual(
		health?.map(({ Target }) => Target),
		[{ Id, Port: 8080 }],
	);
	fake.metrics.add(`AWS/EC2|CPUUtilization|${Id}`, { atMs: Date.now() - 1000, value: 12 });
	const Metric = {
		Namespace: 'AWS/EC2',
		MetricName: 'CPUUtilization',
		Dimensions: [{ Name: 'InstanceId', Value: Id }],
	};
	const { MetricDataResults } = await watch.send(
		new GetMetricDataCommand({
			StartTime: new Date(Date.now() - 60_000),
			EndTime: new Date(),
			MetricDataQueries: [{ Id: 'a', MetricStat: { Metric, Period: 60, Stat: 'Average' } }],
		}),
	);
	assert.deepEqual(MetricDataResults?.[0]?.Values, [12]);
	assert.deepEqual(fake.violations, []);
});

test('a request that is not signed, wrongly signed or changed after it was signed fails', async (it) => {
	const { fake, options } = await start(it);
	const body = 'Action=DescribeAutoScalingGroups&Version=2011-01-01';
	const plain = await fetch(fake.url, { method: 'POST', body });
	assert.equal(plain.status, 403);
	assert.match(await plain.text(), /MissingAuthenticationToken/);
	const credentials = { ...options.credentials, secretAccessKey: 'wrong' };
	const wrong = new AutoScalingClient({ ...options, credentials });
	it.after(() => wrong.destroy());
	await assert.rejects(wrong.send(new DescribeAutoScalingGroupsCommand({})), { name: 'SignatureDoesNotMatch' });
	const changed = new AutoScalingClient(options);
	it.after(() => changed.destroy());
	changed.middlewareStack.add(
		(next) => (args) => {
			const request = args.request as { body: string };
			request.body = request.body.replace('Version=2011', 'Version=2012');
			return next(args);
		},
		{ step: 'finalizeRequest', priority: 'low' },
	);
	await assert.rejects(changed.send(new DescribeAutoScalingGroupsCommand({})), { name: 'SignatureDoesNotMatch' });
	assert.equal(fake.calls.length, 0);
});

test('what the model does not know, or misses, is refused and remembered', async (it) => {
	const { fake, scaling } = await start(it);
	await assert.rejects(scaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: 'api' } as never)), {
		name: /ValidationError/,
		message: /DesiredCapacity: missing/,
	});
	assert.match(
		fake.violations.join(),
		/request autoscaling:SetDesiredCapacity: SetDesiredCapacityType\.DesiredCapacity: missing/,
	);
	await assert.rejects(scaling.send(new SetDesiredCapacityCommand({ ...named, DesiredCapacity: 'two' } as never)), {
		message: /DesiredCapacity: `two` is no number/,
	});
	scaling.middlewareStack.add(
		(next) => (args) => {
			(args.request as { body: string }).body += '&Desired=2';
			return next(args);
		},
		{ step: 'serialize', priority: 'low' },
	);
	await assert.rejects(scaling.send(new SetDesiredCapacityCommand({ ...named, DesiredCapacity: 2 })), {
		message: /Desired: no such parameter/,
	});
});

test('an answer that is not as the model says is an error of the fake', async (it) => {
	const { fake, scaling } = await start(it);
	const group = fake.cloud.addGroup({ name: 'api' });
	(group as { min: unknown }).min = 'none';
	await assert.rejects(scaling.send(new DescribeAutoScalingGroupsCommand({})), { name: /InternalFailure/ });
	assert.match(fake.violations.join(), /answer autoscaling:DescribeAutoScalingGroups: .*MinSize: expected number/);
});
