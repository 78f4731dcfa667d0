/** An EC2 Auto Scaling group as the port wants it. */
import type { AutoScalingGroup, Instance } from '@aws-sdk/client-auto-scaling';
import type {
	ChecksPermissions,
	KeepsUp,
	KnowsUsage,
	MemberSize,
	PermissionsFound,
	Platform,
	PlatformGroup,
	PlatformUsage,
	SizeApplied,
	Sizes,
	TakesHealth,
} from '../platform/platform.ts';
import { PlatformError } from '../platform/platform-error.ts';
import { AwsClients } from './aws-clients.ts';
import type { AwsConfig } from './config.ts';
import { Endings, type Seen } from './endings.ts';
import { failureOf } from './failures.ts';
import { Kept } from './kept.ts';
import { Machines } from './machines.ts';
import { busyWith, countsAsMember, memberOf, stateOf, waitsToEnd } from './members.ts';
import { findPermissions } from './needed-permissions.ts';
import { OwnWrites } from './own-writes.ts';
import { Places } from './places.ts';
import { applySize } from './sizes.ts';
import { lookAround, type Surroundings } from './surroundings.ts';
import { TargetGroups } from './target-groups.ts';
import { USAGE_KEEP_MS, USAGE_LAG_MS, usageOf } from './usage.ts';

/** Policies, schedules and hooks change by hand: looked at this seldom, ms. */
const SURROUNDINGS_MS = 60_000;
/** Instances that one call of SetInstanceProtection takes. */
const PROTECT_BATCH = 50;

export interface AwsParts {
	readonly clients?: AwsClients;
	readonly surroundingsMs?: number;
}

export class AwsPlatform implements Platform, KnowsUsage, Sizes, TakesHealth, KeepsUp, ChecksPermissions {
	readonly kind = 'aws';
	readonly usageLagMs = USAGE_LAG_MS;
	readonly target: string;
	readonly identity: string;
	readonly #config: AwsConfig;
	readonly #clients: AwsClients;
	readonly #places: Places;
	readonly #machines: Machines;
	readonly #targets: TargetGroups;
	readonly #writes = new OwnWrites();
	readonly #endings: Endings;
	readonly #surroundings: Kept<Surroundings>;
	#usage: { ids: string; atMs: number; of: ReadonlyMap<string, PlatformUsage> } | null = null;
	readonly #seen: Seen = {
		instance: (id) => this.#instances.get(id),
		held: (id) => this.#targets.holds(id),
	};
	/** As AWS last showed it. */
	#shown: AutoScalingGroup | null = null;
	#instances: ReadonlyMap<string, Instance> = new Map();

	/** @param surroundingsMs how long policies, schedules and hooks are taken for unchanged; default a minute */
	constructor(
		config: AwsConfig,
		{ clients = new AwsClients(config), surroundingsMs = SURROUNDINGS_MS }: AwsParts = {},
	) {
		this.#config = config;
		const { profile, endpoint, region, group } = config;
		this.identity = JSON.stringify([profile, endpoint, region, group]);
		this.target = `Auto Scaling group ${config.group} in ${config.region}`;
		this.#clients = clients;
		const { call } = clients;
		this.#places = new Places(call, config.address);
		this.#machines = new Machines(call);
		this.#targets = new TargetGroups(call, config);
		this.#endings = new Endings(call, config, this.#writes);
		this.#surroundings = new Kept(surroundingsMs, (signal) => lookAround(call, config, signal));
	}

	async group(signal: AbortSignal): Promise<PlatformGroup> {
		const shown = await this.#describe(signal);
		const instances = (shown.Instances ?? []).filter(countsAsMember);
		const ids = instances.map(({ InstanceId }) => InstanceId ?? '');
		const [around, failure] = await Promise.all([
			this.#surroundings.get(signal),
			failureOf(this.#clients.call, shown, signal),
			this.#places.look(ids, signal),
			this.#targets.look(signal),
		]);
		this.#shown = shown;
		this.#instances = new Map(instances.map((instance) => [instance.InstanceId ?? '', instance]));
		this.#writes.shown(new Set(ids));
		const seen = {
			port: this.#config.port,
			place: (id: string) => this.#places.get(id),
			healthy: (id: string) => this.#targets.healthy(id),
			ended: (id: string) => this.#writes.hasEnded(id),
		};
		return {
			desired: this.#writes.sizeOf(shown.DesiredCapacity ?? 0),
			min: shown.MinSize ?? null,
			max: shown.MaxSize ?? null,
			autoscaler: around.autoscaler,
			busy: busyWith(shown, around.refresh),
			failure,
			members: instances.map((instance) => memberOf(instance, seen)),
		};
	}

	async setDesired(count: number, signal: AbortSignal): Promise<void> {
		await this.#clients.call(
			'autoscaling:SetDesiredCapacity',
			{ AutoScalingGroupName: this.#config.group, DesiredCapacity: count, HonorCooldown: false },
			signal,
		);
		this.#writes.wroteSize(count, this.#desired());
	}

	async remove(ids: readonly string[], signal: AbortSignal): Promise<void> {
		await this.#targets.settle({ staying: [], leaving: ids, attached: this.#attached() }, signal);
		const before = this.#desired();
		const { lowered, failure } = await this.#endings.end(ids, this.#seen, signal);
		if (lowered > 0 && before !== null) this.#writes.wroteSize(before - lowered, before);
		if (failure !== null) throw failure;
	}

	async keepUp(group: PlatformGroup, signal: AbortSignal): Promise<void> {
		const leaving = group.members.filter(({ life }) => life === 'leaving').map(({ id }) => id);
		const staying = group.members.filter(({ life }) => life === 'running').map(({ id }) => id);
		await this.#targets.settle({ staying, leaving, attached: this.#attached() }, signal);
		const waiting = leaving.filter((id) => waitsToEnd(this.#instances.get(id)));
		const { heartbeatMs } = await this.#surroundings.get(signal);
		const held: string[] = [];
		for (const id of waiting) {
			// Drained by us before: it goes as soon as no load balancer sends it anything.
			if (this.#writes.hasEnded(id) && !this.#targets.holds(id)) await this.#endings.release(id, signal);
			else held.push(id);
		}
		if (heartbeatMs !== null) await this.#endings.hold(held, heartbeatMs, signal);
		if (this.#config.protect) await this.#protect(staying, signal);
	}

	drained(id: string): void {
		// It may be drained before it comes to its hook. In standby it is not to end.
		if (stateOf(this.#instances.get(id)).startsWith('Terminating')) this.#writes.ended(id);
	}

	async usage(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, PlatformUsage>> {
		const key = ids.join(' ');
		const last = this.#usage;
		if (last !== null && last.ids === key && Date.now() - last.atMs < USAGE_KEEP_MS) return last.of;
		const typeOf = (id: string) => this.#instances.get(id)?.InstanceType;
		await this.#machines.look(ids.map(typeOf), signal);
		const machine = (id: string) => this.#machines.of(typeOf(id));
		const of = await usageOf({ call: this.#clients.call, machine }, ids, signal);
		this.#usage = { ids: key, atMs: Date.now(), of };
		return of;
	}

	async applySize(size: MemberSize, signal: AbortSignal): Promise<SizeApplied> {
		const group = await this.#describe(signal);
		const applied = await applySize({ call: this.#clients.call, config: this.#config, group }, size, signal);
		if (applied === 'rolling') this.#surroundings.forget();
		return applied;
	}

	/** By `DryRun`, where there is one. */
	async missingPermissions(signal: AbortSignal): Promise<PermissionsFound> {
		const group = await this.#describe(signal);
		return findPermissions({ call: this.#clients.call, config: this.#config, group }, signal);
	}

	/** AWS takes no reason: `why` is for those who tell of it. */
	async reportUnhealthy(id: string, _why: string, signal: AbortSignal): Promise<void> {
		const input = { InstanceId: id, HealthStatus: 'Unhealthy', ShouldRespectGracePeriod: true };
		try {
			await this.#clients.call('autoscaling:SetInstanceHealth', input, signal);
		} catch (error) {
			if (!(error instanceof PlatformError && error.fault === 'not_found')) throw error;
		}
	}

	close(): void {
		this.#clients.close();
	}

	async #describe(signal: AbortSignal): Promise<AutoScalingGroup> {
		const { group, region } = this.#config;
		const input = { AutoScalingGroupNames: [group] };
		const answer = await this.#clients.call('autoscaling:DescribeAutoScalingGroups', input, signal);
		const found = answer.AutoScalingGroups?.find(({ AutoScalingGroupName: name }) => name === group);
		if (found === undefined)
			throw new PlatformError('not_found', `there is no Auto Scaling group \`${group}\` in ${region}`);
		return found;
	}

	/** What the group aims at, as far as it is known. */
	#desired(): number | null {
		const shown = this.#shown?.DesiredCapacity;
		return shown === undefined ? null : this.#writes.sizeOf(shown);
	}

	#attached(): readonly string[] {
		return this.#shown?.TargetGroupARNs ?? [];
	}

	async #protect(ids: readonly string[], signal: AbortSignal): Promise<void> {
		const open = ids.filter((id) => this.#instances.get(id)?.ProtectedFromScaleIn === false);
		for (let at = 0; at < open.length; at += PROTECT_BATCH) {
			const InstanceIds = open.slice(at, at + PROTECT_BATCH);
			const input = { AutoScalingGroupName: this.#config.group, InstanceIds, ProtectedFromScaleIn: true };
			await this.#clients.call('autoscaling:SetInstanceProtection', input, signal);
		}
	}
}
