import { fstat, read } from 'node:fs';
import { open } from 'node:fs/promises';
import { CHUNK_BYTES, FileOpener, HEAD_BYTES, TAG_BYTES } from './sealed-file.ts';
import type { StoreKey } from './store-keys.ts';

/** As `fs.read` of an open file: fewer bytes than were asked for may come, none only at its end. */
export type ReadAt = (
	into: Buffer,
	of: { length: number; at: number },
	done: (error: Error | null, length: number) => void,
) => void;

/** What a sealed file is of, and which keys may open it. */
export interface SealedAs {
	about: string;
	keys: readonly StoreKey[];
}

/** Reads the plain text of an open sealed file, a chunk at a time; one read at a time. Nothing of a chunk is given before its tag was seen to be right. */
class SealedReader {
	readonly #fd: number;
	readonly #as: SealedAs;
	readonly #sealed = Buffer.allocUnsafeSlow(CHUNK_BYTES + TAG_BYTES);
	#opener: FileOpener | null = null;
	/** The chunk that was read last: parts of it may be wanted one after the other. */
	#known: { number: number; plain: Buffer } = { number: -1, plain: Buffer.alloc(0) };

	constructor(fd: number, as: SealedAs) {
		this.#fd = fd;
		this.#as = as;
	}

	readonly read: ReadAt = (into, of, done) => {
		if (this.#opener === null) {
			this.#begin((error) => (error === null ? this.read(into, of, done) : done(error, 0)));
			return;
		}
		if (of.at >= this.#opener.bytes && of.at > 0) return done(null, 0);
		const number = Math.floor(of.at / CHUNK_BYTES);
		const from = of.at - number * CHUNK_BYTES;
		const give = (): void => done(null, this.#known.plain.copy(into, 0, from, from + of.length));
		if (this.#known.number === number) give();
		else this.#chunk(this.#opener, number, (error) => (error === null ? give() : done(error, 0)));
	};

	#begin(done: (error: Error | null) => void): void {
		fstat(this.#fd, (error, stats) => {
			if (error !== null) return done(error);
			this.#whole({ length: HEAD_BYTES, at: 0 }, (fault, head) => {
				const opener =
					fault ?? fallible(() => FileOpener.of(this.#as.keys, head, { ...this.#as, fileBytes: stats.size }));
				if (opener instanceof FileOpener) this.#opener = opener;
				done(opener instanceof FileOpener ? null : opener);
			});
		});
	}

	#chunk(opener: FileOpener, number: number, done: (error: Error | null) => void): void {
		const [length, at] = [CHUNK_BYTES + TAG_BYTES, HEAD_BYTES + number * (CHUNK_BYTES + TAG_BYTES)];
		this.#whole({ length, at }, (fault, sealed) => {
			const plain = fault ?? fallible(() => opener.open(number, sealed));
			if (plain instanceof Error) return done(plain);
			this.#known = { number, plain };
			done(null);
		});
	}

	/** So many bytes, or all up to the end of the file. */
	#whole(
		{ length, at }: { length: number; at: number },
		done: (error: Error | null, bytes: Buffer) => void,
		got = 0,
	): void {
		read(this.#fd, this.#sealed, got, length - got, at + got, (error, count) => {
			const all = got + count;
			if (error !== null || count === 0 || all === length) done(error, this.#sealed.subarray(0, all));
			else this.#whole({ length, at }, done, all);
		});
	}
}

export const sealedReader = (fd: number, as: SealedAs): ReadAt => new SealedReader(fd, as).read;

function fallible<T>(work: () => T): T | Error {
	try {
		return work();
	} catch (error) {
		return error as Error;
	}
}

/** The plain text of a whole file. @throws Error where it is gone, or does not open */
export async function* openedFile(path: string, { about, keys }: SealedAs): AsyncGenerator<Uint8Array> {
	const file = await open(path);
	try {
		const { size: fileBytes } = await file.stat();
		const sealed = Buffer.allocUnsafeSlow(CHUNK_BYTES + TAG_BYTES);
		const head = await file.read(sealed, 0, HEAD_BYTES, 0);
		const opener = FileOpener.of(keys, sealed.subarray(0, head.bytesRead), { about, fileBytes });
		let number = 0;
		for (let at = HEAD_BYTES; at < fileBytes; number++) {
			const { bytesRead } = await file.read(sealed, 0, Math.min(sealed.length, fileBytes - at), at);
			yield opener.open(number, sealed.subarray(0, bytesRead));
			at += bytesRead;
			if (bytesRead === 0) throw new Error('it was cut off');
		}
	} finally {
		await file.close();
	}
}
