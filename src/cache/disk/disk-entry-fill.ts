import { FillState } from '../answer-store.ts';
import type { EntryFiller } from '../memory/entry-filler.ts';
import type { Watchers } from '../memory/watchers.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import { encodeHeader, pagesOf } from './body-file.ts';
import type { DiskBodies } from './disk-bodies.ts';
import { FileFill, type FileFillOwner } from './file-fill.ts';

/** The store that it belongs to. */
export interface DiskFillStore {
	readonly filler: EntryFiller;
	readonly watchers: Watchers;
	readonly bodies: DiskBodies | null;
}

/** An entry whose body goes to disk. */
export interface DiskFilled {
	readonly unit: number;
	pin(): void;
	release(): void;
	fail(state: typeof FillState.broken): void;
}

/** Bytes of a body at most: they are counted in 32 bits. */
export const DISK_BODY_MOST = 0x7fffffff;

/** Fills the body of one entry into a file: it holds the entry until that is done. */
export class DiskEntryFill implements FileFillOwner {
	readonly file: FileFill;
	readonly #store: DiskFillStore & { readonly bodies: DiskBodies };
	readonly #entry: DiskFilled;
	readonly #pages: number;
	readonly #length: number;
	#received = 0;
	#completion = { trailers: null as Buffer | null, variantsMost: 1 };
	#over = false;

	private constructor(
		store: DiskFillStore & { readonly bodies: DiskBodies },
		entry: DiskFilled,
		made: { number: number; header: Buffer; pages: number; length: number },
	) {
		this.#store = store;
		this.#entry = entry;
		this.#pages = made.pages;
		this.#length = made.length;
		entry.pin();
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
		this.#completion = { trailers, variantsMost };
		this.file.finish(trailers);
		return true;
	}

	abandon(): void {
		if (this.#over) return;
		this.file.abandon();
		this.#end();
	}

	grew(received: number): void {
		this.#store.filler.received(this.#entry.unit, received);
		this.#store.watchers.changed(this.#entry.unit);
	}

	written(): boolean {
		if (this.#over) return false;
		const kept = this.#store.bodies.on;
		const done = this.#store.filler.completeDistant(this.#entry.unit, { ...this.#completion, kept });
		this.#store.watchers.changed(this.#entry.unit);
		this.#end(!done);
		return done;
	}

	failed(code: string): void {
		this.#store.bodies.failed(code);
		if (this.#over) return;
		this.#over = true;
		this.#entry.fail(FillState.broken);
		this.#end();
	}

	#end(giveBack = true): void {
		this.#over = true;
		if (giveBack) this.#store.filler.giveBackPages(this.#pages);
		this.#entry.release();
	}
}
