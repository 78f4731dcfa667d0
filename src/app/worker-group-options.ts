import type { Board } from '../core/board.ts';
import type { MeterGroup } from '../metrics/counts.ts';
import type { DetailGroup } from '../metrics/detail.ts';
import type { InstancePlan } from './plan.ts';

/** What the workers have, and who hears of them. */
export interface WorkerGroupOptions {
	board: Board;
	meters: { routes: MeterGroup; instances: MeterGroup; details: DetailGroup };
	/** Where a worker writes requests down; the same for one that replaces another. */
	records: (worker: number) => SharedArrayBuffer;
	/** All instances that a worker must know from its start. */
	instances: () => InstancePlan[];
	/** Cleared of what a worker that is no more had under way. */
	cells: { clearWorker(worker: number): void; widen(workers: number): void };
	/** A worker is up (again); then it can be given its sockets. */
	up?: (id: number) => void;
	started: (id: number) => Promise<void>;
	/** A worker ended without its having let go of what it shared with others. */
	ended?: (id: number) => void;
	event: (level: 'info' | 'warn' | 'error', text: string) => void;
	/** A worker saw an instance fail; its breaker change. */
	suspect: (slot: number) => void;
	guardChanged: (slot: number) => void;
	/** A worker saw that URLs were changed: other nodes are to hear of it. */
	urlsChanged?: (urls: readonly string[]) => void;
	/** What a worker runs; default: `worker` beside this file. */
	file?: URL;
	/** How long a heart may stand still, ms; default 5 s. */
	hungMs?: number;
}
