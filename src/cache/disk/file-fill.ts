import { open, unlink, writev } from 'node:fs';
import type { DistantFill, DistantFillListener } from '../distant-body.ts';
import { BlockSums, bodyPath } from './body-file.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';

/** What waits to be written before the origin has to wait, and from when on it goes on, bytes. */
const PENDING_MOST = 1024 * 1024;
const PENDING_LOW = 256 * 1024;

export interface FileFillOwner {
	/** So much of the body can be read by now. */
	grew(received: number): void;
	/** All of it is written, footer included; false: it is not kept after all. */
	written(): boolean;
	/** It cannot be written: `code` of the system. */
	failed(code: string): void;
}

export interface FileFillParts {
	readonly folder: string;
	readonly files: OpenFiles;
	readonly number: number;
	readonly header: Buffer;
	/** Bytes at the body's beginning that lie elsewhere too; default 0. */
	readonly elsewhere?: number;
}

/** Writes one body to its file as it comes, one write at a time. */
export class FileFill implements DistantFill {
	listener: DistantFillListener | null = null;
	taken = 0;
	readonly #parts: FileFillParts;
	readonly #owner: FileFillOwner;
	readonly #sums = new BlockSums();
	/** Not written yet, nor being written. */
	#pending: Buffer[];
	#pendingBytes: number;
	/** Of the body, that are being written. */
	#writing: Buffer[] = [];
	#headerDone = false;
	#at = 0;
	#file: OpenFile | null = null;
	#busy = true;
	#wasFull = false;
	#finishing = false;
	/** It came to an end: nothing is written any more. */
	#over = false;

	constructor(parts: FileFillParts, owner: FileFillOwner) {
		this.#parts = parts;
		this.#owner = owner;
		this.#pending = [parts.header];
		this.#pendingBytes = parts.header.length;
		const path = bodyPath(parts.folder, parts.number);
		open(path, 'wx+', 0o600, (error, fd) => {
			this.#busy = false;
			if (error !== null) {
				if (!this.#over) this.#fail(error);
				return;
			}
			const { files, number, header } = parts;
			this.#file = files.add(number, fd, header.length);
			files.hold(this.#file);
			if (this.#over) this.#discard();
			else this.#next();
		});
	}

	get full(): boolean {
		const full = this.#pendingBytes > PENDING_MOST;
		this.#wasFull ||= full;
		return full;
	}

	/** False: it has failed. The bytes are copied. */
	append(bytes: Uint8Array, start: number, end: number): boolean {
		if (this.#over) return false;
		const piece = Buffer.from(bytes.subarray(start, end));
		this.#sums.add(piece);
		this.taken += piece.length;
		this.#push(piece);
		return true;
	}

	/** All has come. */
	finish(trailers: Buffer | null): void {
		if (this.#over) return;
		this.#finishing = true;
		this.#push(this.#sums.footer(trailers));
	}

	/** Nobody wants it any more. */
	abandon(): void {
		if (this.#over) return;
		this.#over = true;
		if (!this.#busy) this.#discard();
	}

	takeBack(): Buffer[] {
		const all = [...this.#writing, ...this.#pending];
		this.#writing = [];
		this.#pending = [];
		// Behind the body lies what is ours.
		if (this.#finishing) all.pop();
		if (!this.#headerDone) all.shift();
		const { header, elsewhere = 0 } = this.#parts;
		return without(all, elsewhere - Math.max(0, this.#at - header.length));
	}

	#push(piece: Buffer): void {
		this.#pending.push(piece);
		this.#pendingBytes += piece.length;
		if (!this.#busy) this.#next();
	}

	#next(): void {
		const { fd } = this.#file as OpenFile;
		const pieces = this.#pending;
		if (pieces.length === 0) return;
		this.#busy = true;
		this.#writing = pieces;
		this.#pending = [];
		this.#pendingBytes = 0;
		const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
		const last = this.#finishing;
		writev(fd, pieces, this.#at, (error, count) => {
			this.#busy = false;
			if (this.#over) {
				this.#discard();
				return;
			}
			if (error !== null || count !== length) {
				this.#fail(error ?? Object.assign(new Error('it was not written whole'), { code: 'ENOSPC' }));
				return;
			}
			this.#at += length;
			this.#headerDone = true;
			this.#writing = [];
			if (last) this.#done(pieces.at(-1)?.length ?? 0);
			else this.#wrote();
		});
	}

	#wrote(): void {
		this.#owner.grew(this.#at - this.#parts.header.length);
		if (this.#over) return;
		if (this.#wasFull && this.#pendingBytes < PENDING_LOW) {
			this.#wasFull = false;
			this.listener?.drained();
		}
		if (!this.#busy) this.#next();
	}

	#done(footer: number): void {
		this.#owner.grew(this.#at - this.#parts.header.length - footer);
		if (this.#over) return;
		this.#over = true;
		if (this.#owner.written()) this.#letGo();
		else this.#discard();
		this.listener?.settled(true);
	}

	#fail(error: NodeJS.ErrnoException): void {
		this.#over = true;
		this.#discard();
		this.#owner.failed(error.code ?? 'EIO');
		this.listener?.settled(false);
	}

	/** Readers of this thread have it open still. */
	#discard(): void {
		if (this.#file === null) return;
		const { folder, number } = this.#parts;
		unlink(bodyPath(folder, number), () => {});
		this.#letGo();
	}

	#letGo(): void {
		if (this.#file !== null) this.#parts.files.release(this.#file);
		this.#file = null;
	}
}

/** Pieces but for the first so many bytes. */
function without(pieces: Buffer[], bytes: number): Buffer[] {
	let left = Math.max(0, bytes);
	return pieces.flatMap((piece) => {
		const rest = piece.subarray(Math.min(left, piece.length));
		left -= piece.length - rest.length;
		return rest.length === 0 ? [] : [rest];
	});
}
