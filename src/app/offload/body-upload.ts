import { close, open, read } from 'node:fs';
import type { Fetch } from '../../gateway/fetch.ts';

const PIECE_BYTES = 128 * 1024;

/** Sends the body of a job to the instance, piece by piece from its file; again for each attempt at an instance. */
export class BodyUpload {
	/** All of it was sent. */
	done = true;
	readonly #fetch: Fetch;
	readonly #bytes: number;
	readonly #path: string;
	readonly #failed: (error: Error) => void;
	#fd = -1;
	/** Counts the times that it was begun: a read of the time before is of no use. */
	#epoch = 0;
	#at = 0;
	#piece: Buffer | null = null;
	#reading = false;
	/** The connection has not taken the last piece yet. */
	#blocked = false;
	#closed = false;

	/** `path`: of a body's file. `failed`: it cannot be read. */
	constructor(fetch: Fetch, { bytes }: { bytes: number }, from: { path: string; failed(error: Error): void }) {
		this.#fetch = fetch;
		this.#bytes = bytes;
		this.#path = from.path;
		this.#failed = (error) => from.failed(error);
	}

	/** From its begin, behind what is written. */
	write(): void {
		this.#epoch++;
		this.done = false;
		this.#at = 0;
		this.#blocked = false;
		// What the connection before was given is its own until it is closed.
		this.#piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
		if (!this.#reading) this.#next();
	}

	/** The connection took what it was sent. */
	drained(): void {
		if (!this.#blocked) return;
		this.#blocked = false;
		this.#goOn();
	}

	#next(): void {
		this.#reading = true;
		if (this.#fd < 0) {
			open(this.#path, 'r', (error, fd) => {
				this.#reading = false;
				if (error === null) this.#fd = fd;
				if (this.#closed) this.#release();
				else if (error !== null) this.#failed(error);
				else this.#next();
			});
			return;
		}
		const epoch = this.#epoch;
		const piece = this.#piece as Buffer;
		read(this.#fd, piece, 0, Math.min(piece.length, this.#bytes - this.#at), this.#at, (error, length) => {
			this.#reading = false;
			if (this.#closed) this.#release();
			else if (epoch !== this.#epoch) this.#next();
			else if (error !== null || length === 0) this.#failed(error ?? new Error('the file of the body is too short'));
			else this.#send(piece.subarray(0, length));
		});
	}

	#send(bytes: Buffer): void {
		const { connection } = this.#fetch;
		// The instance is gone; where another is asked this begins anew.
		if (connection === null) return;
		this.#at += bytes.length;
		if (connection.transport.write(bytes)) this.#goOn();
		else this.#blocked = true;
	}

	#goOn(): void {
		this.done = this.#at >= this.#bytes;
		this.#fetch.connection?.requestProgress(this.done);
		if (!this.done) this.#next();
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#epoch++;
		if (!this.#reading) this.#release();
	}

	#release(): void {
		if (this.#fd >= 0) close(this.#fd, () => {});
		this.#fd = -1;
	}
}
