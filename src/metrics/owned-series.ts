/** The series that belong to one thing that comes and goes: a route, an instance. */
import type { MetricDefinition, MetricKind } from '../core/metric.ts';
import type { Metric, Registry } from './registry.ts';
import type { SeriesByKind } from './series.ts';

export class OwnedSeries {
	readonly #registry: Registry;
	readonly #owned: [metric: Metric, values: readonly string[]][] = [];

	constructor(registry: Registry) {
		this.#registry = registry;
	}

	of<K extends MetricKind>(definition: MetricDefinition & { kind: K }, ...values: string[]): SeriesByKind[K] {
		const metric = this.#registry.define(definition);
		this.#owned.push([metric as unknown as Metric, values]);
		return metric.series(...values);
	}

	/** Its thing is gone. */
	release(): void {
		for (const [metric, values] of this.#owned) metric.remove(...values);
	}
}

interface Held<H> {
	handle: H;
	owned: OwnedSeries;
	round: number;
	epoch: number;
}

/** Handles by key, made once for each thing and given up when a round passes in which it is not seen. */
export class Handles<H> {
	readonly #registry: Registry;
	readonly #make: (owned: OwnedSeries, values: readonly string[]) => H;
	readonly #held = new Map<string, Held<H>>();
	#round = 0;

	constructor(registry: Registry, make: (owned: OwnedSeries, values: readonly string[]) => H) {
		this.#registry = registry;
		this.#make = make;
	}

	/** A round begins: `visit` asks for the handle of each thing that there is. */
	round(visit: (handleOf: (...values: string[]) => H) => void): void {
		const round = ++this.#round;
		const { epoch } = this.#registry;
		visit((...values) => {
			const key = values.join('\0');
			let held = this.#held.get(key);
			// Later there may be room for what found none.
			if (held === undefined || held.epoch !== epoch) {
				const owned = new OwnedSeries(this.#registry);
				this.#held.set(key, (held = { handle: this.#make(owned, values), owned, round, epoch }));
			}
			held.round = round;
			return held.handle;
		});
		for (const [key, held] of this.#held) {
			if (held.round === round) continue;
			this.#held.delete(key);
			held.owned.release();
		}
	}
}
