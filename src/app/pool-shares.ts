import { decide, type FailoverState, NO_DECISION } from '../balancing/failover.ts';
import type { PoolFacts } from '../balancing/pool-facts.ts';
import type { PoolConfig, ServiceConfig } from '../config/config.ts';
import { type Board, SlotState } from '../core/board.ts';
import type { PoolReadiness } from './fleet.ts';
import type { InstanceView } from './fleet-sink.ts';
import type { ServiceCellsIndex } from './service-cells-index.ts';

export interface PoolSharesParts {
	readonly board: Board;
	readonly cells: ServiceCellsIndex;
	/** Pools and instances of the present configuration. */
	readonly fleet: { ready(): PoolReadiness[]; list(): InstanceView[] };
	/** A move of traffic, in a sentence. */
	event(level: 'info' | 'warn', service: string, text: string): void;
}

/** The loop that moves the traffic between the pools of a service: looks at what is ready and writes the shares. */
export class PoolShares {
	readonly #parts: PoolSharesParts;
	/** Those with several pools. */
	#services: readonly ServiceConfig[] = [];
	readonly #states = new Map<string, FailoverState>();

	constructor(parts: PoolSharesParts) {
		this.#parts = parts;
	}

	/** Takes a configuration; what is known of services that stay is kept. */
	configure(services: readonly ServiceConfig[]): void {
		this.#services = services.filter(({ failover }) => failover !== null);
		const names = new Set(this.#services.map(({ name }) => name));
		for (const name of this.#states.keys()) if (!names.has(name)) this.#states.delete(name);
	}

	/** Each second, and whenever the state of an instance changed. */
	look(): void {
		if (this.#services.length === 0) return;
		const { fleet, cells, event } = this.#parts;
		const [readiness, instances] = [fleet.ready(), fleet.list()];
		for (const { name, pools: configs, failover } of this.#services) {
			if (failover === null) continue;
			const pools = configs.map((config) => this.#facts(name, config, { readiness, instances }));
			const before = this.#states.get(name) ?? NO_DECISION;
			const { shares, reason, away, state } = decide({ config: failover, pools }, before, performance.now());
			this.#states.set(name, state);
			for (const [at, share] of shares.entries()) cells.setShare(name, (pools[at] as PoolFacts).name, share);
			if (reason !== null) event(away ? 'warn' : 'info', name, `${name}: ${reason}`);
		}
	}

	#facts(
		service: string,
		{ name, priority, weight }: PoolConfig,
		{ readiness, instances }: { readiness: readonly PoolReadiness[]; instances: readonly InstanceView[] },
	): PoolFacts {
		const known = readiness.find((each) => each.service === service && each.pool === name);
		let ready = 0;
		let capacity = 0;
		for (const instance of instances) {
			if (instance.service !== service || instance.pool !== name || !this.#takesRequests(instance.slot)) continue;
			ready++;
			capacity += (weight * this.#parts.board.weight(instance.slot)) / 1000;
		}
		return { name, priority, wanted: known?.desired ?? 0, ready, capacity, drained: known?.drained ?? false };
	}

	/** As the balancers see it: the fleet does not know what is ejected. */
	#takesRequests(slot: number): boolean {
		const { board } = this.#parts;
		return slot >= 0 && board.state(slot) === SlotState.ready && board.weight(slot) > 0;
	}
}
