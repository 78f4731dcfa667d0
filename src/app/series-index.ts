import { REST } from '../gateway/route-table.ts';
import { type Plan, type ServicePlan, seriesKey, UNROUTED } from './plan.ts';

/** Gives each route the index of its counts; one that was known before gets the same again. */
export class SeriesIndex {
	readonly #known = new Map<string, number>();

	/** Includes the one for what met no route. */
	get count(): number {
		return this.#known.size + 1;
	}

	of(services: readonly Pick<ServicePlan, 'name' | 'routes'>[]): Plan['series'] {
		const series: Plan['series'] = {};
		for (const { name, routes } of services) {
			for (const route of [...routes.map((each) => each.name), REST]) {
				const key = seriesKey(name, route);
				const known = this.#known.get(key) ?? UNROUTED + 1 + this.#known.size;
				this.#known.set(key, known);
				series[key] = known;
			}
		}
		return series;
	}
}
