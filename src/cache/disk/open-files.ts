/** The files that one thread has open to read bodies from: shared by all who read one, closed a while after the last. */
import { close, fstat, open, read, type Stats } from 'node:fs';
import { crc32 } from 'node:zlib';
import { BLOCK, bodyPath, bodyStart, decodeFooter, FOOTER_FIXED, HEADER_FIXED } from './body-file.ts';

const OPEN_MOST = 256;
const SWEEP_MS = 4000;

/** null: it is not there, or damaged (`gone`); or it cannot be opened now. */
type Then = (file: OpenFile | null, gone: boolean) => void;

/** An open file. Who reads holds it. */
export class OpenFile {
	readonly number: number;
	readonly fd: number;
	/** Where the body begins. */
	readonly start: number;
	/** Check sums of the blocks; null: it was opened while it grew. */
	sums: Uint32Array | null = null;
	users = 0;
	/** Somebody read it since the last sweep. */
	used = true;

	constructor(number: number, fd: number, start: number) {
		this.number = number;
		this.fd = fd;
		this.start = start;
	}
}

export class OpenFiles {
	readonly #folder: string;
	readonly #open = new Map<number, OpenFile>();
	readonly #opening = new Map<number, Then[]>();
	#sweeps: NodeJS.Timeout | null = null;

	constructor(folder: string) {
		this.#folder = folder;
	}

	/** Files that are open. */
	get count(): number {
		return this.#open.size;
	}

	/** One that was made here: it can be read from while it grows. */
	add(number: number, fd: number, start: number): OpenFile {
		const file = new OpenFile(number, fd, start);
		this.#keep(file);
		return file;
	}

	/** One that is open, and known to be whole where `whole`; not held yet. */
	known(number: number, whole: boolean): OpenFile | null {
		const file = this.#open.get(number);
		if (file === undefined || (whole && file.sums === null)) return null;
		file.used = true;
		return file;
	}

	/** Opens it; a whole one is checked as far as that can be done without reading it: its length, its footer, its first block. */
	open(number: number, body: { length: number; whole: boolean }, then: Then): void {
		const known = this.known(number, body.whole);
		if (known !== null) {
			then(known, false);
			return;
		}
		const waiting = this.#opening.get(number);
		if (waiting !== undefined) {
			waiting.push(then);
			return;
		}
		this.#opening.set(number, [then]);
		void this.#look(number, body)
			.catch((error: NodeJS.ErrnoException) => (error.code === 'EMFILE' || error.code === 'ENFILE' ? 'busy' : null))
			.then((found) => {
				const all = this.#opening.get(number) ?? [];
				this.#opening.delete(number);
				for (const each of all) each(found === 'busy' ? null : found, found === null);
			});
	}

	async #look(
		number: number,
		{ length, whole }: { length: number; whole: boolean },
	): Promise<OpenFile | 'busy' | null> {
		let file = this.#open.get(number) ?? null;
		if (file === null) {
			this.#makeRoom();
			if (this.#open.size >= OPEN_MOST) return 'busy';
			const fd = await opened(bodyPath(this.#folder, number));
			const start = bodyStart(await piece(fd, HEADER_FIXED, 0).catch(() => Buffer.alloc(0)));
			if (start === null) {
				close(fd, ignore);
				return null;
			}
			file = this.#open.get(number) ?? this.add(number, fd, start);
			if (file.fd !== fd) close(fd, ignore);
		}
		if (!whole || file.sums !== null) return file;
		file.users++;
		const sums = await sumsOf(file, length).catch(() => null);
		file.users--;
		file.sums ??= sums;
		if (sums === null) this.forget(number);
		return sums === null ? null : file;
	}

	/** Not opened again from here: who reads it goes on. */
	forget(number: number): void {
		const file = this.#open.get(number);
		if (file === undefined) return;
		this.#open.delete(number);
		if (file.users === 0) close(file.fd, ignore);
	}

	hold(file: OpenFile): void {
		file.users++;
		file.used = true;
	}

	release(file: OpenFile): void {
		if (--file.users === 0 && this.#open.get(file.number) !== file) close(file.fd, ignore);
	}

	close(): void {
		if (this.#sweeps !== null) clearInterval(this.#sweeps);
		for (const number of [...this.#open.keys()]) this.forget(number);
	}

	#keep(file: OpenFile): void {
		this.#open.set(file.number, file);
		this.#sweeps ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
	}

	/** A name that is gone would keep its place on the disk while it is open. */
	#sweep(): void {
		for (const [number, file] of this.#open) {
			if (file.users === 0 && !file.used) this.forget(number);
			file.used = false;
		}
	}

	#makeRoom(): void {
		for (const [number, { users }] of this.#open) {
			if (this.#open.size < OPEN_MOST) return;
			if (users === 0) this.forget(number);
		}
	}
}

const ignore = (): void => {};

function opened(path: string): Promise<number> {
	return new Promise((resolve, reject) =>
		open(path, 'r', (error, fd) => (error === null ? resolve(fd) : reject(error))),
	);
}

/** So many bytes; @throws Error where there are fewer. */
function piece(fd: number, length: number, at: number): Promise<Buffer> {
	const buffer = Buffer.allocUnsafeSlow(length);
	return new Promise((resolve, reject) =>
		read(fd, buffer, 0, length, at, (error, count) =>
			error === null && count === length ? resolve(buffer) : reject(error ?? new Error('it is too short')),
		),
	);
}

/** null: it is not whole, or damaged. */
async function sumsOf({ fd, start }: OpenFile, length: number): Promise<Uint32Array | null> {
	const { size } = await new Promise<Stats>((resolve, reject) =>
		fstat(fd, (error, stats) => (error === null ? resolve(stats) : reject(error))),
	);
	const blocks = Math.ceil(length / BLOCK);
	const least = start + length + blocks * 4 + FOOTER_FIXED;
	if (size < least) return null;
	const bytes = await piece(fd, size - start - length, start + length);
	const footer = decodeFooter(bytes);
	if (footer === null || footer.length !== length) return null;
	if (length > 0) {
		const first = await piece(fd, Math.min(BLOCK, length), start);
		if (crc32(first) !== footer.sums[0]) return null;
	}
	return footer.sums;
}
