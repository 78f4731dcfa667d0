import type { Transport } from '../wire/transport.ts';
import type { DataPlane } from './data-plane.ts';
import type { Exchange } from './exchange.ts';

const LARGE_UPLOAD = 256 * 1024;

/** Large uploads are read in larger pieces, into memory of their connection's own. */
export class LargeReads {
	#buffer: Buffer | null = null;

	/** After a piece of the body was used. */
	tune(plane: DataPlane, transport: Transport, { body, framing }: Exchange): void {
		if (this.#buffer === null && !body.done && framing.contentLength > LARGE_UPLOAD) {
			this.#buffer = plane.takeLarge();
			transport.readInto(this.#buffer);
		} else if (this.#buffer !== null && body.done) {
			transport.readInto(plane.rx);
			// Its content was copied out, but the socket learns of the change only by its next read.
			this.#buffer = null;
		}
	}
}
