/** The instances of all services and their health: what the control plane knows and does about them. */
import { type Config, MAIN_POOL } from '../config/config.ts';
import { Prober } from '../health/prober.ts';
import type { InstanceSize } from '../instances/config.ts';
import type { ProcessHost } from '../instances/process-host.ts';
import type { InstanceEvent } from '../instances/provider.ts';
import { Processes } from '../instances/run/processes.ts';
import { firstLooks } from './first-looks.ts';
import type { Member } from './fleet-member.ts';
import { FleetOrders } from './fleet-orders.ts';
import { endOrphans } from './fleet-orphans.ts';
import { PoolFleet } from './fleet-pool.ts';
import type { FleetEvent, FleetSink, InstanceView } from './fleet-sink.ts';
import { FleetMemory } from './fleet-snapshot.ts';
import { type PoolOf, poolKey, splitPoolKey } from './pool-key.ts';
import { type PoolReadiness, panicWarnings, poolReadiness } from './pool-readiness.ts';
import { regionWarnings } from './region-drain.ts';
import { type ScaledPool, scaledPool } from './scaling/scaled-pool.ts';
import { SlotIndex } from './slot-index.ts';

export type { FleetEvent, FleetSink, InstanceState, InstanceView } from './fleet-sink.ts';
export type { PoolReadiness } from './pool-readiness.ts';

export interface FleetOptions {
	sink: FleetSink;
	host: ProcessHost;
	/** Begins as a mirror of what runs: see `activate`. Default false. */
	passive?: boolean;
	/** Between two looks at what the requests say of the instances, ms; default 1000. */
	lookMs?: number;
}

const LOOK_MS = 1000;

export class Fleet {
	readonly #sink: FleetSink;
	readonly #processes: Processes;
	readonly #prober = new Prober();
	readonly #memory = new FleetMemory();
	/** By `poolKey`, in the order of the configuration. */
	readonly #pools = new Map<string, PoolFleet>();
	/** Those of the configuration. */
	#services: ReadonlySet<string> = new Set();
	readonly #taps = new Set<(event: FleetEvent) => void>();
	#active: boolean;
	#stopped = false;
	#graceMs = 30_000;
	readonly #looks: NodeJS.Timeout;
	readonly #slots = new SlotIndex(() => this.#pools.values());
	/** What an operator may have done with it. */
	readonly orders: FleetOrders = new FleetOrders({
		memory: this.#memory,
		living: () => this.#living(),
		all: () => [...this.#pools.values()],
		services: () => this.#services,
		idle: () => (this.#stopped ? 'it is stopping' : this.#active ? null : 'another core leads at present'),
		listen: (tap) => this.listen(tap),
	});

	constructor(options: FleetOptions) {
		this.#sink = options.sink;
		this.#processes = new Processes(options.host);
		this.#active = options.passive !== true;
		this.#looks = setInterval(() => this.#look(), options.lookMs ?? LOOK_MS).unref();
	}

	get active(): boolean {
		return this.#active;
	}

	/**
	 * Takes a configuration, the first as well as each reload: unchanged pools stay untouched,
	 * removed ones are drained, changed instances are replaced. Waits for no instance.
	 */
	async apply(config: Config): Promise<void> {
		if (this.#stopped) return;
		this.#graceMs = config.stop.graceMs;
		this.#services = new Set(config.services.map(({ name }) => name));
		const wanted = config.services.flatMap((service) => service.pools.map((pool) => ({ service, pool })));
		for (const each of wanted) {
			const key = keyOf(each);
			const known = this.#pools.get(key);
			if (known) known.apply(each, config.stop.graceMs);
			else this.#pools.set(key, this.#create(each, config.stop.graceMs));
		}
		const keys = new Set(wanted.map(keyOf));
		for (const [key, pool] of this.#pools) if (!keys.has(key)) this.#retire(key, pool);
		this.#sort(keys);
		if (this.#active) this.#endOrphans();
	}

	/** Takes over what an earlier core's `snapshot` holds; before or after `apply`, and again if need be. */
	adopt(snapshot: unknown): void {
		this.#memory.load(snapshot);
		for (const pool of this.#pools.values()) pool.recall();
	}

	/** For the core that follows; JSON. The instances themselves it learns of from the process host. */
	snapshot(): unknown {
		for (const pool of this.#pools.values()) pool.remember();
		return this.#memory.save();
	}

	/** From here on this fleet starts, stops and replaces instances; before, it only mirrors and probes them. */
	activate(): void {
		if (this.#active || this.#stopped) return;
		this.#active = true;
		for (const pool of this.#pools.values()) pool.setActive(true);
		this.#endOrphans();
	}

	/** Back to a mirror, for the time in which another core leads and this one drains. Stops no process. */
	deactivate(): void {
		if (!this.#active || this.#stopped) return;
		this.#active = false;
		for (const pool of this.#pools.values()) pool.setActive(false);
	}

	/** All instances, in the order of the configuration. */
	list(): InstanceView[] {
		return this.#members().map((member) => member.view());
	}

	ready(): PoolReadiness[] {
		return this.#living().map(poolReadiness);
	}

	/** Hears every event from now on, until the function that it gives is called. */
	listen(tap: (event: FleetEvent) => void): () => void {
		this.#taps.add(tap);
		return () => this.#taps.delete(tap);
	}

	/** What a platform refuses stands before it is said what is served: see `firstLooks`. */
	looked(mostMs?: number): Promise<void> {
		return firstLooks(this.#living(), mostMs);
	}

	/** A pool (by `poolKey`) as the scaler sees it; null: there is none, or its size is not known yet. */
	scaled(key: string): ScaledPool | null {
		const pool = this.#pools.get(key);
		return pool === undefined || pool.retired || !pool.size.known ? null : scaledPool(pool);
	}

	/** Has so many instances of a pool (by `poolKey`), which may be yet to come, whatever its `scale`; null: as `scale` says. */
	resize(key: string, count: number | null): void {
		const pool = this.#pools.get(key);
		if (pool !== undefined) pool.size.set(count);
		else if (count === null) this.#memory.scale.delete(key);
		else this.#memory.scale.set(key, count);
	}

	/** Gives each instance of a pool (by `poolKey`) this; null: what its `scale` says. False: that is not Ballast's to do. */
	giveSize(key: string, size: InstanceSize | null): boolean {
		return this.#pools.get(key)?.size.give(size) ?? false;
	}

	/** A pool takes another's place, and with it the size that was set by hand. Both by `poolKey`. */
	inheritSize(from: string, to: string): void {
		this.resize(to, this.#memory.scale.get(from) ?? null);
		this.#memory.scale.delete(from);
	}

	/** A worker saw requests fail at the instance in this slot. */
	suspect(slot: number): void {
		const found = this.#slots.find(slot);
		if (found !== null) found.pool.suspect(found.member);
	}

	/** A worker tried the half-open instance in this slot. */
	guardChanged(slot: number): void {
		const found = this.#slots.find(slot);
		if (found !== null) found.pool.guardChanged(found.member);
	}

	/** What the operator did and may have forgotten, and pools in panic. */
	warnings(): string[] {
		return [...regionWarnings(this.#memory), ...panicWarnings(this.ready())];
	}

	/**
	 * Drains all instances and ends those that Ballast runs: SIGTERM once drained, SIGKILL after
	 * `graceMs`. While passive no process is touched.
	 */
	async stop(graceMs: number): Promise<void> {
		this.#stopped = true;
		clearInterval(this.#looks);
		const pools = [...this.#pools.values()];
		if (this.#active) await Promise.all(pools.map((pool) => pool.stop(graceMs)));
		await Promise.all(pools.map((pool) => pool.close()));
	}

	#create(config: PoolOf, graceMs: number): PoolFleet {
		return new PoolFleet(config, graceMs, {
			sink: this.#sink,
			prober: this.#prober,
			processes: this.#processes,
			memory: this.#memory,
			active: () => this.#active,
			event: ({ service, pool }, event) => this.#event({ service, pool, ...event }),
			siblings: (of) => this.#siblings(of),
			changed: (pool) => this.#reviewLeaving(pool.service),
		});
	}

	/** Nobody takes over what is to end with the program. */
	#siblings(of: PoolFleet): PoolFleet[] {
		return this.#stopped ? [] : this.#living().filter((pool) => pool !== of && pool.service === of.service);
	}

	#reviewLeaving(service: string): void {
		for (const pool of this.#pools.values()) if (pool.retired && pool.service === service) pool.review();
	}

	#retire(key: string, pool: PoolFleet): void {
		if (pool.retired && pool.members.length > 0) return;
		void pool.retire().then(() => {
			if (this.#pools.get(key) === pool && pool.retired) this.#pools.delete(key);
		});
	}

	/** Those that leave come first. */
	#sort(keys: ReadonlySet<string>): void {
		for (const key of keys) {
			const pool = this.#pools.get(key) as PoolFleet;
			this.#pools.delete(key);
			this.#pools.set(key, pool);
		}
	}

	#endOrphans(): void {
		const event = (key: string, event: InstanceEvent) => {
			const { service, pool } = splitPoolKey(key);
			this.#event({ service, pool: pool ?? MAIN_POOL, ...event });
		};
		endOrphans(this.#processes, this.#graceMs, event);
	}

	#event(event: FleetEvent): void {
		// The core that leads speaks; a mirror would say everything a second time.
		if (!this.#active) return;
		this.#sink.event(event);
		for (const tap of this.#taps) tap(event);
	}

	/** Pools of the present configuration. */
	#living(): PoolFleet[] {
		return [...this.#pools.values()].filter((pool) => !pool.retired);
	}

	#members(): Member[] {
		return [...this.#pools.values()].flatMap((pool) => pool.members);
	}

	#look(): void {
		const now = performance.now();
		for (const pool of this.#pools.values()) pool.look(now);
	}
}

const keyOf = ({ service, pool }: PoolOf): string => poolKey(service.name, pool.name);
