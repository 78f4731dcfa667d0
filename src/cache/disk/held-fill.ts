import { FillState } from '../answer-store.ts';
import type { EntryFiller } from '../memory/entry-filler.ts';
import type { Watchers } from '../memory/watchers.ts';
import type { DiskBodies } from './disk-bodies.ts';
import type { FileFill } from './file-fill.ts';

/** The store that an entry belongs to. */
export interface DiskFillStore {
	readonly filler: EntryFiller;
	readonly watchers: Watchers;
	readonly bodies: DiskBodies | null;
}

export interface DiskStore extends DiskFillStore {
	readonly bodies: DiskBodies;
}

/** An entry whose body goes to disk. */
export interface DiskFilled {
	readonly unit: number;
	pin(): void;
	release(): void;
	fail(state: typeof FillState.broken): void;
}

/** Holds an entry, and the pages that are reserved for its body, until its file is there or given up. */
export class HeldFill {
	completion: { trailers: Buffer | null; variantsMost: number } = { trailers: null, variantsMost: 1 };
	/** Reserved, and not the entry's own yet. */
	pages: number;
	/** Nothing more comes of it. */
	over = false;
	readonly #store: DiskStore;
	readonly #entry: DiskFilled;

	constructor(store: DiskStore, entry: DiskFilled, pages: number) {
		this.#store = store;
		this.#entry = entry;
		this.pages = pages;
		entry.pin();
	}

	/** All of the body was given. */
	finish(file: FileFill, trailers: Buffer | null, variantsMost: number): void {
		this.completion = { trailers, variantsMost };
		file.finish(trailers);
	}

	abandon(file: FileFill): void {
		if (this.over) return;
		file.abandon();
		this.end();
	}

	/** The disk did. */
	failed(code: string): void {
		this.#store.bodies.failed(code);
		if (this.over) return;
		this.over = true;
		this.#entry.fail(FillState.broken);
		this.end();
	}

	/** So much of the body is in the file. */
	grew(received: number): void {
		this.#store.filler.received(this.#entry.unit, received);
		this.#store.watchers.changed(this.#entry.unit);
	}

	/** What is still reserved is given back. */
	end(): void {
		this.over = true;
		if (this.pages > 0) this.#store.filler.giveBackPages(this.pages);
		this.pages = 0;
		this.#entry.release();
	}
}
