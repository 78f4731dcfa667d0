import { FillState } from '../../cache/answer-store.ts';
import type { DistantFill, DistantFillListener } from '../../cache/distant-body.ts';
import type { GrowingEntry } from './growing-entry.ts';
import type { Overflow } from './overflow.ts';

/** Whose body it is. */
export interface LateOwner {
	readonly growing: GrowingEntry;
	resume(): void;
	/** All is stored. */
	allStored(): void;
	/** It cannot be stored: the client gets the rest directly. */
	notStored(): void;
}

/** A body that is stored a while after it came: on disk. */
export class LateStore implements DistantFillListener {
	readonly #owner: LateOwner;
	readonly #overflow: Overflow;
	/** All has come; its trailers. */
	#ended: { trailers: Buffer | null } | null = null;

	constructor(owner: LateOwner, overflow: Overflow) {
		this.#owner = owner;
		this.#overflow = overflow;
	}

	/** More is on its way there than should be: the origin is to wait. */
	get full(): boolean {
		return this.#fill?.full ?? false;
	}

	/** Nothing more comes; true: it is not stored yet. */
	end(trailers: Buffer | null): boolean {
		if (this.#fill === null || this.#owner.growing.entry?.state !== FillState.filling) return false;
		this.#ended = { trailers };
		return true;
	}

	clear(): void {
		this.#ended = null;
		const fill = this.#owner.growing.entry?.distantFill ?? null;
		if (fill !== null) fill.listener = null;
	}

	get #fill(): DistantFill | null {
		const fill = this.#owner.growing.entry?.distantFill ?? null;
		if (fill !== null) fill.listener = this;
		return fill;
	}

	drained(): void {
		if (this.#ended === null) this.#owner.resume();
	}

	settled(whole: boolean): void {
		if (whole) {
			this.#owner.allStored();
			return;
		}
		this.#owner.growing.takeBack(this.#overflow);
		if (this.#ended !== null) this.#overflow.end(this.#ended.trailers);
		this.#owner.notStored();
	}
}
