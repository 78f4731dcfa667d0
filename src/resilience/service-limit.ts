import { Priority } from '../core/priority.ts';
import { ServiceCell, type ServiceCells, ServiceColumn } from '../core/service-cells.ts';

/** Share of a limit that requests of each priority may fill, thousandths, where all priorities occur. */
const SHARES = { high: 1000, normal: 950, low: 800 } as const;

/**
 * The share of a limit for each priority. What is kept free is kept for those above, so the highest that
 * occurs has all of it: who says nothing of priorities has the limit that was written.
 */
export function sharesOf(occurring: ReadonlySet<Priority>): readonly number[] {
	const high = occurring.has(Priority.high);
	const above = high || occurring.has(Priority.normal);
	return [1000, high ? SHARES.normal : 1000, above ? SHARES.low : 1000];
}

/** The places of one service, as one worker takes them. */
export class ServiceLimit {
	readonly #cells: ServiceCells;
	readonly #worker: number;
	/** By priority. */
	readonly #shares: readonly number[];

	constructor(cells: ServiceCells, worker: number, shares: readonly number[]) {
		this.#cells = cells;
		this.#worker = worker;
		this.#shares = shares;
	}

	/** Takes a place for a request of this priority; false (and counted) when there is none. */
	enter(priority: Priority): boolean {
		const cells = this.#cells;
		const limit = cells.get(ServiceCell.limit);
		const most = limit === 0 ? Number.POSITIVE_INFINITY : placesOf(limit, this.#shares[priority] as number);
		if (cells.take(this.#worker, ServiceColumn.inFlight, most)) return true;
		cells.add(this.#worker, ServiceColumn.shed, 1);
		return false;
	}

	/** Gives a place back; once for each that was taken. */
	leave(): void {
		this.#cells.give(this.#worker, ServiceColumn.inFlight);
	}
}

/** No priority is without a place. */
const placesOf = (limit: number, share: number): number => Math.max(1, Math.floor((limit * share) / 1000));
