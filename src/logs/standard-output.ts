import { writeSync } from 'node:fs';
import type { LineTarget } from './line-target.ts';

/** What waits at most for a reader of our output that is slow, bytes. */
const MOST_WAITING = 4_194_304;

/** Lines to the standard output. A reader that is too slow loses lines, whole ones; Ballast does not wait for it. */
export class StandardOutput implements LineTarget {
	lost = 0;
	readonly #fd: number;
	#waiting: Buffer[] = [];
	#waitingBytes = 0;

	constructor(fd = 1) {
		this.#fd = fd;
	}

	append(lines: Uint8Array, count: number): void {
		this.tick();
		if (this.#waitingBytes + lines.length > MOST_WAITING) {
			this.lost += count;
			return;
		}
		// The caller uses its buffer again.
		this.#waiting.push(Buffer.from(lines));
		this.#waitingBytes += lines.length;
		this.tick();
	}

	tick(): void {
		try {
			for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
				const written = writeSync(this.#fd, first);
				this.#waitingBytes -= written;
				if (written === first.length) this.#waiting.shift();
				else this.#waiting[0] = first.subarray(written);
			}
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
			// Nobody reads any more.
			this.lost += this.#waiting.reduce((sum, lines) => sum + lines.filter((byte) => byte === 10).length, 0);
			this.#waiting = [];
			this.#waitingBytes = 0;
		}
	}

	reopen(): void {}

	close(): void {
		this.tick();
	}
}
