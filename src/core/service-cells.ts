/**
 * The cells of a service in memory that all threads share: what protects it holds for the node and
 * not for a worker. A shared part, and a column for each worker that only that worker writes.
 */
import { MAX_WORKERS } from './board.ts';

/** Pools that one service may have. */
export const MAX_POOLS = 16;

/** Cells of the shared part. */
export const ServiceCell = {
	/** Retries so far; wraps. */
	retries: 0,
	/** What `requests` and `retries` were at the start of the budget's window. The control plane moves it on. */
	requestsBefore: 1,
	retriesBefore: 2,
	/** Most requests in flight at the service, over all workers; 0: no limit. */
	limit: 3,
	/** 1: an instance is expected to become ready soon, so waiting has a prospect. */
	expected: 4,
	/** Retries that the budget refused; wraps. */
	retriesRefused: 5,
	/** First of `MAX_POOLS` cells: the share of each pool in the traffic, thousandths. */
	poolShare: 16,
	/** A roll-out: 1 while marked requests go to the new version; share of requests of which it gets a copy, thousandths. */
	marked: 40,
	copies: 41,
} as const;

const SHARED = 64;
const COLUMN = 32;
/** How often one asks for a place that others ask for at the same moment. */
const TAKE_TIMES = 8;

/** Cells of a worker's column. */
export const ServiceColumn = {
	/** Requests that were to be forwarded; wraps. */
	requests: 0,
	/** Requests that the service's concurrency limit counts. */
	inFlight: 1,
	/** Times to the head of an answer below 500: number and sum in µs; wrap. */
	headCount: 2,
	headSumUs: 3,
	/** Requests that wait for an instance. */
	held: 4,
	/** Requests that were refused to protect the service; wraps. */
	shed: 5,
	/** Requests that found no room to wait, that waited in vain, and for which there was nothing to wait for any more; wrap. */
	holdFull: 6,
	holdTimeout: 7,
	holdHopeless: 8,
	/** Requests of which the new version got a copy, and of them those that failed at the old one; wrap. */
	copied: 16,
	copiedFailed: 17,
} as const;

export class ServiceCells {
	readonly buffer: SharedArrayBuffer;
	readonly cells: Int32Array;
	/** Columns in use: readers sum this many. */
	workers: number;

	constructor(workers: number, buffer = new SharedArrayBuffer((SHARED + MAX_WORKERS * COLUMN) * 4)) {
		this.buffer = buffer;
		this.cells = new Int32Array(buffer);
		this.workers = workers;
	}

	/** Where a worker's column begins. */
	static column(worker: number): number {
		return SHARED + worker * COLUMN;
	}

	get(cell: number): number {
		return Atomics.load(this.cells, cell);
	}

	set(cell: number, value: number): void {
		Atomics.store(this.cells, cell, value);
	}

	/** A cell of all workers' columns, added up; wraps. */
	sum(cell: number): number {
		let sum = 0;
		for (let worker = 0, at = SHARED + cell; worker < this.workers; worker++, at += COLUMN)
			sum = (sum + (this.cells[at] as number)) | 0;
		return sum;
	}

	/** Changes a cell of this worker's own column. */
	add(worker: number, cell: number, change: number): void {
		const at = SHARED + worker * COLUMN + cell;
		this.cells[at] = (this.cells[at] as number) + change;
	}

	/**
	 * Takes one of at most `most` over all workers for this worker; false: all are taken. Exact however many
	 * threads ask at once: one is reserved before it is looked whether that was too many.
	 */
	take(worker: number, cell: number, most: number): boolean {
		const at = SHARED + worker * COLUMN + cell;
		for (let left = TAKE_TIMES; left > 0; left--) {
			Atomics.add(this.cells, at, 1);
			if (this.#now(cell) <= most) return true;
			Atomics.sub(this.cells, at, 1);
			// Where two asked for the last one at once neither got it: who finds it still there asks again.
			if (this.#now(cell) >= most) return false;
		}
		return false;
	}

	/** Gives back what `take` took. */
	give(worker: number, cell: number): void {
		Atomics.sub(this.cells, SHARED + worker * COLUMN + cell, 1);
	}

	/** The sum as all threads agree on it. */
	#now(cell: number): number {
		let sum = 0;
		for (let worker = 0, at = SHARED + cell; worker < this.workers; worker++, at += COLUMN)
			sum += Atomics.load(this.cells, at);
		return sum;
	}

	/** Forgets what a dead worker had under way. What it counted stays, since readers take differences. */
	clearWorker(worker: number): void {
		const at = ServiceCells.column(worker);
		this.cells[at + ServiceColumn.inFlight] = 0;
		this.cells[at + ServiceColumn.held] = 0;
	}
}
