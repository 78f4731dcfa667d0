/**
 * The port that every kind of instances implements: `urls`, `dns`, `run`; later the platforms.
 *
 * A provider knows which instances a service should have, and where. It neither probes nor routes:
 * its watcher does, tells it by `reached` how probes see an instance, and calls `remove` once
 * nothing is in flight at an instance that is `leaving`.
 */
import type { InstanceSize } from './config.ts';

/**
 * - `pending`: wanted, nothing to probe yet (a process that is being spawned);
 * - `running`: can be probed;
 * - `leaving`: to be drained and then removed;
 * - `exited`: not there now; the provider brings it back or lets it go.
 */
export type Life = 'pending' | 'running' | 'leaving' | 'exited';

/** An instance as its provider sees it. */
export interface ProvidedInstance {
	/** Unique in the node, stable over restarts: `videos-1`, `legacy@10.0.0.5:8080`. */
	readonly id: string;
	readonly host: string;
	/** 0 while none is known. */
	readonly port: number;
	readonly tls: boolean;
	/** 1 is normal. */
	readonly weight: number;
	readonly life: Life;
	readonly pid: number | null;
	/** Counts the lives under this id: a new number means that connections to the old address are of no use. */
	readonly epoch: number;
	/** Epoch ms at which this life began. */
	readonly startedAt: number;
	readonly restarts: number;
	/** Why it is as it is, one sentence; may be empty. */
	readonly note: string;
}

export interface InstanceEvent {
	/** null: about the service as a whole. */
	readonly instance: string | null;
	readonly kind: string;
	readonly text: string;
	/** Of a failure: what happened, without what is done about it; half a sentence. */
	readonly cause?: string;
	/** Of `out_of_memory`: what it could have, where the platform says it; bytes. */
	readonly memoryBytes?: number;
	readonly level: 'info' | 'warn' | 'error';
}

export interface ProviderWatcher {
	/** A new instance, or one whose facts changed. */
	changed(instance: ProvidedInstance): void;
	/** It is no longer in `list`. */
	gone(id: string): void;
	event(event: InstanceEvent): void;
}

export interface Provider<C = unknown> {
	readonly kind: string;
	list(): readonly ProvidedInstance[];
	/** Begins; called once. The watcher is told of every instance, those already there included. */
	watch(watcher: ProviderWatcher): void;
	/** Takes a new configuration of the same kind; what it does not change stays untouched. */
	apply(config: C): void;
	/**
	 * While not active (where it begins) a provider only mirrors what is there: nothing is started,
	 * stopped or replaced. Going back to passive abandons what is under way and stops nothing.
	 */
	setActive(active: boolean): void;
	/** What a probe found: the instance can take requests, or it cannot; `why`: half a sentence, may be empty. */
	reached(id: string, up: boolean, why: string): void;
	/**
	 * Ends an instance for good, drained before; it is gone by `killAt` (epoch ms). Resolves once it
	 * is. An instance that is wanted again by then comes back as a new life.
	 */
	remove(id: string, killAt: number): Promise<void>;
	/** All instances turn to `leaving`, and no new ones come. */
	retire(): void;
	/** Lets go of timers and sockets and leaves the instances as they are. */
	close(): void;
}

/** Extension: the number of instances can be set. */
export interface Resizable {
	readonly desired: number;
	/** A platform keeps the size, and others may set it there: it is not remembered here, nor set again without being asked. */
	readonly keepsSize?: boolean;
	/** Starts what is missing; what is too many turns to `leaving`. */
	resize(count: number): void;
	/** Resolves to null once all that are wanted were ready for the first time, else to why one of them is not. */
	settled(): Promise<string | null>;
}

/** Extension: instances can be replaced by fresh ones. */
export interface Restartable {
	/**
	 * Replaces every instance, one by one, each only once its successor is ready.
	 * @throws BallastError `start_failed` when a successor never becomes ready; the old ones stay. `command_failed`
	 * when another core takes the lead meanwhile: it does not go on with it.
	 */
	restart(): Promise<void>;
}

/** Extension: learns how long an instance takes from its start to ready. */
export interface LearnsStartTimes {
	/** The last times, newest last, ms. */
	startTimes: readonly number[];
	/** Their median; null before the first. */
	readonly startTimeMs: number | null;
}

/** Extension: what each instance is given can be set; the platform replaces them if it has to. */
export interface SizesInstances {
	/** null: the platform cannot. `same`: they had it already. */
	applySize(size: InstanceSize): Promise<'live' | 'rolling' | 'same' | null>;
}

export function sizesInstances(provider: object): provider is SizesInstances {
	return 'applySize' in provider;
}

/** Why nothing goes out, and why nothing goes in; half a sentence; null: it may. */
export interface HeldBack {
	readonly out: string | null;
	readonly in: string | null;
}

/** Extension: says when what it tells is not to be relied on, or what it cannot do now. */
export interface TellsTrouble {
	/** What cannot be read holds both. What was refused is forgotten after a while, so that it is tried again. */
	readonly trouble: HeldBack;
	/** Resolves once it was asked, whatever came of it. */
	readonly firstLook: Promise<void>;
	/** The size that there is was learned: before, nothing can be said of it, and nothing decided. */
	readonly known: boolean;
	/** What is wrong, whichever way it holds; half a sentence; null: nothing is. What was refused stays until it works. */
	readonly complaint: string | null;
	/** The platform refuses something since a permission is missing, or said that it would. */
	readonly permissionMissing: boolean;
}

/** Extension: the platform knows what instances use. */
export interface TellsUsage {
	/** By the id of the instance. */
	usage(): ReadonlyMap<string, ToldUsage>;
}

/** null: not known. */
export interface ToldUsage {
	/** Shares of what it is given. */
	readonly cpu: number | null;
	readonly memory: number | null;
	/** In use of that for which a size is. */
	readonly cores: number | null;
	readonly memoryBytes: number | null;
	readonly given: Readonly<InstanceSize> | null;
	/** Epoch ms of the measurement. */
	readonly atMs: number;
}

export function tellsUsage(provider: object): provider is TellsUsage {
	return 'usage' in provider;
}

export function tellsTrouble(provider: object): provider is TellsTrouble {
	return 'trouble' in provider;
}

export function isResizable(provider: object): provider is Resizable {
	return 'resize' in provider;
}

export function isRestartable(provider: object): provider is Restartable {
	return 'restart' in provider;
}

export function learnsStartTimes(provider: object): provider is LearnsStartTimes {
	return 'startTimes' in provider;
}

/** The id of an instance that is known by its address: `legacy@10.0.0.5:8080`, `legacy@[::1]:8080`. */
export function addressId(service: string, host: string, port: number): string {
	return `${service}@${host.includes(':') ? `[${host}]` : host}:${port}`;
}
