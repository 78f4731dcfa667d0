import { read } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { BodyPieces } from '../distant-body.ts';
import { BLOCK } from './body-file.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';

/** What its reader must know of the body. */
export interface ReadBody {
	readonly number: number;
	/** Bytes that are there. */
	received(): number;
	isWhole(): boolean;
}

/** A few are kept for later ones. */
const spare: Buffer[] = [];
const SPARE_MOST = 32;

/** Reads one body for one client, a block at a time: whoever gets a piece has passed it on before the next is taken. */
export class PieceReader implements BodyPieces {
	readonly #files: OpenFiles;
	readonly #body: ReadBody;
	readonly #came: (ok: boolean) => void;
	readonly #buffer: Buffer = spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK);
	#file: OpenFile | null = null;
	/** Bytes [from, end) of the body lie in the buffer. */
	#from = 0;
	#end = 0;
	#busy = false;
	#closed = false;

	/** `came` is called once bytes that `take` could not give are there (`true`), or cannot be had. */
	constructor(files: OpenFiles, body: ReadBody, came: (ok: boolean) => void) {
		this.#files = files;
		this.#body = body;
		this.#came = came;
	}

	take(at: number, end: number): Buffer | null {
		if (at >= this.#from && at < this.#end)
			return this.#buffer.subarray(at - this.#from, Math.min(end, this.#end) - this.#from);
		if (!this.#busy) this.#fetch(at);
		return null;
	}

	close(): void {
		this.#closed = true;
		if (!this.#busy) this.#letGo();
	}

	#fetch(at: number): void {
		this.#busy = true;
		const { number } = this.#body;
		if (this.#file !== null) {
			this.#read(this.#file, at);
			return;
		}
		this.#files.open(number, { length: this.#body.received(), whole: this.#body.isWhole() }, (file) => {
			if (file !== null) this.#files.hold(file);
			this.#file = file;
			if (file === null || this.#closed) this.#over(false);
			else this.#read(file, at);
		});
	}

	#read(file: OpenFile, at: number): void {
		// A block that is checked is read from its start.
		const from = file.sums === null ? at : at - (at % BLOCK);
		const length = Math.min(BLOCK - (from % BLOCK), this.#body.received() - from);
		read(file.fd, this.#buffer, 0, length, file.start + from, (error, count) => {
			const sum = file.sums?.[from / BLOCK];
			const intact = sum === undefined || crc32(this.#buffer.subarray(0, count)) === sum;
			const ok = error === null && count === length && intact;
			this.#from = from;
			this.#end = ok ? from + count : from;
			this.#over(ok);
		});
	}

	#over(ok: boolean): void {
		this.#busy = false;
		if (this.#closed) this.#letGo();
		else this.#came(ok);
	}

	#letGo(): void {
		if (this.#file !== null) this.#files.release(this.#file);
		this.#file = null;
		if (spare.length < SPARE_MOST) spare.push(this.#buffer);
	}
}
