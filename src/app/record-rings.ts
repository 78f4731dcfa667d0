import { RecordRing } from '../logs/record-ring.ts';

/** Of each worker: at 40,000 requests a second and 300 bytes each, a third of a second of all of them. */
const RING_BYTES = 4 * 1024 * 1024;

/** Where the workers write requests down. A worker that replaces another goes on in the same ring. */
export class RecordRings {
	readonly #rings = new Map<number, RecordRing>();
	readonly #made: (worker: number, buffer: SharedArrayBuffer) => void;

	/** `made`: whoever reads the rings learns of a new one. */
	constructor(made: (worker: number, buffer: SharedArrayBuffer) => void) {
		this.#made = made;
	}

	of(worker: number): SharedArrayBuffer {
		let ring = this.#rings.get(worker);
		if (ring === undefined) {
			this.#rings.set(worker, (ring = RecordRing.create(RING_BYTES)));
			this.#made(worker, ring.buffer);
		}
		return ring.buffer;
	}

	/** Records that found no room. */
	get dropped(): number {
		let sum = 0;
		for (const ring of this.#rings.values()) sum += ring.dropped >>> 0;
		return sum;
	}
}
