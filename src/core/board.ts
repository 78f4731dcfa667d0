/**
 * The board: one slot for each instance in memory that all threads share.
 *
 * A slot has cells that the control plane writes (state, weight, generation) and a column for each
 * worker (in-flight, connections), which only that worker writes; so nothing is contended and
 * readers sum. Chunks have a fixed size and are chained as the board grows: a growable
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

/** Cells that the control plane writes. */
const STATE = 0;
const GENERATION = 1;
const WEIGHT = 2;
/** Cells that each worker writes in its column. */
const IN_FLIGHT = 0;
const CONNECTIONS = 1;
const LATENCY_US = 2;
const LATENCY_AT = 3;

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

	/** Takes a free slot into use, with a new generation; -1 when all are taken and the board must grow. */
	take(): number {
		for (let slot = 0; slot < this.slots; slot++) {
			if (this.state(slot) !== SlotState.free) continue;
			const chunk = this.#chunks[slot >> 6] as Int32Array;
			const base = (slot & 63) * CELLS;
			chunk[base + GENERATION] = ((chunk[base + GENERATION] as number) + 1) | 0;
			chunk[base + WEIGHT] = 1000;
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

	/** Forgets what a dead worker had in flight. */
	clearWorker(worker: number): void {
		for (const chunk of this.#chunks) chunk.fill(0, (worker + 1) * COLUMN, (worker + 2) * COLUMN);
	}
}
