/** What a file is read and sent in, while few are under way, and while many are: their memory is bounded either way. */
const LARGE_BYTES = 128 * 1024;
const SMALL_BYTES = 16 * 1024;
/** Large ones in use before small ones are given out. */
const LARGE_MOST = 128;
const SPARE_MOST = 32;

/** The buffers that the answers of one worker are read into, used again. */
export class Pieces {
	readonly #spare: Buffer[] = [];
	/** Large ones in use. */
	#large = 0;

	take(): Buffer {
		if (this.#large >= LARGE_MOST) return Buffer.allocUnsafeSlow(SMALL_BYTES);
		this.#large++;
		return this.#spare.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
	}

	/** Only once nothing of it is still to be written. */
	give(piece: Buffer): void {
		if (piece.length !== LARGE_BYTES) return;
		this.#large--;
		if (this.#spare.length < SPARE_MOST) this.#spare.push(piece);
	}
}
