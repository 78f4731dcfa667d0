import { closeSync, fstatSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LineTarget } from './line-target.ts';
import { compressOld, shiftFiles } from './rotated-files.ts';

export interface RotateOptions {
	/** A file that is bigger is moved aside; 0: never. */
	bytes: number;
	/** One that was begun longer ago, too, ms; 0: never. */
	ageMs: number;
	/** How many old ones are kept, 0…1000. */
	keep: number;
	gzip: boolean;
}

export interface LogFileOptions {
	path: string;
	/** null: another program rotates it, or nobody. */
	rotate: RotateOptions | null;
	/** Told once when writing fails, and once when it works again. */
	tell(problem: string): void;
	now?: () => number;
}

/** How often it is tried again while writing fails, and looked whether the file still is the one at its path. */
const RETRY_MS = 2000;
const LOOK_MS = 1000;
const NEWLINE = Buffer.from('\n');

/**
 * A file that lines are appended to: rotated by size and age, opened again when another process moved
 * it. A full disk loses lines, which are counted and told once, and nothing else.
 */
export class LogFile implements LineTarget {
	lost = 0;
	/** Settles when no old file is being compressed. */
	compressed: Promise<void> = Promise.resolve();
	readonly #options: LogFileOptions;
	readonly #now: () => number;
	#fd = -1;
	#bytes = 0;
	#bornMs = 0;
	#inode = 0;
	#retryAtMs = 0;
	#lookedMs = 0;
	#lostNow = 0;
	#failing = false;
	/** The last write ended within a line. */
	#broken = false;

	constructor(options: LogFileOptions) {
		this.#options = options;
		this.#now = options.now ?? Date.now;
	}

	append(lines: Uint8Array, count: number): void {
		if (lines.length === 0) return;
		const nowMs = this.#now();
		if (this.#failing && nowMs < this.#retryAtMs) return this.#lose(count);
		try {
			this.#ready(nowMs);
			if (this.#broken) this.#write(NEWLINE);
			this.#broken = false;
			this.#write(lines);
		} catch (error) {
			return this.#fail(error, count);
		}
		if (!this.#failing) return;
		this.#options.tell(`${this.#options.path} is written again; ${this.#lostNow} lines were lost meanwhile`);
		this.#failing = false;
		this.#lostNow = 0;
	}

	#write(bytes: Uint8Array): void {
		let at = 0;
		while (at < bytes.length) {
			const written = writeSync(this.#fd, bytes, at);
			if (written === 0) throw new Error('nothing was written');
			at += written;
			this.#bytes += written;
			this.#broken = bytes[at - 1] !== 10;
		}
	}

	#ready(nowMs: number): void {
		if (this.#fd < 0) this.#open(nowMs);
		const { rotate } = this.#options;
		if (rotate === null || this.#bytes === 0) return;
		const big = rotate.bytes > 0 && this.#bytes >= rotate.bytes;
		const old = rotate.ageMs > 0 && nowMs - this.#bornMs >= rotate.ageMs;
		if (big || old) this.#rotate(rotate, nowMs);
	}

	#rotate(rotate: RotateOptions, nowMs: number): void {
		// Another process, such as a core that drains, may have done it already.
		const mine = this.#isAtPath();
		this.#shut();
		if (mine) {
			shiftFiles(this.#options.path, rotate.keep);
			if (rotate.gzip && rotate.keep > 0)
				this.compressed = this.compressed.then(() => compressOld(this.#options.path)).catch(() => {});
		}
		this.#open(nowMs);
	}

	#open(nowMs: number): void {
		mkdirSync(dirname(this.#options.path), { recursive: true });
		this.#fd = openSync(this.#options.path, 'a', 0o640);
		const stat = fstatSync(this.#fd);
		this.#bytes = stat.isFile() ? stat.size : 0;
		this.#inode = stat.ino;
		this.#bornMs = this.#bytes > 0 && stat.birthtimeMs > 0 ? Math.min(stat.birthtimeMs, nowMs) : nowMs;
		this.#broken = false;
	}

	#isAtPath(): boolean {
		return statSync(this.#options.path, { throwIfNoEntry: false })?.ino === this.#inode;
	}

	#lose(count: number): void {
		this.lost += count;
		this.#lostNow += count;
	}

	#fail(error: unknown, count: number): void {
		this.#retryAtMs = this.#now() + RETRY_MS;
		this.#lose(count);
		const { code, message } = error as NodeJS.ErrnoException;
		const full = code === 'ENOSPC' || code === 'EDQUOT';
		const why = full ? `the disk is full (${code})` : (code ?? message);
		// Only a file that space may come back to is kept open.
		if (!full) this.#shut();
		if (this.#failing) return;
		this.#failing = true;
		this.#options.tell(`${this.#options.path} cannot be written: ${why}; lines are dropped and counted until it can`);
	}

	tick(): void {
		const nowMs = this.#now();
		if (this.#fd < 0 || nowMs - this.#lookedMs < LOOK_MS) return;
		this.#lookedMs = nowMs;
		if (!this.#isAtPath()) this.#shut();
	}

	reopen(): void {
		this.#shut();
		this.#retryAtMs = 0;
	}

	close(): void {
		this.#shut();
	}

	#shut(): void {
		if (this.#fd >= 0) closeSync(this.#fd);
		this.#fd = -1;
	}
}
