/**
 * The board: one slot for each instance in memory that all threads share.
 *
 * A slot has cells that all may read (state, weight, generation, guard, rest) and a column for each
 * worker (in-flight, connections, ends of attempts, latency), which only that worker writes; so
 * nothing is contended and readers sum. Chunks have a fixed size and are chained as the board grows: a growable
 * SharedArrayBuffer costs 34 ns an access instead of 1–2.
 */

/** Instances that one chunk holds. */
export const CHUNK_SLOTS = 64;
/** Worker columns of each chunk; `workers` cannot be set higher. */
export const MAX_WORKERS = 32;

const CELLS = 16;
const COLUMN = CHUNK_SLOTS * CELLS;

export const SlotState = { free: 0, starting: 1, ready: 2, draining: 3, down: 4 } as const;
export type SlotState = (typeof SlotState)[keyof typeof SlotState];

/**
 * The breaker of an instance. `open`: nothing goes there (its state is not `ready` either). `halfOpen`:
 * one request may try it; `trial`: that one is under way.
 */
export const Guard = { closed: 0, open: 1, halfOpen: 2, trial: 3 } as const;
export type Guard = (typeof Guard)[keyof typeof Guard];

/** How an attempt ended, as it is counted for its instance. */
export const Outcome = { ok: 0, connectFailed: 1, failed: 2, timedOut: 3, status5xx: 4 } as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Shared cells: the control plane writes the first three; workers too write the others, by compare-and-swap. */
const STATE = 0;
const GENERATION = 1;
const WEIGHT = 2;
const GUARD = 3;
/** `Retry-After` of the instance: no retry goes there before (ms of the shared clock, low 32 bits; 0: none). */
const REST_UNTIL = 4;
/** Time to the head of an answer from which it counts as slow, µs; 0: none does. The control plane writes it. */
const SLOW_FROM = 5;
/** Cells that each worker writes in its column. */
const IN_FLIGHT = 0;
const CONNECTIONS = 1;
const LATENCY_US = 2;
const LATENCY_AT = 3;
/** Attempts that ended with each `Outcome`; five cells. They wrap. */
const ENDED = 4;
/** Attempts in a row, up to the last, that failed in any way, and that could not connect. */
const ROW = 9;
const CONNECT_ROW = 10;
/** Times to the head of an answer: sum in µs and number. They wrap. */
const HEAD_SUM = 11;
const HEAD_COUNT = 12;
/** Of those times, the ones above `SLOW_FROM`. Wraps. */
const HEAD_SLOW = 13;
/** Of the attempts those that were not the first of their request, and of these the ones that failed. They wrap. */
const AGAIN = 14;
const AGAIN_FAILED = 15;

/** What one worker, or all together, saw of an instance. Sums wrap at 32 bits: take differences with `| 0`. */
export interface Seen {
	/** By `Outcome`. */
	ended: Int32Array;
	/** Of the worker in which it is longest. */
	row: number;
	connectRow: number;
	headSumUs: number;
	headCount: number;
	/** Heads that were slow by what `setSlowFrom` said at their time. */
	headSlow: number;
	/** Attempts that were not the first of their request, and of these the ones that failed. */
	again: number;
	againFailed: number;
}

export class Board {
	readonly #chunks: Int32Array[] = [];
	/** Columns in use: readers sum this many. */
	workers = 1;

	get slots(): number {
		return this.#chunks.length * CHUNK_SLOTS;
	}

	get buffers(): SharedArrayBuffer[] {
		return this.#chunks.map((chunk) => chunk.buffer as SharedArrayBuffer);
	}

	/** Adds a chunk: a new one (control plane) or one received from it (workers). */
	grow(buffer = new SharedArrayBuffer((MAX_WORKERS + 1) * COLUMN * 4)): SharedArrayBuffer {
		this.#chunks.push(new Int32Array(buffer));
		return buffer;
	}

	state(slot: number): SlotState {
		return (this.#chunks[slot >> 6] as Int32Array)[(slot & 63) * CELLS + STATE] as SlotState;
	}

	setState(slot: number, state: SlotState): void {
		Atomics.store(this.#chunks[slot >> 6] as Int32Array, (slot & 63) * CELLS + STATE, state);
	}

	generation(slot: number): number {
		return (this.#chunks[slot >> 6] as Int32Array)[(slot & 63) * CELLS + GENERATION] as number;
	}

	/** Thousandths; 1000 is the weight of an instance that says nothing. */
	weight(slot: number): number {
		return (this.#chunks[slot >> 6] as Int32Array)[(slot & 63) * CELLS + WEIGHT] as number;
	}

	setWeight(slot: number, thousandths: number): void {
		Atomics.store(this.#chunks[slot >> 6] as Int32Array, (slot & 63) * CELLS + WEIGHT, thousandths);
	}

	/** Requests under way at the instance, over all workers. */
	inFlight(slot: number): number {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		let at = COLUMN + (slot & 63) * CELLS + IN_FLIGHT;
		let sum = 0;
		for (let worker = 0; worker < this.workers; worker++, at += COLUMN) sum += chunk[at] as number;
		return sum;
	}

	/** Changes this worker's in-flight count. */
	addInFlight(slot: number, worker: number, change: number): void {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		const at = (worker + 1) * COLUMN + (slot & 63) * CELLS + IN_FLIGHT;
		chunk[at] = (chunk[at] as number) + change;
	}

	/** Counts one more in flight, unless there would be more than `most` over all workers then. */
	enterBelow(slot: number, worker: number, most: number): boolean {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		const at = (slot & 63) * CELLS + IN_FLIGHT;
		const own = at + (worker + 1) * COLUMN;
		// Counted first and then looked at, so that two workers never both take the last place.
		Atomics.add(chunk, own, 1);
		let sum = 0;
		for (let other = 0; other < this.workers; other++) sum += Atomics.load(chunk, at + (other + 1) * COLUMN);
		if (sum <= most) return true;
		Atomics.sub(chunk, own, 1);
		return false;
	}

	/** Connections open to the instance, over all workers. */
	connections(slot: number): number {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		let at = COLUMN + (slot & 63) * CELLS + CONNECTIONS;
		let sum = 0;
		for (let worker = 0; worker < this.workers; worker++, at += COLUMN) sum += chunk[at] as number;
		return sum;
	}

	addConnections(slot: number, worker: number, change: number): void {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		const at = (worker + 1) * COLUMN + (slot & 63) * CELLS + CONNECTIONS;
		chunk[at] = (chunk[at] as number) + change;
	}

	/** This worker's latency estimate of the instance (µs; 0: none yet) and when it was made (ms, wraps). */
	latencyUs(slot: number, worker: number): number {
		return (this.#chunks[slot >> 6] as Int32Array)[(worker + 1) * COLUMN + (slot & 63) * CELLS + LATENCY_US] as number;
	}

	latencyAt(slot: number, worker: number): number {
		return (this.#chunks[slot >> 6] as Int32Array)[(worker + 1) * COLUMN + (slot & 63) * CELLS + LATENCY_AT] as number;
	}

	setLatency(slot: number, worker: number, us: number, atMs: number): void {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		const at = (worker + 1) * COLUMN + (slot & 63) * CELLS;
		chunk[at + LATENCY_US] = us;
		chunk[at + LATENCY_AT] = atMs | 0;
	}

	/** The state of the instance's breaker. */
	guard(slot: number): Guard {
		return (this.#chunks[slot >> 6] as Int32Array)[(slot & 63) * CELLS + GUARD] as Guard;
	}

	setGuard(slot: number, guard: Guard): void {
		Atomics.store(this.#chunks[slot >> 6] as Int32Array, (slot & 63) * CELLS + GUARD, guard);
	}

	/** Changes the breaker's state if it still is `from`; false: another was first. */
	moveGuard(slot: number, from: Guard, to: Guard): boolean {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		return Atomics.compareExchange(chunk, (slot & 63) * CELLS + GUARD, from, to) === from;
	}

	/** When the instance wants the next attempt, in ms of the shared clock, low 32 bits; 0: now. */
	restUntil(slot: number): number {
		return (this.#chunks[slot >> 6] as Int32Array)[(slot & 63) * CELLS + REST_UNTIL] as number;
	}

	setRest(slot: number, untilMs: number): void {
		Atomics.store(this.#chunks[slot >> 6] as Int32Array, (slot & 63) * CELLS + REST_UNTIL, untilMs | 0);
	}

	/** From how many µs to its head on an answer of this instance counts as slow; 0: none does. */
	setSlowFrom(slot: number, us: number): void {
		Atomics.store(this.#chunks[slot >> 6] as Int32Array, (slot & 63) * CELLS + SLOW_FROM, Math.min(us, 0x7fffffff));
	}

	/** Counts the end of an attempt of this worker. `headUs`: to the head of the answer; 0: there was none. */
	ended(slot: number, worker: number, outcome: Outcome, headUs: number): void {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		const at = (worker + 1) * COLUMN + (slot & 63) * CELLS;
		chunk[at + ENDED + outcome] = (chunk[at + ENDED + outcome] as number) + 1;
		if (outcome === Outcome.ok) {
			chunk[at + ROW] = 0;
			chunk[at + CONNECT_ROW] = 0;
		} else {
			chunk[at + ROW] = (chunk[at + ROW] as number) + 1;
			chunk[at + CONNECT_ROW] = outcome === Outcome.connectFailed ? (chunk[at + CONNECT_ROW] as number) + 1 : 0;
		}
		if (headUs <= 0) return;
		chunk[at + HEAD_SUM] = (chunk[at + HEAD_SUM] as number) + headUs;
		chunk[at + HEAD_COUNT] = (chunk[at + HEAD_COUNT] as number) + 1;
		const slowFrom = chunk[(slot & 63) * CELLS + SLOW_FROM] as number;
		if (slowFrom > 0 && headUs > slowFrom) chunk[at + HEAD_SLOW] = (chunk[at + HEAD_SLOW] as number) + 1;
	}

	/** Counts that this attempt, which `ended` counts, was not the first of its request. */
	endedAgain(slot: number, worker: number, outcome: Outcome): void {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		const at = (worker + 1) * COLUMN + (slot & 63) * CELLS;
		chunk[at + AGAIN] = (chunk[at + AGAIN] as number) + 1;
		if (outcome !== Outcome.ok) chunk[at + AGAIN_FAILED] = (chunk[at + AGAIN_FAILED] as number) + 1;
	}

	/** Failures in a row that this worker saw of the instance. */
	row(slot: number, worker: number): number {
		return (this.#chunks[slot >> 6] as Int32Array)[(worker + 1) * COLUMN + (slot & 63) * CELLS + ROW] as number;
	}

	/** What all workers saw of the instance. */
	seen(slot: number): Seen {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		const seen: Seen = {
			ended: new Int32Array(5),
			row: 0,
			connectRow: 0,
			headSumUs: 0,
			headCount: 0,
			headSlow: 0,
			again: 0,
			againFailed: 0,
		};
		let at = COLUMN + (slot & 63) * CELLS;
		for (let worker = 0; worker < this.workers; worker++, at += COLUMN) {
			for (let outcome = 0; outcome < 5; outcome++)
				seen.ended[outcome] = (seen.ended[outcome] as number) + (chunk[at + ENDED + outcome] as number);
			seen.row = Math.max(seen.row, chunk[at + ROW] as number);
			seen.connectRow = Math.max(seen.connectRow, chunk[at + CONNECT_ROW] as number);
			seen.headSumUs = (seen.headSumUs + (chunk[at + HEAD_SUM] as number)) | 0;
			seen.headCount = (seen.headCount + (chunk[at + HEAD_COUNT] as number)) | 0;
			seen.headSlow = (seen.headSlow + (chunk[at + HEAD_SLOW] as number)) | 0;
			seen.again = (seen.again + (chunk[at + AGAIN] as number)) | 0;
			seen.againFailed = (seen.againFailed + (chunk[at + AGAIN_FAILED] as number)) | 0;
		}
		return seen;
	}

	/** What failed in a row is forgotten: the instance begins anew. Workers may count one more meanwhile. */
	forgetRows(slot: number): void {
		const chunk = this.#chunks[slot >> 6] as Int32Array;
		for (let at = COLUMN + (slot & 63) * CELLS; at < chunk.length; at += COLUMN)
			chunk[at + ROW] = chunk[at + CONNECT_ROW] = 0;
	}

	/** Takes a free slot into use, with a new generation; -1 when all are taken and the board must grow. */
	take(): number {
		for (let slot = 0; slot < this.slots; slot++) {
			if (this.state(slot) !== SlotState.free) continue;
			const chunk = this.#chunks[slot >> 6] as Int32Array;
			const base = (slot & 63) * CELLS;
			chunk[base + GENERATION] = ((chunk[base + GENERATION] as number) + 1) | 0;
			chunk[base + WEIGHT] = 1000;
			chunk[base + GUARD] = Guard.closed;
			chunk[base + REST_UNTIL] = 0;
			chunk[base + SLOW_FROM] = 0;
			for (let worker = 0; worker < MAX_WORKERS; worker++) {
				const at = (worker + 1) * COLUMN + base;
				chunk.fill(0, at, at + CELLS);
			}
			this.setState(slot, SlotState.starting);
			return slot;
		}
		return -1;
	}

	/** Gives a slot back; only after every worker acknowledged the end of its instance. */
	free(slot: number): void {
		this.setState(slot, SlotState.free);
	}

	/** Forgets what a dead worker had in flight. What it counted stays, since readers take differences. */
	clearWorker(worker: number): void {
		for (const chunk of this.#chunks) {
			for (let at = (worker + 1) * COLUMN; at < (worker + 2) * COLUMN; at += CELLS) {
				chunk.fill(0, at + IN_FLIGHT, at + LATENCY_AT + 1);
				chunk[at + ROW] = chunk[at + CONNECT_ROW] = 0;
			}
		}
	}
}
