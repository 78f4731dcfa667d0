import type { JobBody } from '../../jobs/job.ts';
import { GatheredBytes } from './gathered-bytes.ts';

/** Bodies up to this size lie with their job. */
export const INLINE_MOST: number = 64 * 1024;
/** Bytes on their way to the disk beyond which no more are taken. */
const PENDING_MOST = 256 * 1024;
/** Small pieces are gathered up to this size before they are written. */
const WRITE_BYTES = 64 * 1024;

/** A file of the jobs' folder that is being written. */
export interface BodyWriter {
	write(bytes: Uint8Array): Promise<void>;
	/** It is on disk for good, under this name. */
	finish(): Promise<{ file: string; bytes: number }>;
	/** Nothing of it stays. */
	abort(): Promise<void>;
}

/** Where bodies that are too large to lie with their job go. */
export interface BodyFiles {
	create(mostBytes: number): Promise<BodyWriter>;
	/** Those that nothing names; they may be gone already. */
	remove(files: readonly string[]): Promise<void>;
}

/** Who is told how it goes. */
export interface SpoolTold {
	/** More can be taken again. */
	ready(): void;
	/** The disk does not take it; then nothing more comes. */
	failed(error: unknown): void;
}

/** Gathers one body: small ones in memory, others into a file, never more of it in memory than is said here. */
export class BodySpool {
	received = 0;
	readonly #files: BodyFiles;
	readonly #tell: SpoolTold;
	readonly #held = new GatheredBytes();
	/** Being written. */
	#writingBytes = 0;
	#writer: BodyWriter | null = null;
	/** The work on the file, one piece after the other; null: there is none. */
	#work: Promise<void> | null = null;
	#over = false;

	constructor(files: BodyFiles, tell: SpoolTold) {
		this.#files = files;
		this.#tell = tell;
	}

	get ready(): boolean {
		return this.#held.length + this.#writingBytes < PENDING_MOST;
	}

	/** Takes a copy of bytes[start, end). */
	add(bytes: Uint8Array, start: number, end: number): void {
		if (end <= start || this.#over) return;
		this.#held.add(bytes, start, end);
		this.received += end - start;
		if (this.received > INLINE_MOST && this.#held.length >= WRITE_BYTES) this.#write();
	}

	#write(): void {
		if (this.#work !== null) return;
		this.#work = this.#writeHeld().then(
			() => {
				this.#work = null;
				// What came while the work was being put away.
				if (this.#held.length >= WRITE_BYTES) this.#write();
			},
			(error: unknown) => {
				this.#work = null;
				this.#fail(error);
			},
		);
	}

	async #writeHeld(): Promise<void> {
		if (this.#over) return;
		this.#writer ??= await this.#files.create(Number.MAX_SAFE_INTEGER);
		while (this.#held.length > 0 && !this.#over) {
			const piece = this.#held.take();
			this.#writingBytes = piece.length;
			await this.#writer.write(piece);
			this.#writingBytes = 0;
			if (!this.#over && this.ready) this.#tell.ready();
		}
	}

	#fail(error: unknown): void {
		if (this.#over) return;
		this.discard();
		this.#tell.failed(error);
	}

	/** All came, and is held in memory; null: it is empty; undefined: it is on its way to a file. */
	held(): JobBody | null | undefined {
		if (this.received === 0) return null;
		if (this.#writer !== null || this.#work !== null) return undefined;
		return { inline: this.#held.take() };
	}

	/** All came; null: it is empty. @throws what the disk says, or where it was discarded meanwhile */
	async finish(): Promise<JobBody | null> {
		const held = this.held();
		if (held !== undefined) return held;
		try {
			await this.#work;
			await this.#writeHeld();
			if (this.#over) throw new Error('the body is not wanted any more');
			const writer = this.#writer as BodyWriter;
			this.#writer = null;
			const body = await writer.finish();
			if (!this.#over) return body;
			await this.#files.remove([body.file]);
			throw new Error('the body is not wanted any more');
		} catch (error) {
			this.discard();
			throw error;
		}
	}

	/** Nobody wants it any more. */
	discard(): void {
		if (this.#over) return;
		this.#over = true;
		this.#held.clear();
		const gone = async (): Promise<void> => {
			await this.#work;
			await this.#writer?.abort();
		};
		void gone().catch(() => {});
	}
}
