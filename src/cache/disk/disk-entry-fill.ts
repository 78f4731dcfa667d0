import type { StoredAnswer } from '../stored-answer.ts';
import { encodeHeader, pagesOf } from './body-file.ts';
import { FileFill, type FileFillOwner } from './file-fill.ts';
import { type DiskFilled, type DiskFillStore, type DiskStore, HeldFill } from './held-fill.ts';

/** Bytes of a body at most: they are counted in 32 bits. */
export const DISK_BODY_MOST = 0x7fffffff;

/** Fills the body of one entry into a file: it holds the entry until that is done. */
export class DiskEntryFill implements FileFillOwner {
	readonly file: FileFill;
	readonly #store: DiskStore;
	readonly #entry: DiskFilled;
	readonly #held: HeldFill;
	readonly #length: number;
	#received = 0;

	private constructor(
		store: DiskStore,
		entry: DiskFilled,
		made: { number: number; header: Buffer; pages: number; length: number },
	) {
		this.#store = store;
		this.#entry = entry;
		this.#length = made.length;
		this.#held = new HeldFill(store, entry, made.pages);
		const { folder, files } = store.bodies;
		this.file = new FileFill({ folder, files, number: made.number, header: made.header }, this);
	}

	/** null: its body does not go to disk. */
	static begin(store: DiskFillStore, entry: DiskFilled, answer: StoredAnswer): DiskEntryFill | null {
		const { bodies, filler } = store;
		const { length } = answer;
		if (bodies === null || length > DISK_BODY_MOST || !bodies.wants(length)) return null;
		const known = filler.headerParts(entry.unit, answer);
		if (known === null) return null;
		const header = encodeHeader({ ...known, node: bodies.node });
		const pages = pagesOf({ header: header.length, body: length, trailers: 0 });
		const number = bodies.number();
		if (!filler.setDistant(entry.unit, answer, { number, pages })) return null;
		const parts = { filler, watchers: store.watchers, bodies };
		return new DiskEntryFill(parts, entry, { number, header, pages, length });
	}

	append(bytes: Uint8Array, start: number, end: number): boolean {
		this.#received += end - start;
		return this.#received <= this.#length && this.file.append(bytes, start, end);
	}

	/** False: it is not whole. */
	complete(trailers: Buffer | null, variantsMost: number): boolean {
		if (this.#received !== this.#length) return false;
		this.#held.finish(this.file, trailers, variantsMost);
		return true;
	}

	abandon(): void {
		this.#held.abandon(this.file);
	}

	grew(received: number): void {
		this.#held.grew(received);
	}

	written(): boolean {
		const held = this.#held;
		if (held.over) return false;
		const kept = this.#store.bodies.on;
		const done = this.#store.filler.completeDistant(this.#entry.unit, { ...held.completion, kept });
		this.#store.watchers.changed(this.#entry.unit);
		// They are the entry's now.
		if (done) held.pages = 0;
		held.end();
		return done;
	}

	failed(code: string): void {
		this.#held.failed(code);
	}
}
