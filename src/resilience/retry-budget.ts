import { ServiceCell, type ServiceCells, ServiceColumn } from '../core/service-cells.ts';
import type { RetryBudgetConfig } from './config.ts';

/** Seconds that a budget looks back. */
export const BUDGET_SECONDS = 10;

/**
 * How many retries a service may add: a share of its requests of the last seconds, or the floor if
 * that is more; so a storm of retries stays below (1 + share) × its requests. It holds for the node:
 * requests are counted in each worker's column, retries by compare-and-swap.
 */
export class RetryBudget {
	readonly #cells: ServiceCells;
	readonly #config: RetryBudgetConfig | null;

	/** `config` null: every retry is allowed (and counted). */
	constructor(cells: ServiceCells, config: RetryBudgetConfig | null) {
		this.#cells = cells;
		this.#config = config;
	}

	/** Takes one retry out of the budget; false: it is used up. */
	take(): boolean {
		const { cells } = this.#cells;
		for (;;) {
			const retries = Atomics.load(cells, ServiceCell.retries);
			if (this.#config !== null) {
				const requests = (this.#cells.sum(ServiceColumn.requests) - this.#cells.get(ServiceCell.requestsBefore)) | 0;
				const used = (retries - this.#cells.get(ServiceCell.retriesBefore)) | 0;
				if (used >= allowedRetries(requests, this.#config)) {
					Atomics.add(cells, ServiceCell.retriesRefused, 1);
					return false;
				}
			}
			if (Atomics.compareExchange(cells, ServiceCell.retries, retries, (retries + 1) | 0) === retries) return true;
		}
	}
}

/** Retries allowed beside so many requests within `BUDGET_SECONDS`. */
export function allowedRetries(requests: number, { share, floor }: RetryBudgetConfig): number {
	return Math.max(Math.floor(requests * share), floor * BUDGET_SECONDS);
}

/** Moves the window of a service's budget on; the control plane calls it once a second. */
export class BudgetWindow {
	readonly #cells: ServiceCells;
	readonly #requests: number[] = [];
	readonly #retries: number[] = [];

	constructor(cells: ServiceCells) {
		this.#cells = cells;
		// From now on: else what the first second took were forgotten with its end.
		this.everySecond();
	}

	everySecond(): void {
		this.#requests.push(this.#cells.sum(ServiceColumn.requests));
		this.#retries.push(this.#cells.get(ServiceCell.retries));
		if (this.#requests.length > BUDGET_SECONDS) {
			this.#requests.shift();
			this.#retries.shift();
		}
		this.#cells.set(ServiceCell.requestsBefore, this.#requests[0] as number);
		this.#cells.set(ServiceCell.retriesBefore, this.#retries[0] as number);
	}
}
