import type { PurgeSelect } from '../answer-store.ts';
import { PurgeTables } from './purge-tables.ts';

const SERIAL_BYTES = 8;

/** What purges mean for an answer that was asked for before them. */
export const Spoil = {
	/** None of them is of it. */
	none: 0,
	/** It is stale from the first moment. */
	stale: 1,
	/** It is not stored. */
	gone: 2,
} as const;
export type Spoil = (typeof Spoil)[keyof typeof Spoil];

/**
 * Which purges there were, in memory that all threads of a node share and that never grows: of each URL, prefix and tag
 * the number of the last one. Who fills an entry asks here whether one that came after he began is of his. The control
 * plane alone writes it.
 */
export class RecentPurges {
	readonly #serial: Float64Array;
	readonly #tables: PurgeTables;

	/** `buffer`: what `create` gave. */
	constructor(buffer: SharedArrayBuffer) {
		this.#serial = new Float64Array(buffer, 0, 1);
		this.#tables = new PurgeTables(buffer, SERIAL_BYTES);
	}

	static create(): SharedArrayBuffer {
		return PurgeTables.create(SERIAL_BYTES);
	}

	/** Notes one that begins; its number, counted from 1. */
	mark(select: PurgeSelect, soft: boolean): number {
		const serial = (this.#serial[0] as number) + 1;
		this.#serial[0] = serial;
		this.#tables.mark(select, serial, soft);
		return serial;
	}

	/** Of an answer that was asked for when there were `since` (the last 32 bits of it). Some other purge may meet the same place: rarely, and to no harm. */
	of(since: number, key: Buffer, tags: readonly string[]): Spoil {
		if (isAfter(this.#tables.lastMs(key, tags, false), since)) return Spoil.gone;
		return isAfter(this.#tables.lastMs(key, tags, true), since) ? Spoil.stale : Spoil.none;
	}
}

const isAfter = (serial: number, since: number): boolean => serial !== 0 && ((serial - since) | 0) > 0;
