/** So many pieces become one: a body may come byte by byte, and each piece takes a hundred bytes beside its own. */
const PIECES_MOST = 64;

/** Bytes that come piece by piece, in little more memory than they have. */
export class GatheredBytes {
	#pieces: Buffer[] = [];
	/** Of the pieces, the last that are as they came. */
	#loose = 0;
	#length = 0;

	get length(): number {
		return this.#length;
	}

	/** Takes a copy of bytes[start, end). */
	add(bytes: Uint8Array, start: number, end: number): void {
		const piece = Buffer.allocUnsafe(end - start);
		(bytes as Buffer).copy(piece, 0, start, end);
		this.#pieces.push(piece);
		this.#length += piece.length;
		if (++this.#loose < PIECES_MOST) return;
		this.#pieces.push(Buffer.concat(this.#pieces.splice(-this.#loose)));
		this.#loose = 0;
	}

	/** All of them, which are no longer here. */
	take(): Buffer {
		const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
		this.clear();
		return all;
	}

	clear(): void {
		this.#pieces = [];
		this.#loose = 0;
		this.#length = 0;
	}
}
