/**
 * A managed instance group, zonal or regional. Its target size is the size; VMs are removed by a deletion that
 * names them, which lowers the target by as many.
 */
import { numberAt, textAt, valueAt } from '../platform/json-reading.ts';
import {
	type ChecksPermissions,
	type KnowsUsage,
	type MemberSize,
	machineUsage,
	type PermissionsFound,
	type Platform,
	type PlatformGroup,
	type PlatformUsage,
	type SizeApplied,
	type Sizes,
} from '../platform/platform.ts';
import { PlatformError } from '../platform/platform-error.ts';
import type { TokenSource } from '../platform/rest-client.ts';
import { type AcceptedOperation, RunningOperations } from '../platform/running-operations.ts';
import type { GcpConfig } from './config.ts';
import { GcpTokens } from './gcp-tokens.ts';
import { InstanceGroupApi, nameOf } from './instance-group-api.ts';
import { MachineTypes } from './machine-types.ts';
import { factsOf, type InstanceFacts, type ManagedInstance, managedInstanceOf, memberOf } from './managed-members.ts';
import { findPermissions } from './needed-permissions.ts';
import { rollOut } from './sizes.ts';
import { CPU_METRIC, MEMORY_METRIC, newestByInstance } from './vm-usage.ts';

const STUCK_MS = 900_000;
/** Lists and sizes show a change within seconds. */
const LAG_MS = 15_000;
/** Figures of Compute Engine come each minute and up to four minutes late. */
const METRICS_OVER_MS = 600_000;
/** A look asks for the addresses of so many new VMs, the next one for more. */
const ADDRESSES_A_LOOK = 64;
const ADDRESSES_AT_ONCE = 8;
/** More are refused. */
const MOST_DELETED_AT_ONCE = 1000;

export interface GcpNeeds {
	/** How late what is read may be, ms; default 15 s. */
	readonly lagMs?: number;
	/** Default: those that `google-auth-library` finds. */
	readonly tokens?: TokenSource;
	/** After which an operation is called stuck, ms; default 15 minutes. */
	readonly stuckMs?: number;
}

export class GcpPlatform implements Platform, KnowsUsage, Sizes, ChecksPermissions {
	readonly kind = 'gcp';
	readonly target: string;
	readonly identity: string;
	readonly lagMs: number;
	readonly #config: GcpConfig;
	readonly #api: InstanceGroupApi;
	readonly #operations: RunningOperations;
	readonly #types: MachineTypes;
	/** As last seen. */
	#desired = 0;
	/** By name. */
	#facts: ReadonlyMap<string, InstanceFacts> = new Map();

	constructor(config: GcpConfig, needs: GcpNeeds = {}) {
		this.#config = config;
		this.lagMs = needs.lagMs ?? LAG_MS;
		this.target = `instance group ${config.project}/${config.place.name}/${config.group}`;
		this.identity = `${config.endpoint} ${config.place.kind} ${this.target}`;
		this.#api = new InstanceGroupApi(config, needs.tokens ?? new GcpTokens());
		this.#types = new MachineTypes((link, signal) => this.#api.machineType(link, signal));
		this.#operations = new RunningOperations(needs.stuckMs ?? STUCK_MS);
	}

	async group(signal: AbortSignal): Promise<PlatformGroup> {
		const manager = await this.#api.manager(signal);
		await this.#operations.look(signal);
		const instances = await this.#instances(signal);
		await this.#findFacts(instances, signal);
		const desired = numberAt(manager, 'targetSize');
		if (desired === null) throw new PlatformError('bad_request', `${this.target} has no size that could be set`);
		this.#desired = desired;
		return {
			desired,
			min: null,
			max: null,
			autoscaler: await this.#autoscalerOf(manager, signal),
			busy: this.#operations.busy ?? busyOf(manager),
			...this.#operations.failing,
			failure: this.#operations.failure ?? instances.find((one) => one.fault !== null)?.fault ?? null,
			members: instances.map((one) => memberOf(one, this.#facts.get(one.name), this.#config.port)),
		};
	}

	async setDesired(count: number, signal: AbortSignal): Promise<void> {
		const grows = count >= this.#desired;
		this.#goesOn(await this.#api.resize(count, signal), grows ? 'out' : 'in');
	}

	async remove(ids: readonly string[], signal: AbortSignal): Promise<void> {
		// Links are taken from the group itself: a name alone says no zone, and one that is gone must not be named.
		const there = (await this.#instances(signal)).filter((one) => ids.includes(one.name) && one.action !== 'DELETING');
		const links = there.map((one) => one.link);
		for (let from = 0; from < links.length; from += MOST_DELETED_AT_ONCE) {
			const some = links.slice(from, from + MOST_DELETED_AT_ONCE);
			this.#goesOn(await this.#api.deleteInstances(some, signal), 'in');
		}
	}

	async usage(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, PlatformUsage>> {
		const known = ids.map((id) => [id, this.#facts.get(id)?.numericId ?? ''] as const).filter(([, id]) => id !== '');
		if (known.length === 0) return new Map();
		const to = new Date();
		const span = { from: new Date(to.getTime() - METRICS_OVER_MS), to };
		const named = `metadata.system_labels.instance_group = "${this.#config.group}"`;
		const ask = async (metric: string, where: string) =>
			newestByInstance(await this.#api.timeSeries({ metric, where, ...span }, signal));
		const [cpu, memory] = await Promise.all([
			ask(CPU_METRIC, named),
			ask(MEMORY_METRIC, `${named} AND metric.labels.state = "used"`),
		]);
		const typeOf = (id: string) => this.#facts.get(id)?.machineType ?? '';
		await this.#types.look(
			known.map(([id]) => typeOf(id)),
			signal,
		);
		const found = new Map<string, PlatformUsage>();
		for (const [id, numericId] of known) {
			const [load, used] = [cpu.get(numericId), memory.get(numericId)];
			if (load === undefined && used === undefined) continue;
			// The older of both: a figure is never taken for newer than it is.
			const atMs = Math.min(load?.atMs ?? Number.POSITIVE_INFINITY, used?.atMs ?? Number.POSITIVE_INFINITY);
			const shares = { cpu: load?.value ?? null, memory: used === undefined ? null : used.value / 100, atMs };
			found.set(id, machineUsage(shares, this.#types.of(typeOf(id))));
		}
		return found;
	}

	async applySize(size: MemberSize, signal: AbortSignal): Promise<SizeApplied> {
		const manager = await this.#api.manager(signal);
		const begun = await rollOut({ api: this.#api, config: this.#config, manager }, size, signal);
		if (begun === null) return 'same';
		this.#goesOn(begun.operation);
		return 'rolling';
	}

	missingPermissions(signal: AbortSignal): Promise<PermissionsFound> {
		return findPermissions(this.#api, this.#config, signal);
	}

	close(): void {}

	#goesOn(operation: AcceptedOperation | null, failing?: 'out' | 'in'): void {
		if (operation !== null) this.#operations.add(operation, failing);
	}

	async #instances(signal: AbortSignal): Promise<ManagedInstance[]> {
		return (await this.#api.managedInstances(signal)).map(managedInstanceOf).filter((one) => one !== null);
	}

	/** Asks for the addresses of VMs that are new. */
	async #findFacts(instances: readonly ManagedInstance[], signal: AbortSignal): Promise<void> {
		const facts = new Map<string, InstanceFacts>();
		const missing: ManagedInstance[] = [];
		for (const one of instances) {
			const kept = this.#facts.get(one.name);
			if (kept !== undefined && kept.host !== '' && kept.numericId === one.numericId) facts.set(one.name, kept);
			else if (one.status === 'RUNNING') missing.push(one);
		}
		const queue = missing.slice(0, ADDRESSES_A_LOOK);
		const ask = async () => {
			for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
				const found = await this.#factsOf(one, signal);
				if (found !== null) facts.set(one.name, found);
			}
		};
		await Promise.all(Array.from({ length: Math.min(ADDRESSES_AT_ONCE, queue.length) }, ask));
		this.#facts = facts;
	}

	async #factsOf(one: ManagedInstance, signal: AbortSignal): Promise<InstanceFacts | null> {
		try {
			return factsOf(await this.#api.instance(one.link, signal), this.#config.address);
		} catch (error) {
			// Gone since the list was made.
			if (error instanceof PlatformError && error.fault === 'not_found') return null;
			throw error;
		}
	}

	/** One whose mode is OFF changes nothing. */
	async #autoscalerOf(manager: unknown, signal: AbortSignal): Promise<string | null> {
		const link = textAt(manager, 'status', 'autoscaler');
		if (link === '') return null;
		const autoscaler = await this.#api.autoscaler(link, signal);
		return textAt(autoscaler, 'autoscalingPolicy', 'mode') === 'OFF' ? null : nameOf(link);
	}
}

/** `creating 2, deleting 1`; null: the group is as it should be. */
function busyOf(manager: unknown): string | null {
	if (valueAt(manager, 'status', 'isStable') !== false) return null;
	const actions = valueAt(manager, 'currentActions');
	const words = Object.entries(typeof actions === 'object' && actions !== null ? actions : {})
		.filter(([name, count]) => name !== 'none' && typeof count === 'number' && count > 0)
		.map(([name, count]) => `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${count}`);
	return words.slice(0, 8).join(', ') || 'the group is not stable';
}
