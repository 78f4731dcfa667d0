import { randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { type FileHandle, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { diskFault, storeUnusable } from '../core/database.ts';
import { BallastError } from '../core/errors.ts';
import type { JobBody } from './job.ts';
import { openedFile, type ReadAt, sealedReader } from './sealing/read-sealed.ts';
import { FileSealer, plainBytes, SEALED } from './sealing/sealed-file.ts';
import type { StoreKey } from './sealing/store-keys.ts';

/** Names are made here, never taken from a client. */
const NAME = /^[A-Za-z0-9_-]{22}(?:\.sealed)?$/;
/** Being written: counts as nothing. */
const PART = '.part';
/** Names that are held at once. */
const PAGE = 10_000;

/** A body that is being written. */
export interface BodyWriter {
	/**
	 * In the order of the calls; the buffer is free again when it is done.
	 * @throws BallastError `body_too_large`, `jobs_unavailable`; the file is gone then
	 */
	write(chunk: Uint8Array): Promise<void>;
	/** It is on disk, under its name. @throws BallastError `jobs_unavailable` */
	finish(): Promise<{ file: string; bytes: number }>;
	/** Nothing of it stays; also behind an error. */
	abort(): Promise<void>;
}

/** What a sealed body is of. */
const aboutOf = (file: string): string => `body ${file}`;

/** How the plain text of this body is read, where it is sealed; undefined: as it lies on the disk. */
export const bodyReader = (file: string, fd: number, keys: readonly StoreKey[]): ReadAt | undefined =>
	file.endsWith(SEALED) ? sealedReader(fd, { about: aboutOf(file), keys }) : undefined;

/** Bodies of jobs that are too large to be held: a file each, in one folder that is Ballast's own. */
export class BodyFolder {
	readonly #path: string;
	/** The first seals what comes, each opens; none: bodies lie in the clear. */
	keys: readonly StoreKey[] = [];

	/** @throws BallastError `store_unusable` */
	constructor(path: string) {
		this.#path = path;
		try {
			mkdirSync(path, { recursive: true, mode: 0o700 });
		} catch (error) {
			throw storeUnusable(path, error);
		}
	}

	/** @throws BallastError `jobs_unavailable` */
	async create(mostBytes: number): Promise<BodyWriter> {
		const [key] = this.keys;
		const name = randomBytes(17).toString('base64url').slice(0, 22) + (key === undefined ? '' : SEALED);
		const sealer = key === undefined ? null : new FileSealer(key, aboutOf(name));
		const path = join(this.#path, name);
		return translated(
			async () => new FileWriter(await open(path + PART, 'wx', 0o600), { folder: this.#path, name, mostBytes, sealer }),
		);
	}

	/** Its bytes; fails where it is gone (ENOENT), or no key opens it. @throws BallastError `internal`: that is no name of ours */
	read(file: string): AsyncIterable<Uint8Array> {
		const path = this.#pathOf(file);
		return file.endsWith(SEALED) ? openedFile(path, { about: aboutOf(file), keys: this.keys }) : createReadStream(path);
	}

	/** null: it is not there. */
	async size(file: string): Promise<number | null> {
		try {
			const { size } = await stat(this.#pathOf(file));
			return file.endsWith(SEALED) ? plainBytes(size) : size;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
			throw error;
		}
	}

	/** A body that is read once, as text; a file is gone then. null: there is none, or it is longer. */
	async text(body: JobBody | null, mostBytes: number): Promise<string | null> {
		if (body === null) return null;
		if ('inline' in body) return Buffer.from(body.inline).toString('utf8');
		try {
			return body.bytes > mostBytes ? null : await text(Readable.from(this.read(body.file)));
		} catch {
			return null;
		} finally {
			await this.remove([body.file]).catch(() => {});
		}
	}

	/** What is gone already is no fault. */
	async remove(files: readonly string[]): Promise<void> {
		for (const file of files) await rm(this.#pathOf(file), { force: true });
	}

	/**
	 * All whole bodies last written before then, in pages, for sweeps of the store, which knows those that no job names.
	 * What of that age never became whole is removed.
	 */
	async *olderThan(atMs: number, pageMost: number = PAGE): AsyncGenerator<string[]> {
		let names: string[] = [];
		for await (const entry of await opendir(this.#path)) {
			const part = entry.name.endsWith(PART);
			const name = part ? entry.name.slice(0, -PART.length) : entry.name;
			if (!entry.isFile() || !NAME.test(name) || !(await this.#isOlder(entry.name, atMs))) continue;
			if (part) await rm(join(this.#path, entry.name), { force: true });
			else if (names.push(name) >= pageMost) {
				yield names;
				names = [];
			}
		}
		if (names.length > 0) yield names;
	}

	async #isOlder(name: string, atMs: number): Promise<boolean> {
		try {
			return (await stat(join(this.#path, name))).mtimeMs < atMs;
		} catch {
			// It went meanwhile.
			return false;
		}
	}

	#pathOf(file: string): string {
		if (!NAME.test(file)) throw new BallastError('internal', 'this is no name of a body');
		return join(this.#path, file);
	}
}

interface WriterOf {
	folder: string;
	name: string;
	/** Of the plain text. */
	mostBytes: number;
	/** null: it lies in the clear. */
	sealer: FileSealer | null;
}

class FileWriter implements BodyWriter {
	readonly #handle: FileHandle;
	readonly #of: WriterOf;
	#bytes = 0;
	/** The head of a sealed file is not written yet. */
	#headless: boolean;
	/** What was called last: calls follow one another. */
	#last: Promise<void> = Promise.resolve();
	#isOpen = true;

	constructor(handle: FileHandle, of: WriterOf) {
		this.#handle = handle;
		this.#of = of;
		this.#headless = of.sealer !== null;
	}

	write(chunk: Uint8Array): Promise<void> {
		return this.#inOrder(async () => {
			this.#bytes += chunk.length;
			if (this.#bytes > this.#of.mostBytes) throw new BallastError('body_too_large');
			await this.#put(this.#of.sealer?.add(chunk) ?? chunk);
		});
	}

	async #put(bytes: Uint8Array): Promise<void> {
		const { sealer } = this.#of;
		const all = this.#headless && sealer !== null ? Buffer.concat([sealer.head, bytes]) : bytes;
		this.#headless = false;
		for (let at = 0; at < all.length; ) at += (await this.#handle.write(all, at)).bytesWritten;
	}

	async finish(): Promise<{ file: string; bytes: number }> {
		const { folder, name, sealer } = this.#of;
		await this.#inOrder(async () => {
			if (sealer !== null) await this.#put(sealer.end());
			await this.#handle.datasync();
			await this.#close();
			await rename(join(folder, name + PART), join(folder, name));
			// The name is on disk only with its folder.
			const directory = await open(folder);
			try {
				await directory.datasync();
			} finally {
				await directory.close();
			}
		});
		return { file: name, bytes: this.#bytes };
	}

	async abort(): Promise<void> {
		await this.#last.catch(() => {});
		await this.#discard();
	}

	#inOrder(work: () => Promise<void>): Promise<void> {
		const done = this.#last.then(() => translated(work));
		this.#last = done;
		// Whoever called is told; a call that nobody waited for is not a fault of the program.
		done.catch(() => this.#discard()).catch(() => {});
		return done;
	}

	async #discard(): Promise<void> {
		await this.#close().catch(() => {});
		await rm(join(this.#of.folder, this.#of.name + PART), { force: true });
	}

	async #close(): Promise<void> {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		await this.#handle.close();
	}
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		if (error instanceof BallastError) throw error;
		const disk = diskFault(error);
		const why = disk ?? (error as Error).message;
		throw new BallastError('jobs_unavailable', `the body cannot be stored: ${why}`, { disk }, error);
	}
}
