import { ServiceCell } from '../core/service-cells.ts';
import { BudgetWindow } from '../resilience/retry-budget.ts';
import type { ServiceReadiness } from './fleet.ts';
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
	readonly #ready: () => ServiceReadiness[];
	/** Lets requests that wait try again. */
	readonly #wake: () => void;
	readonly #known = new Map<string, Known>();
	#asked = false;

	constructor(cells: ServiceCellsIndex, ready: () => ServiceReadiness[], wake: () => void) {
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
		for (const each of this.#ready()) {
			const known = this.#of(each.service);
			if (each.ready > 0) known.lackingSince = 0;
			else if (known.lackingSince === 0) known.lackingSince = now;
			this.#cells.of(each.service).set(ServiceCell.expected, hopeful(each, known.lackingSince, now) ? 1 : 0);
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
export function hopeful(readiness: ServiceReadiness, lackingSince: number, now: number): boolean {
	const { ready, starting, desired, startMs, startTimeMs } = readiness;
	if (ready > 0) return false;
	if (startMs === null) return starting > 0;
	const mayTakeMs = startTimeMs === null ? startMs : Math.min(startMs, 3 * startTimeMs);
	return starting + desired > 0 && now - lackingSince < mayTakeMs + HOPE_MS;
}
