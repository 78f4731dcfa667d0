import type { Row } from './entry-scan.ts';
import { cellOf, ValueCells } from './value-cells.ts';

/** Requests are estimates where the log is a sample. */
export interface Traffic {
	requests: number;
	/** Answers 5xx and broken off. */
	errors: number;
	/** Seconds; null: no request. */
	mean: number | null;
	p50: number | null;
	p95: number | null;
	p99: number | null;
}

/** Requests of one kind, added up. */
export class Tally {
	readonly #cells = new ValueCells();
	#errors = 0;
	#sum = 0;

	add(seconds: number, weight: number, failed: boolean): void {
		this.#cells.add(cellOf(seconds), weight);
		if (failed) this.#errors += weight;
		this.#sum += weight * seconds;
	}

	addAll(other: Tally): void {
		this.#cells.addAll(other.#cells);
		this.#errors += other.#errors;
		this.#sum += other.#sum;
	}

	traffic(): Traffic {
		const [p50 = null, p95 = null, p99 = null] = this.#cells.percentiles([0.5, 0.95, 0.99]);
		const requests = this.#cells.count;
		return { requests, errors: this.#errors, mean: requests === 0 ? null : this.#sum / requests, p50, p95, p99 };
	}
}

const MOST_ROUTES = 2000;
const ERROR = 4;

/** Requests by service and route, and by status. */
export class TrafficTally {
	readonly statuses = new Map<number, number>();
	readonly #routes = new Map<string, Map<string, Tally>>();
	#size = 0;
	/** Of routes that found no room. */
	readonly #others = new Tally();

	/** What is read of a row. */
	static readonly COLUMNS: string =
		'e.service AS service, e.route AS route, e.status AS status, e.duration AS duration, e.weight AS weight, e.severity AS severity';

	add(row: Row): void {
		const weight = row['weight'] as number;
		const status = (row['status'] as number | null) ?? 0;
		this.statuses.set(status, (this.statuses.get(status) ?? 0) + weight);
		const tally = this.#tallyOf(row['service'] as string, (row['route'] as string | null) ?? '');
		tally.add((row['duration'] as number | null) ?? 0, weight, (row['severity'] as number) >= ERROR);
	}

	#tallyOf(service: string, route: string): Tally {
		let routes = this.#routes.get(service);
		const known = routes?.get(route);
		if (known !== undefined) return known;
		if (this.#size === MOST_ROUTES) return this.#others;
		this.#size++;
		if (routes === undefined) this.#routes.set(service, (routes = new Map()));
		const tally = new Tally();
		routes.set(route, tally);
		return tally;
	}

	all(): Traffic {
		const all = new Tally();
		all.addAll(this.#others);
		for (const routes of this.#routes.values()) for (const tally of routes.values()) all.addAll(tally);
		return all.traffic();
	}

	of(service: string, route: string): Traffic {
		return (this.#routes.get(service)?.get(route) ?? new Tally()).traffic();
	}

	routes(): { service: string; route: string }[] {
		return [...this.#routes].flatMap(([service, routes]) => [...routes.keys()].map((route) => ({ service, route })));
	}
}
