/** The scaler of this node: what it is plugged into, and what outlives a core or the program. */
import type { Config, PoolConfig, ServiceConfig } from '../../config/config.ts';
import { ServiceColumn } from '../../core/service-cells.ts';
import { isPlatform } from '../../instances/kinds.ts';
import type { MeterGroup } from '../../metrics/counts.ts';
import type { Deployments } from '../deployments.ts';
import type { EventLog } from '../event-log.ts';
import type { Fleet } from '../fleet.ts';
import type { NodeMonitor } from '../node-monitor.ts';
import { poolKey } from '../pool-key.ts';
import type { ServiceCellsIndex } from '../service-cells-index.ts';
import { mayAct } from './policy-facts.ts';
import { PoolSizes } from './pool-sizes.ts';
import { scaledName } from './scaled-name.ts';
import { readSnapshot, Scaler, type ScalingSnapshot } from './scaler.ts';
import { scalingCommand } from './scaling-commands.ts';

/** How often requests are looked for that wait for a pool without an instance, ms. */
const WAKE_MS = 50;
const STATE_KEY = 'scaling';
const SIZES_KEY = 'sizes';
/** How often the state is kept for another run of the program, and how old it may be then, ms. */
const KEEP_MS = 10_000;
const FRESH_MS = 900_000;

export interface ScalingParts {
	/** This core decides. */
	leads: boolean;
	fleet: Fleet;
	cells: ServiceCellsIndex;
	deployments: Deployments;
	instances: MeterGroup;
	monitor: NodeMonitor;
	log: EventLog;
	/** Sizes that are to outlive this core were changed. */
	keep: () => void;
}

export class Scaling {
	readonly #parts: ScalingParts;
	readonly #scaler: Scaler;
	readonly #sizes: PoolSizes;
	#keptMs = Date.now();
	#looks: NodeJS.Timeout | undefined;

	constructor(parts: ScalingParts) {
		const { fleet, cells, deployments, instances, monitor, log } = parts;
		this.#parts = parts;
		const shared = {
			key: (service: ServiceConfig, pool: PoolConfig) => this.#key(service, pool),
			pool: (name: string) => fleet.scaled(name),
			rollout: (service: string) => deployments.release(service) !== undefined,
		};
		this.#scaler = new Scaler({
			...shared,
			held: (service) => cells.of(service).sum(ServiceColumn.held),
			resize: (name, count) => {
				fleet.resize(name, count);
				parts.keep();
				this.#save();
			},
			counts: { count: (slot, counter) => instances.count(slot, counter) },
			figures: monitor.figures,
			usage: () => monitor.usage(),
			machineBytes: () => monitor.machineBytes(),
			event: (level, service, text) => log.add({ level, subject: service, text, kind: 'scaling' }),
			keep: (id, record) => monitor.store.say({ type: 'decision', id, record }),
			ended: (id, outcome) => monitor.store.say({ type: 'outcome', id, outcome }),
		});
		this.#sizes = new PoolSizes({
			...shared,
			give: (name, size) => {
				const given = fleet.giveSize(name, size);
				parts.keep();
				return given;
			},
			event: (service, text) => log.add({ level: 'info', subject: service, text, kind: 'size' }),
			load: () => monitor.store.ask('load', SIZES_KEY),
			save: (value) => monitor.store.say({ type: 'save', key: SIZES_KEY, value }),
		});
		fleet.listen(({ kind, service, pool, instance, memoryBytes }) => {
			if (kind === 'out_of_memory' && instance !== null)
				this.#sizes.outOfMemory({ service, pool, instance }, memoryBytes ?? null);
		});
		this.leads = parts.leads;
	}

	set leads(leads: boolean) {
		this.#scaler.leads = leads;
		this.#sizes.leads = leads;
	}

	configure(config: Config): void {
		this.#scaler.configure(config);
		this.#sizes.configure(config);
		clearInterval(this.#looks);
		const sleepers = config.services.some((service) => this.#scaler.sleeps(service));
		if (sleepers) this.#looks = setInterval(() => this.#scaler.wake(), WAKE_MS).unref();
	}

	/** With the first configuration; `left`: by the core before. Without one: by an earlier run of the program. */
	start(config: Config, left: ScalingSnapshot | undefined): void {
		if (left !== undefined) this.#scaler.adopt(left);
		this.configure(config);
		void this.#sizes.recall();
		if (left === undefined) void this.#recall(config);
	}

	#key(service: ServiceConfig, pool: PoolConfig): string {
		const { deployments } = this.#parts;
		return poolKey(service.name, service.pools.length === 1 ? deployments.poolOf(service) : pool.name);
	}

	/** A program that is started anew under load begins with as many instances as it had. */
	async #recall(config: Config): Promise<void> {
		const found = await this.#parts.monitor.store.ask('load', STATE_KEY).catch(() => null);
		const kept = readSnapshot(found);
		// What was asked for before says nothing of now: the size that is set holds for a whole window.
		const states = Object.entries(kept).map(([name, one]) => [
			name,
			{ ...one, state: { ...one.state, recommended: null, panic: null } },
		]);
		this.#scaler.adopt(Object.fromEntries(states));
		for (const service of config.services)
			for (const pool of service.pools) this.#recallSize(service, pool, kept[scaledName(service, pool)]);
	}

	#recallSize(service: ServiceConfig, pool: PoolConfig, kept: ScalingSnapshot[string] | undefined): void {
		// A platform has kept the size itself, and others may have set it since.
		if (kept === undefined || isPlatform(pool.instances) || !mayAct(pool.scale) || Date.now() - kept.atMs > FRESH_MS)
			return;
		const { fleet, log } = this.#parts;
		const size = Math.min(pool.scale.max, Math.max(pool.scale.min, kept.desired));
		const key = this.#key(service, pool);
		const now = fleet.scaled(key)?.desired;
		if (now === undefined || size <= now) return;
		fleet.resize(key, size);
		const text = `${scaledName(service, pool)}: ${now} → ${size}: as before the restart of Ballast`;
		log.add({ level: 'info', subject: service.name, text, kind: 'scaling' });
	}

	everySecond(): void {
		const nowMs = Date.now();
		this.#scaler.everySecond(nowMs);
		this.#sizes.everySecond(this.#scaler.usage, nowMs);
		if (Math.abs(nowMs - this.#keptMs) >= KEEP_MS) this.#save();
	}

	/** For another run of the program. */
	#save(): void {
		this.#keptMs = Date.now();
		const snapshot = this.#scaler.snapshot();
		if (Object.keys(snapshot).length > 0)
			this.#parts.monitor.store.say({ type: 'save', key: STATE_KEY, value: snapshot });
	}

	/** See `Scaler`. */
	short(): ReadonlyMap<string, number> {
		return this.#scaler.short();
	}

	snapshot(): ScalingSnapshot {
		return this.#scaler.snapshot();
	}

	/** Takes up what the core before decided. */
	adopt(left: ScalingSnapshot | undefined): void {
		if (left !== undefined) this.#scaler.adopt(left);
	}

	/** A command about scaling; null: it is another. */
	command(name: string, args: Record<string, unknown>): Promise<unknown> | null {
		return scalingCommand(name, args, {
			view: () => this.#scaler.view(),
			advice: (pool) => this.#sizes.advice(pool),
			store: this.#parts.monitor.store,
		});
	}

	stop(): void {
		clearInterval(this.#looks);
	}
}
