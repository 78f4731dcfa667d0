import { ServiceCells } from '../core/service-cells.ts';

/** Gives each service its cells; one that was known before gets the same again. */
export class ServiceCellsIndex {
	readonly #known = new Map<string, ServiceCells>();

	of(service: string): ServiceCells {
		let cells = this.#known.get(service);
		if (cells === undefined) this.#known.set(service, (cells = new ServiceCells(1)));
		return cells;
	}

	/** All services that there are or were. */
	all(): IterableIterator<[string, ServiceCells]> {
		return this.#known.entries();
	}

	/** Columns are read of at least so many workers. */
	widen(workers: number): void {
		for (const cells of this.#known.values()) cells.workers = Math.max(cells.workers, workers);
	}

	clearWorker(worker: number): void {
		for (const cells of this.#known.values()) cells.clearWorker(worker);
	}
}
