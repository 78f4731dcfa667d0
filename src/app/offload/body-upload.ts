import { close, open, read } from 'node:fs';
import type { Fetch } from '../../gateway/fetch.ts';
import type { ReadAt } from '../../gateway/files/file-sender.ts';

const PIECE_BYTES = 128 * 1024;

/** The file of a body. */
export interface BodySource {
	path: string;
	/** How it is read where it is sealed; undefined: as it lies on the disk. */
	reader(fd: number): ReadAt | undefined;
	/** It cannot be read. */
	failed(error: Error): void;
}

/** Sends the body of a job to the instance, piece by piece from its file; again for each attempt at an instance. */
export class BodyUpload {
	/** All of it was sent. */
	done = true;
	readonly #fetch: Fetch;
	readonly #bytes: number;
	readonly #from: BodySource;
	#fd = -1;
	/** undefined: it is read as it lies on the disk. */
	#readAt: ReadAt | undefined;
	/** Counts the times that it was begun: a read of the time before is of no use. */
	#epoch = 0;
	#at = 0;
	#piece: Buffer | null = null;
	#reading = false;
	/** The connection has not taken the last piece yet. */
	#blocked = false;
	#closed = false;

	constructor(fetch: Fetch, { bytes }: { bytes: number }, from: BodySource) {
		this.#fetch = fetch;
		this.#bytes = bytes;
		this.#from = from;
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
			open(this.#from.path, 'r', (error, fd) => {
				this.#reading = false;
				if (error === null) this.#opened(fd);
				if (this.#closed) this.#release();
				else if (error !== null) this.#from.failed(error);
				else this.#next();
			});
			return;
		}
		const epoch = this.#epoch;
		const piece = this.#piece as Buffer;
		const done = (error: Error | null, count: number): void => {
			this.#reading = false;
			if (this.#closed) this.#release();
			else if (epoch !== this.#epoch) this.#next();
			else if (error !== null || count === 0)
				this.#from.failed(error ?? new Error('the file of the body is too short'));
			else this.#send(piece.subarray(0, count));
		};
		const length = Math.min(piece.length, this.#bytes - this.#at);
		if (this.#readAt === undefined) read(this.#fd, piece, 0, length, this.#at, done);
		else this.#readAt(piece, { length, at: this.#at }, done);
	}

	#opened(fd: number): void {
		this.#fd = fd;
		this.#readAt = this.#from.reader(fd);
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
