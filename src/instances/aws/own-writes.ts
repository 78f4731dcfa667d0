/**
 * What we changed and AWS may not show yet: a look that lies behind must not be taken for the truth, or the
 * same change would be made twice.
 */

/** After this long what AWS shows is believed, whatever it is; ms. */
const BELIEVE_MS = 30_000;
/** An instance that was ended is known as such for this long; ms. It is then long gone from the group. */
const ENDED_MS = 60 * 60_000;

export class OwnWrites {
	/** Sizes that the group may still be shown with, and the one that it has. */
	#size: { stale: ReadonlySet<number>; written: number; atMs: number } | null = null;
	readonly #ended = new Map<string, number>();
	readonly #now: () => number;

	constructor(now: () => number = Date.now) {
		this.#now = now;
	}

	/** @param before what the group was last known to aim at; null: not known */
	wroteSize(written: number, before: number | null): void {
		const stale = new Set(this.#size?.stale);
		if (this.#size !== null) stale.add(this.#size.written);
		if (before !== null) stale.add(before);
		stale.delete(written);
		this.#size = { stale, written, atMs: this.#now() };
	}

	/** The size that the group aims at, given what AWS shows. */
	sizeOf(shown: number): number {
		const size = this.#size;
		if (size === null) return shown;
		if (size.stale.has(shown) && this.#now() - size.atMs < BELIEVE_MS) return size.written;
		this.#size = null;
		return shown;
	}

	ended(id: string): void {
		this.#ended.set(id, this.#now());
	}

	hasEnded(id: string): boolean {
		return this.#ended.has(id);
	}

	/** Forgets instances that the group no longer shows. */
	shown(ids: ReadonlySet<string>): void {
		const old = this.#now() - ENDED_MS;
		for (const [id, atMs] of this.#ended) {
			const gone = !ids.has(id) && this.#now() - atMs > BELIEVE_MS;
			if (gone || atMs < old) this.#ended.delete(id);
		}
	}
}
