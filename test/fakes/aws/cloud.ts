/**
 * What the fake cloud holds, and how it changes by itself: instances that start and end, launches that fail,
 * hooks that wait. Nothing here ticks: the state is brought up to the present whenever it is looked at.
 */
import {
	type CloudState,
	type CloudTimes,
	EMPTY,
	type FakeActivity,
	type FakeGroup,
	type FakeInstance,
} from './cloud-state.ts';

/** The fake keeps no more of what has ended. */
const KEPT = 1000;

export class Cloud {
	readonly state: CloudState = structuredClone(EMPTY);
	readonly times: CloudTimes;
	/** Instances that the platform has; more fail to launch. */
	capacity: number = Number.POSITIVE_INFINITY;
	/** The same of addresses: `127.0.1.` gives 127.0.1.1, 127.0.1.2 … */
	addresses = '10.0.0.';
	/** Instances that start do not come into service. */
	stuck = false;
	/** Changes of sizes that were taken: `4`, and `-i-…` for an instance that was ended with its place. */
	readonly changes: string[] = [];
	#lag = { ms: 0, from: 0 };
	#serial = 0;
	#launched = 0;
	readonly #snapshots: { at: number; state: CloudState }[] = [];

	constructor(times: Partial<CloudTimes> = {}) {
		this.times = { startMs: 20, endMs: 20, registerMs: 10, retryMs: 200, ...times };
	}

	addGroup(group: Partial<FakeGroup> & { name: string; instanceType?: string }): FakeGroup {
		const { instanceType = 'm6i.large', ...given } = group;
		const template = { id: `lt-${hex(this.#next(), 17)}`, name: `${group.name}-template`, version: '1' };
		this.state.templates[template.id] = { name: template.name, versions: [instanceType], tokens: {} };
		const made: FakeGroup = {
			min: 0,
			max: 10,
			desired: 0,
			targetGroupArns: [],
			suspended: [],
			template,
			retryAt: 0,
			...given,
		};
		this.state.groups.push(made);
		return made;
	}

	/** Instances of a group, those that are leaving too. */
	membersOf(group: string): FakeInstance[] {
		return this.state.instances.filter((instance) => instance.group === group);
	}

	/** From now on what `view` shows lies behind, ms; it never goes back behind this moment. */
	set lagMs(ms: number) {
		this.#snapshots.push({ at: Date.now(), state: structuredClone(this.state) });
		this.#lag = { ms, from: Date.now() };
	}

	/** What a reader is shown: the state as it was a lag ago. */
	view(): CloudState {
		if (this.#lag.ms === 0) return this.state;
		const limit = Math.max(this.#lag.from, Date.now() - this.#lag.ms);
		return (this.#snapshots.findLast(({ at }) => at <= limit) ?? this.#snapshots[0])?.state ?? this.state;
	}

	/** Brings everything up to the present. To be called before and after each request. */
	tick(): void {
		const now = Date.now();
		for (const instance of this.state.instances)
			if (instance.dueAt !== null && instance.dueAt <= now) this.#goOn(instance);
		for (const targets of Object.values(this.state.targets)) {
			for (const target of targets) if (target.state === 'initial' && target.dueAt <= now) target.state = 'healthy';
		}
		this.state.instances = this.state.instances.filter((instance) => !this.state.ended.includes(instance));
		this.state.ended.splice(0, this.state.ended.length - KEPT);
		for (const group of this.state.groups) this.#reconcile(group, now);
		this.#snapshots.push({ at: now, state: structuredClone(this.state) });
		this.#snapshots.splice(0, this.#snapshots.length - 200);
	}

	/** The same as the platform's own end of an instance: through the hook, if there is one. */
	end(instance: FakeInstance, cause: string): void {
		if (instance.lifecycle.startsWith('Terminating')) return;
		instance.lifecycle = 'Terminating';
		instance.dueAt = Date.now() + 1;
		this.log(instance.group, {
			description: `Terminating EC2 instance: ${instance.id}`,
			cause,
			statusCode: 'InProgress',
			statusMessage: null,
		});
	}

	/** The hook's work is done: the instance goes. */
	proceed(instance: FakeInstance): void {
		instance.lifecycle = 'Terminating:Proceed';
		instance.dueAt = Date.now() + this.times.endMs;
	}

	log(group: string, activity: Omit<FakeActivity, 'id' | 'group' | 'startedAt'>): FakeActivity {
		const id = `${hex(this.#next(), 8)}-0000-4000-8000-000000000000`;
		const made = { id, group, startedAt: Date.now(), ...activity };
		this.state.activities.unshift(made);
		this.state.activities.splice(KEPT);
		return made;
	}

	#goOn(instance: FakeInstance): void {
		if (this.stuck && instance.lifecycle === 'Pending') return;
		instance.dueAt = null;
		if (instance.lifecycle === 'Pending') {
			instance.lifecycle = 'InService';
			const group = this.state.groups.find(({ name }) => name === instance.group);
			for (const arn of group?.targetGroupArns ?? []) this.register(arn, instance.id, 80);
			return;
		}
		if (instance.lifecycle === 'Terminating') {
			for (const targets of Object.values(this.state.targets)) {
				const at = targets.findIndex(({ id }) => id === instance.id);
				if (at !== -1) targets.splice(at, 1);
			}
			const hook = this.state.hooks.find(
				(one) =>
					one.AutoScalingGroupName === instance.group &&
					one.LifecycleTransition === 'autoscaling:EC2_INSTANCE_TERMINATING',
			);
			if (hook === undefined) return this.proceed(instance);
			instance.lifecycle = 'Terminating:Wait';
			instance.dueAt = Date.now() + (hook.HeartbeatTimeout ?? 3600) * 1000;
			return;
		}
		if (instance.lifecycle === 'Terminating:Wait') return this.proceed(instance);
		if (instance.lifecycle === 'Terminating:Proceed') this.state.ended.push(instance);
	}

	register(arn: string, id: string, port: number): void {
		const targets = (this.state.targets[arn] ??= []);
		if (targets.some((target) => target.id === id && target.port === port)) return;
		targets.push({ id, port, state: 'initial', dueAt: Date.now() + this.times.registerMs });
	}

	#reconcile(group: FakeGroup, now: number): void {
		const counted = this.membersOf(group.name).filter(({ lifecycle }) => /^(?:Pending|InService)/.test(lifecycle));
		for (const instance of counted) {
			if (instance.health === 'Unhealthy' && !group.suspended.includes('ReplaceUnhealthy'))
				this.end(instance, 'an instance was taken out of service in response to a failed health check.');
		}
		const live = counted.filter(({ lifecycle }) => !lifecycle.startsWith('Terminating'));
		const wanted = group.desired + this.#refresh(group, live);
		if (!group.suspended.includes('Terminate')) {
			const ending = live.filter((instance) => !instance.protected).slice(0, Math.max(0, live.length - wanted));
			for (const instance of ending) this.end(instance, 'a difference between desired and actual capacity.');
		}
		if (group.suspended.includes('Launch') || group.retryAt > now) return;
		for (let missing = wanted - live.length; missing > 0; missing--) {
			if (!this.#launch(group, now)) return;
		}
	}

	/** An instance refresh that launches before it ends: one at a time. Gives how many more it wants there to be. */
	#refresh(group: FakeGroup, live: FakeInstance[]): 0 | 1 {
		const refresh = this.state.refreshes.find((one) => one.group === group.name && one.status !== 'Successful');
		if (refresh === undefined) return 0;
		const old = live.filter(({ templateVersion }) => templateVersion !== refresh.version);
		const settled = this.membersOf(group.name).every(({ lifecycle }) => lifecycle === 'InService');
		const [first] = old;
		if (first === undefined) {
			if (settled) refresh.status = 'Successful';
			return 0;
		}
		if (!settled || live.length <= group.desired) return 1;
		this.end(first, 'instance refresh.');
		live.splice(live.indexOf(first), 1);
		return old.length > 1 ? 1 : 0;
	}

	/** false: the platform has no more. */
	#launch(group: FakeGroup, now: number): boolean {
		const template = group.template === null ? undefined : this.state.templates[group.template.id];
		const type = template?.versions[Number(group.template?.version) - 1] ?? 'm6i.large';
		if (this.state.instances.length >= this.capacity) {
			group.retryAt = now + this.times.retryMs;
			this.log(group.name, {
				description: 'Launching a new EC2 instance.  Status Reason: no capacity.',
				cause: 'an instance was started in response to a difference between desired and actual capacity.',
				statusCode: 'Failed',
				statusMessage: `We currently do not have sufficient ${type} capacity in the Availability Zone you requested (eu-central-1a). Our system will be working on provisioning additional capacity. Launching EC2 instance failed.`,
			});
			return false;
		}
		const serial = ++this.#launched;
		const id = `i-${hex(serial, 17)}`;
		this.state.instances.push({
			id,
			group: group.name,
			lifecycle: 'Pending',
			health: 'Healthy',
			protected: false,
			type,
			privateIp: `${this.addresses}${serial}`,
			publicIp: `203.0.113.${serial}`,
			ipv6: `2001:db8::${serial.toString(16)}`,
			launchedAt: now,
			dueAt: now + this.times.startMs,
			templateVersion: group.template?.version ?? '1',
		});
		this.log(group.name, {
			description: `Launching a new EC2 instance: ${id}`,
			cause: 'an instance was started in response to a difference between desired and actual capacity.',
			statusCode: 'Successful',
			statusMessage: null,
		});
		return true;
	}

	#next(): number {
		return ++this.#serial;
	}
}

function hex(serial: number, digits: number): string {
	return serial.toString(16).padStart(digits, '0');
}
