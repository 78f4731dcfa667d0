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

/** What `Tally.packed` gives. */
export type PackedTally = [errors: number, seconds: number, cells: number[]];

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

	/** To be kept. */
	packed(): PackedTally {
		return [this.#errors, Math.round(this.#sum * 1e6) / 1e6, this.#cells.packed()];
	}

	addPacked([errors, sum, cells]: PackedTally): void {
		this.#errors += errors;
		this.#sum += sum;
		this.#cells.addPacked(cells);
	}

	get requests(): number {
		return this.#cells.count;
	}

	traffic(): Traffic {
		const [p50 = null, p95 = null, p99 = null] = this.#cells.percentiles([0.5, 0.95, 0.99]);
		const requests = this.#cells.count;
		return { requests, errors: this.#errors, mean: requests === 0 ? null : this.#sum / requests, p50, p95, p99 };
	}
}

/** What `TrafficTally.packed` gives. */
export interface PackedTraffic {
	entries: number;
	routes: [service: string | null, route: string, tally: PackedTally][];
	statuses: [status: number, count: number][];
}

/** What `TrafficTally` reads of an entry `e`. */
export const TRAFFIC_COLUMNS = 'e.service, e.route, e.status, e.duration, e.severity, e.weight';
const MOST_ROUTES = 2000;
const ERROR = 4;

/** Requests by service and route, and by status. */
export class TrafficTally {
	/** Rows that were added: fewer than requests where the log is a sample. */
	entries = 0;
	readonly statuses = new Map<number, number>();
	readonly #routes = new Map<string, Map<string, Tally>>();
	#size = 0;
	/** Of routes that found no room. */
	readonly #others = new Tally();

	/** A row that begins with `TRAFFIC_COLUMNS`, as an array. */
	add(row: Row): void {
		this.entries++;
		const weight = row[5] as number;
		const status = (row[2] as number | null) ?? 0;
		this.statuses.set(status, (this.statuses.get(status) ?? 0) + weight);
		const tally = this.#tallyOf(row[0] as string, (row[1] as string | null) ?? '');
		tally.add((row[3] as number | null) ?? 0, weight, (row[4] as number) >= ERROR);
	}

	/** To be kept: each route with its service and its tally, those that found no room under null; then the statuses. */
	packed(): PackedTraffic {
		const routes: PackedTraffic['routes'] = [[null, '', this.#others.packed()]];
		for (const [service, known] of this.#routes)
			for (const [route, tally] of known) routes.push([service, route, tally.packed()]);
		return {
			entries: this.entries,
			routes: this.#others.requests > 0 ? routes : routes.slice(1),
			statuses: [...this.statuses],
		};
	}

	/** What `packed` gave, or a part of it. */
	addPacked({ entries, routes, statuses }: PackedTraffic): void {
		this.entries += entries;
		for (const [service, route, tally] of routes)
			(service === null ? this.#others : this.#tallyOf(service, route)).addPacked(tally);
		for (const [status, count] of statuses) this.statuses.set(status, (this.statuses.get(status) ?? 0) + count);
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

	/** Those with the most requests, the most first. */
	busiest(limit: number): (Traffic & { service: string; route: string })[] {
		return [...this.#routes]
			.flatMap(([service, routes]) => [...routes].map(([route, tally]) => ({ service, route, tally })))
			.sort(
				(one, other) =>
					other.tally.requests - one.tally.requests ||
					(`${one.service} ${one.route}` < `${other.service} ${other.route}` ? -1 : 1),
			)
			.slice(0, limit)
			.map(({ service, route, tally }) => ({ service, route, ...tally.traffic() }));
	}
}
