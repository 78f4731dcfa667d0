import type { BodyScan } from '../wire/body.ts';
import type { Output } from '../wire/output.ts';

const FIRST_BYTES = 4096;

/** The payload of a request that has gone out so far, kept while it may have to go out again. */
export class ReplayBody {
	#bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
	readonly #most: number;
	length = 0;

	/** `most`: bytes kept; beyond them nothing is. */
	constructor(most: number) {
		this.#most = most;
	}

	/** Keeps what a scan found; false: it is too much. */
	add(source: Uint8Array, scan: BodyScan): boolean {
		for (let i = 0; i < scan.rangeCount; i++) {
			const start = scan.ranges[2 * i] as number;
			const end = scan.ranges[2 * i + 1] as number;
			if (this.length + end - start > this.#most) return false;
			this.#room(end - start);
			this.#bytes.set(source.subarray(start, end), this.length);
			this.length += end - start;
		}
		return true;
	}

	#room(bytes: number): void {
		if (this.length + bytes <= this.#bytes.length) return;
		const larger = Buffer.allocUnsafeSlow(Math.max(this.length + bytes, 2 * this.#bytes.length));
		this.#bytes.copy(larger, 0, 0, this.length);
		this.#bytes = larger;
	}

	/** Writes it again, as one chunk where the body is chunked. */
	write(out: Output, chunked: boolean): void {
		if (this.length === 0) return;
		if (chunked) out.chunkSize(this.length);
		out.copy(this.#bytes, 0, this.length);
		if (chunked) out.crlf();
	}
}
