import { ServiceCell } from '../core/service-cells.ts';
import { BudgetWindow } from '../resilience/retry-budget.ts';
import type { PoolReadiness } from './fleet.ts';
import type { ServiceCellsIndex } from './service-cells-index.ts';

/** Beyond the time that its instances may take to start, a service without one is hoped for this much longer, ms. */
const HOPE_MS = 10_000;

interface Known {
	budget: BudgetWindow;
	/** Since when no instance is ready; 0: one is. */
	lackingSince: number;
}

/** What the control plane writes into the services' cells: windows of budgets, and whether waiting has a prospect. */
export class ServiceUpkeep {
	readonly #cells: ServiceCellsIndex;
	readonly #ready: () => PoolReadiness[];
	/** Lets requests that wait try again. */
	readonly #wake: () => void;
	readonly #known = new Map<string, Known>();
	#asked = false;

	constructor(cells: ServiceCellsIndex, ready: () => PoolReadiness[], wake: () => void) {
		this.#cells = cells;
		this.#ready = ready;
		this.#wake = wake;
	}

	everySecond(): void {
		for (const [name] of this.#cells.all()) this.#of(name).budget.everySecond();
		this.#look(Date.now());
	}

	/** The state of an instance changed; several at once are looked at together. */
	changed(): void {
		if (this.#asked) return;
		this.#asked = true;
		setImmediate(() => {
			this.#asked = false;
			this.#look(Date.now());
			this.#wake();
		});
	}

	#look(now: number): void {
		for (const [service, pools] of Map.groupBy(this.#ready(), (pool) => pool.service)) {
			const known = this.#of(service);
			if (pools.some(({ ready, sleeps }) => ready > 0 || sleeps)) known.lackingSince = 0;
			else if (known.lackingSince === 0) known.lackingSince = now;
			// While one is ready, too: the requests that come right when the last one goes must find it said.
			const lackedMs = known.lackingSince === 0 ? 0 : now - known.lackingSince;
			const expected = pools.some((pool) => isHopeful(pool, lackedMs));
			this.#cells.of(service).set(ServiceCell.expected, expected ? 1 : 0);
		}
	}

	#of(service: string): Known {
		let known = this.#known.get(service);
		if (known === undefined) {
			known = { budget: new BudgetWindow(this.#cells.of(service)), lackingSince: 0 };
			this.#known.set(service, known);
		}
		return known;
	}
}

/** Whether an instance is expected soon: one is starting, or Ballast starts them itself and has not failed at it for long. */
export function isHopeful(pool: PoolReadiness, lackedMs: number): boolean {
	const { starting, desired, out, startMs, startTimeMs } = pool;
	if (pool.sleeps) return true;
	if (startMs === null) return starting > 0;
	const mayTakeMs = startTimeMs === null ? startMs : Math.min(startMs, 3 * startTimeMs);
	// What the operator drained comes back by `undrain` alone.
	return starting + desired - out > 0 && lackedMs < mayTakeMs + HOPE_MS;
}
