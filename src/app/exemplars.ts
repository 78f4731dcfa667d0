import type { MetricDefinition } from '../core/metric.ts';
import type { Exemplar } from '../metrics/exposition.ts';
import type { Series } from '../metrics/series.ts';
import type { ExemplarMessage } from './store-messages.ts';

/** Routes of which an example is known. */
const MOST = 2000;

/** For each route the last request whose trace is kept: it stands beside the route's durations. */
export class Exemplars {
	readonly #known = new Map<string, Exemplar>();

	learn(messages: readonly ExemplarMessage[]): void {
		for (const { service, route, seconds, traceId, timeMs } of messages) {
			const key = `${service}\0${route}`;
			this.#known.delete(key);
			this.#known.set(key, { traceId, value: seconds, timeMs });
		}
		while (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value as string);
	}

	of({ name, labels }: MetricDefinition, { values }: Series): Exemplar | undefined {
		if (name !== 'ballast_request_duration_seconds') return undefined;
		const of = (label: string): string => values[labels.indexOf(label)] ?? '';
		return this.#known.get(`${of('service')}\0${of('route')}`);
	}
}
