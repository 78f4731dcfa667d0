/** The suite that every platform must pass, over the AWS provider and the fake. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsPlatform } from '../../src/instances/aws/aws-platform.ts';
import { type PlatformFake, platformSuite } from '../../src/instances/platform/testing-platform-suite.ts';
import type { FakeGroup } from '../fakes/aws/cloud-state.ts';
import { FakeAws } from '../fakes/aws/fake-aws.ts';
import { Refusal } from '../fakes/aws/operation.ts';
import { awsConfig, useCredentials, writeCredentials } from '../fakes/aws/testing-aws.ts';

const READ = 'autoscaling:DescribeAutoScalingGroups';
const RESIZE = 'autoscaling:SetDesiredCapacity';
const REMOVE = 'autoscaling:TerminateInstanceInAutoScalingGroup';

class AwsFake implements PlatformFake {
	readonly #fake: FakeAws;
	readonly #group: FakeGroup;
	readonly #folder = mkdtempSync(join(tmpdir(), 'ballast-aws-'));
	#closed = false;

	private constructor(fake: FakeAws) {
		this.#fake = fake;
		useCredentials(this.#folder);
		writeCredentials(this.#folder, fake.keys);
		this.#group = fake.cloud.addGroup({ name: 'api', desired: 3, max: 100 });
	}

	static async make(): Promise<AwsFake> {
		const made = new AwsFake(await new FakeAws({ startMs: 5, endMs: 5 }).start());
		const { cloud } = made.#fake;
		while (cloud.state.instances.filter(({ lifecycle }) => lifecycle === 'InService').length < 3) {
			cloud.tick();
			await new Promise((resolve) => setTimeout(resolve, 2));
		}
		return made;
	}

	open(): AwsPlatform {
		return new AwsPlatform(awsConfig(this.#fake.url), { surroundingsMs: 0 });
	}

	get changes(): readonly string[] {
		return this.#fake.cloud.changes;
	}

	size(): number {
		return this.#group.desired;
	}

	alive(): string[] {
		this.#fake.cloud.tick();
		return this.#fake.cloud
			.membersOf('api')
			.filter(({ lifecycle }) => /^(?:Pending|InService)/.test(lifecycle))
			.map(({ id }) => id);
	}

	throttleNext(calls: number): void {
		this.#fake.throttle('*', calls);
	}

	expireCredentials(): void {
		this.#fake.keys = { accessKeyId: 'ASIANEXT', secretAccessKey: 'next-secret', sessionToken: 'next-token' };
		writeCredentials(this.#folder, this.#fake.keys);
	}

	lag(ms: number): void {
		this.#fake.cloud.lagMs = ms;
	}

	capacity(members: number): void {
		this.#fake.cloud.capacity = members;
	}

	deny(action: 'read' | 'resize' | 'remove' | null): void {
		for (const each of [READ, RESIZE, REMOVE]) this.#fake.allow(each);
		if (action !== null) this.#fake.deny({ read: READ, resize: RESIZE, remove: REMOVE }[action]);
	}

	stick(stuck: boolean): void {
		this.#fake.cloud.stuck = stuck;
	}

	silence(silent: boolean): void {
		if (silent) this.#fake.fail('*', 'hang', Number.POSITIVE_INFINITY);
		else this.#fake.heal();
	}

	outsideResize(size: number): void {
		this.#group.desired = size;
	}

	kill(id: string): void {
		const { cloud } = this.#fake;
		const instance = cloud.state.instances.find((one) => one.id === id);
		assert.ok(instance !== undefined);
		cloud.end(instance, 'an instance was taken out of service in response to an EC2 health check.');
		cloud.tick();
	}

	partial(members: number): void {
		this.#fake.fail(REMOVE, new Refusal('ScalingActivityInProgress', 'Activity is in progress.'), 1, members);
	}

	autoscaler(name: string | null): void {
		this.#fake.cloud.state.policies =
			name === null
				? []
				: [{ AutoScalingGroupName: 'api', PolicyName: name, PolicyType: 'TargetTrackingScaling', Enabled: true }];
	}

	bounds(min: number | null, max: number | null): void {
		this.#group.min = min ?? 0;
		this.#group.max = max ?? 100;
	}

	vanish(): void {
		this.#fake.cloud.state.groups = [];
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		const end = Date.now() + 500;
		let open = await this.#fake.connections;
		while (open > 0 && Date.now() < end) {
			await new Promise((resolve) => setTimeout(resolve, 5));
			open = await this.#fake.connections;
		}
		await this.#fake.close();
		rmSync(this.#folder, { recursive: true, force: true });
		assert.equal(open, 0, 'connections that the adapter left open');
		assert.deepEqual(this.#fake.violations, []);
	}
}

platformSuite('an Auto Scaling group of AWS', () => AwsFake.make(), {
	settings: { stuckMs: 1500 },
	// Credentials are found by the environment, which all of them share.
	atATime: 1,
	cannot: { capacity: 'AWS takes any size and tells later that there is no room; see aws-provider.test.ts' },
});
