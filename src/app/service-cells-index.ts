import { MAX_POOLS, ServiceCell, ServiceCells } from '../core/service-cells.ts';

/** Gives each service its cells; one that was known before gets the same again. */
export class ServiceCellsIndex {
	readonly #known = new Map<string, ServiceCells>();
	/** The `poolShare` cells of each service's pools; those not seen for longest come first. */
	readonly #pools = new Map<string, Map<string, number>>();
	#workers = 1;

	of(service: string): ServiceCells {
		let cells = this.#known.get(service);
		if (cells === undefined) this.#known.set(service, (cells = new ServiceCells(this.#workers)));
		return cells;
	}

	/**
	 * The cell of each pool: the one that it had before, or one that nobody uses. Requires at most
	 * `MAX_POOLS` / 2 pools, so that those of the plan before keep theirs.
	 */
	poolCells(service: string, pools: readonly string[]): ReadonlyMap<string, number> {
		const known = this.#pools.get(service) ?? new Map<string, number>();
		this.#pools.set(service, known);
		for (const pool of pools) {
			const cell = known.get(pool) ?? this.#newPoolCell(service, known, pools);
			known.delete(pool);
			known.set(pool, cell);
		}
		return known;
	}

	/** The share of a pool in its service's traffic, thousandths. */
	share(service: string, pool: string): number {
		const cell = this.#pools.get(service)?.get(pool);
		return cell === undefined ? 0 : this.of(service).get(ServiceCell.poolShare + cell);
	}

	setShare(service: string, pool: string, thousandths: number): void {
		const cell = this.#pools.get(service)?.get(pool);
		if (cell !== undefined) this.of(service).set(ServiceCell.poolShare + cell, thousandths);
	}

	#newPoolCell(service: string, known: Map<string, number>, wanted: readonly string[]): number {
		if (known.size < MAX_POOLS) return known.size;
		const oldest = [...known.keys()].find((pool) => !wanted.includes(pool)) as string;
		const cell = known.get(oldest) as number;
		known.delete(oldest);
		this.of(service).set(ServiceCell.poolShare + cell, 0);
		return cell;
	}

	/** All services that there are or were. */
	all(): IterableIterator<[string, ServiceCells]> {
		return this.#known.entries();
	}

	/** Columns are read of at least so many workers. */
	widen(workers: number): void {
		this.#workers = Math.max(this.#workers, workers);
		for (const cells of this.#known.values()) cells.workers = this.#workers;
	}

	clearWorker(worker: number): void {
		for (const cells of this.#known.values()) cells.clearWorker(worker);
	}
}
