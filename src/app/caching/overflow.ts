import type { BodyScan } from '../../wire/body.ts';

/** Who gets what proved too long to be stored. */
export interface OverflowReader {
	answerPiece(bytes: Uint8Array): void;
	flushAnswer(): boolean;
}

/** What came of a body after it became too long to be stored, until its client has all that came before. */
export class Overflow {
	/** null: the body is not too long, or the client has all that came. */
	#bytes: Buffer | null = null;
	#ended: { trailers: Buffer | null } | null = null;

	clear(): void {
		this.#bytes = null;
		this.#ended = null;
	}

	get holds(): boolean {
		return this.#bytes !== null;
	}

	/** The body's end came; its trailers. null: not yet. */
	get ended(): { trailers: Buffer | null } | null {
		return this.#ended;
	}

	add(piece: Uint8Array): void {
		this.#bytes = this.#bytes === null ? Buffer.from(piece) : Buffer.concat([this.#bytes, piece]);
	}

	addPayload(bytes: Uint8Array, { ranges, rangeCount }: BodyScan): void {
		for (let i = 0; i < rangeCount; i++) this.add(bytes.subarray(ranges[2 * i] as number, ranges[2 * i + 1] as number));
	}

	end(trailers: Buffer | null): void {
		this.#ended = { trailers };
	}

	/** False: the client must take what it got first; come again then. */
	give(reader: OverflowReader): boolean {
		const bytes = this.#bytes;
		if (bytes !== null && bytes.length > 0) reader.answerPiece(bytes);
		const flushed = reader.flushAnswer();
		this.#bytes = flushed ? null : Buffer.alloc(0);
		return flushed;
	}
}
