import { type CacheKey, FillState } from '../answer-store.ts';
import { plainAnswer, type StoredAnswer } from '../stored-answer.ts';
import { encodeHeader, pagesOf } from './body-file.ts';
import { DISK_BODY_MOST } from './disk-entry-fill.ts';
import { FileFill, type FileFillOwner } from './file-fill.ts';
import { type DiskFilled, type DiskFillStore, type DiskStore, HeldFill } from './held-fill.ts';

/** Pages that are reserved at a time, while nobody knows how many it will be. */
const STEP_PAGES = 1024;

/** An entry in memory whose body proves long. */
export interface Spilled extends DiskFilled {
	readonly key: CacheKey;
	/** Of its body so much is in memory. */
	readonly received: number;
	read(at: number): Buffer;
	/** It is whole for who reads it here; others look again, and find the one that took its place. */
	spilled(): void;
}

export interface SpillStore extends DiskFillStore {
	begin(key: CacheKey): DiskFilled | null;
}

/**
 * Goes on in a file with a body of unknown length that became too long for the memory. Until it is whole only who asked
 * for it reads it, in this thread; then another entry, which lies on disk, takes its place.
 */
export class SpillFill implements FileFillOwner {
	readonly file: FileFill;
	/** Bytes of the body that are in memory. */
	readonly inMemory: number;
	readonly number: number;
	readonly #store: SpillStore & DiskStore;
	readonly #entry: Spilled;
	readonly #answer: StoredAnswer;
	readonly #header: number;
	readonly #held: HeldFill;
	#length: number;
	#received = 0;

	private constructor(
		store: SpillStore & DiskStore,
		entry: Spilled,
		made: { answer: StoredAnswer; number: number; header: Buffer },
	) {
		this.#store = store;
		this.#entry = entry;
		this.#answer = made.answer;
		this.#header = made.header.length;
		this.number = made.number;
		this.inMemory = entry.received;
		this.#length = this.inMemory;
		this.#held = new HeldFill(store, entry, STEP_PAGES);
		const { folder, files } = store.bodies;
		this.file = new FileFill(
			{ folder, files, number: made.number, header: made.header, elsewhere: this.inMemory },
			this,
		);
		for (let at = 0; at < this.inMemory; ) {
			const piece = entry.read(at);
			this.file.append(piece, 0, piece.length);
			at += piece.length;
		}
	}

	/** null: it stays in memory. */
	static begin(store: SpillStore, entry: Spilled, answer: StoredAnswer): SpillFill | null {
		const { bodies, filler } = store;
		if (bodies === null) return null;
		const known = filler.headerParts(entry.unit, answer);
		if (known === null || !filler.reservePages(STEP_PAGES)) return null;
		const made = { answer, number: bodies.number(), header: encodeHeader({ ...known, node: bodies.node }) };
		return new SpillFill({ begin: (key) => store.begin(key), filler, watchers: store.watchers, bodies }, entry, made);
	}

	append(bytes: Uint8Array, start: number, end: number): boolean {
		const held = this.#held;
		if (held.over) return false;
		this.#length += end - start;
		const needed = this.#pagesOf(0);
		while (held.pages < needed) {
			if (this.#length > DISK_BODY_MOST || !this.#store.filler.reservePages(STEP_PAGES)) return false;
			held.pages += STEP_PAGES;
		}
		return this.file.append(bytes, start, end);
	}

	complete(trailers: Buffer | null, variantsMost: number): boolean {
		this.#held.finish(this.file, trailers, variantsMost);
		return true;
	}

	abandon(): void {
		this.#held.abandon(this.file);
	}

	grew(received: number): void {
		this.#received = received;
		if (received > this.inMemory) this.#held.grew(received);
	}

	/** Bytes that are in the file. */
	get received(): number {
		return this.#received;
	}

	written(): boolean {
		if (this.#held.over) return false;
		this.#held.over = true;
		const kept = this.#replace();
		this.#entry.spilled();
		this.#held.end();
		return kept;
	}

	/** The entry that takes the place of this one. False: there is no room, or it was removed. */
	#replace(): boolean {
		const { bodies, filler } = this.#store;
		const { completion } = this.#held;
		const pages = this.#pagesOf(completion.trailers?.length ?? 0);
		if (!bodies.on || !filler.isFound(this.#entry.unit)) return false;
		const next = this.#store.begin(this.#entry.key);
		if (next === null) return false;
		filler.giveBackPages(this.#held.pages);
		this.#held.pages = 0;
		const answer = { ...plainAnswer(this.#answer), length: this.#length };
		const placed = filler.setDistant(next.unit, answer, { number: this.number, pages });
		filler.received(next.unit, this.#length);
		const whole = placed && filler.completeDistant(next.unit, { ...completion, kept: true });
		// A purge may have come to the one and not to the other.
		const kept = whole && filler.inherit(next.unit, this.#entry.unit);
		if (placed && !whole) filler.giveBackPages(pages);
		if (!placed) next.fail(FillState.broken);
		next.release();
		return kept;
	}

	failed(code: string): void {
		this.#held.failed(code);
	}

	#pagesOf(trailers: number): number {
		return pagesOf({ header: this.#header, body: this.#length, trailers });
	}
}
