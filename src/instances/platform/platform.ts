/**
 * The port to a platform's group of instances: a Deployment, an Auto Scaling group, a scale set, commands.
 * `PlatformProvider` does the rest for all of them: looks, resizes, drains, retries, tells.
 *
 * Each call takes an AbortSignal with its time limit. Errors are translated here, once, to `PlatformError`.
 */

import type { PlatformError } from './platform-error.ts';

/** A member of the group as the platform shows it. */
export interface PlatformMember {
	/** The platform's own name for it: `api-7d4f-x2x9z`, `i-0abc…`. */
	readonly id: string;
	/** Address; empty while it has none. */
	readonly host: string;
	readonly port: number;
	/** `pending`: no address or not started yet. `running`: can be probed. `leaving`: the platform ends it. `failed`: it will not come. */
	readonly life: 'pending' | 'running' | 'leaving' | 'failed';
	/** The platform's own word on its health; null: it says nothing. */
	readonly ready: boolean | null;
	/** Epoch ms; 0: not known. */
	readonly startedAt: number;
	/** Half a sentence, may be empty. */
	readonly note: string;
	/** How often it was ended for want of memory under this id; null or missing: not known. */
	readonly memoryEnds?: MemoryEnds | null;
}

export interface MemoryEnds {
	/** Never falls while the member lives. */
	readonly count: number;
	/** What it could have the last time, bytes; null: not known. */
	readonly memoryBytes: number | null;
}

/** What a member is given; null: not bounded, or not known. */
export interface MemberSize {
	/** Cores. */
	readonly cpu: number | null;
	readonly memoryBytes: number | null;
}

export interface PlatformGroup {
	/** The size that the platform aims at. */
	readonly desired: number;
	/** The group's own bounds; null: none. A size outside is refused by the platform. */
	readonly min: number | null;
	readonly max: number | null;
	/** Name of an autoscaler of the platform on the same group; null: none. */
	readonly autoscaler: string | null;
	/** Changes are under way that the platform has not finished; half a sentence; null: none. */
	readonly busy: string | null;
	/** Why the platform does not come to the size that it aims at, where it says so later than `setDesired` returned; null or missing: nothing known. */
	readonly failure?: PlatformError | null;
	/** What `failure` keeps it from: growing, or letting members go. Missing: told from its kind and from who is there. */
	readonly failing?: 'out' | 'in';
	readonly members: readonly PlatformMember[];
}

export interface PlatformUsage {
	/** Of what the member is given, 0…1 and above; null: not known. */
	readonly cpu: number | null;
	readonly memory: number | null;
	/** CPU in use of what a change of size is for, cores; null: not known. */
	readonly cores: number | null;
	/** Memory in use, likewise, bytes; null: not known. */
	readonly memoryBytes: number | null;
	/** What it is given now; null: not known. */
	readonly given: MemberSize | null;
	/** Epoch ms of the measurement. */
	readonly atMs: number;
}

/** The usage of a whole machine, of which the platform tells shares. `machine` null: its size is not known. */
export function machineUsage(
	shares: Pick<PlatformUsage, 'cpu' | 'memory' | 'atMs'>,
	machine: MemberSize | null,
): PlatformUsage {
	const of = (share: number | null, whole: number | null | undefined): number | null =>
		share === null || whole === null || whole === undefined ? null : share * whole;
	return {
		...shares,
		cores: of(shares.cpu, machine?.cpu),
		memoryBytes: of(shares.memory, machine?.memoryBytes),
		given: machine,
	};
}

export interface Platform {
	/** `kubernetes`, `aws`, … */
	readonly kind: string;
	/** What it acts on, for people: `deployment default/api`. */
	readonly target: string;
	/** What tells the group from every other one, clusters and accounts included; default `target`. */
	readonly identity?: string;
	/** How long `group` may still show what was before a change, ms; default 0. */
	readonly lagMs?: number;
	/** @throws PlatformError */
	group(signal: AbortSignal): Promise<PlatformGroup>;
	/** Aims at more, or at as many as leave by themselves. Idempotent: the same size twice is no change. @throws PlatformError */
	setDesired(count: number, signal: AbortSignal): Promise<void>;
	/** Ends these members, drained before, and lowers the size by as many. One that is gone already is no error. @throws PlatformError */
	remove(ids: readonly string[], signal: AbortSignal): Promise<void>;
	close(): void;
}

/** Extension: tells of changes as they happen, rather than only when it is asked. */
export interface WatchesGroup {
	/** Calls `changed` when the group is worth looking at again, until the signal aborts. Reconnects by itself. */
	watchGroup(changed: () => void, signal: AbortSignal): void;
}

/** Extension: the platform has a say in who leaves first: a StatefulSet ends the highest ordinals only. */
export interface OrdersLeaving {
	/** All that were given, the first to leave first. */
	leavingOrder(ids: readonly string[]): readonly string[];
	/** None can be removed while one that comes before it stays. Default false. */
	readonly leavesInOrder?: boolean;
}

/** Extension: knows what members use. */
export interface KnowsUsage {
	/** How old a reading may be when it comes, ms; default 0. */
	readonly usageLagMs?: number;
	usage(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, PlatformUsage>>;
}

/** Extension: has work of its own to do for its members: registrations, heartbeats, letting go of who is drained. */
export interface KeepsUp {
	/** Called after each look, by the active owner alone. @throws PlatformError */
	keepUp(group: PlatformGroup, signal: AbortSignal): Promise<void>;
	/** Nothing is in flight any more at a member that leaves by itself; `keepUp` then sees to it. */
	drained(id: string): void;
}

/** Extension: members can be given another size. */
export interface Sizes {
	/**
	 * Members, those that come later too, are to have this; null: whatever they are given.
	 * @throws PlatformError
	 */
	applySize(size: MemberSize, signal: AbortSignal): Promise<SizeApplied>;
}

/** `live`: they have it now; `rolling`: the platform replaces them one after the other; `same`: they had it already. */
export type SizeApplied = 'live' | 'rolling' | 'same';

/** Extension: takes word of members that our probes find dead. */
export interface TakesHealth {
	reportUnhealthy(id: string, why: string, signal: AbortSignal): Promise<void>;
}

/** Extension: can tell beforehand what it would not be allowed, without changing anything. */
export interface ChecksPermissions {
	/** What is needed to look, to resize, to remove and to give a size, and is not granted. @throws PlatformError */
	missingPermissions(signal: AbortSignal): Promise<readonly string[] | PermissionsFound>;
}

/** As `PlatformError.permission` names them. */
export interface PermissionsFound {
	readonly missing: readonly string[];
	/** Of those that are needed: nothing can be said of them beforehand. */
	readonly untested: readonly string[];
	/** Half a sentence: why not. */
	readonly why: string;
}

export function checksPermissions(platform: object): platform is ChecksPermissions {
	return 'missingPermissions' in platform;
}

export function watchesGroup(platform: object): platform is WatchesGroup {
	return 'watchGroup' in platform;
}

export function ordersLeaving(platform: object): platform is OrdersLeaving {
	return 'leavingOrder' in platform;
}

export function knowsUsage(platform: object): platform is KnowsUsage {
	return 'usage' in platform;
}

export function keepsUp(platform: object): platform is KeepsUp {
	return 'keepUp' in platform;
}

export function sizesMembers(platform: object): platform is Sizes {
	return 'applySize' in platform;
}

export function takesHealth(platform: object): platform is TakesHealth {
	return 'reportUnhealthy' in platform;
}
