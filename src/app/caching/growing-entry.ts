import {
	type AnswerStore,
	type Asking,
	type CacheKey,
	type FillingEntry,
	FillState,
} from '../../cache/answer-store.ts';
import { BODY_MOST, type CachePolicy } from '../../cache/cache-policy.ts';
import type { StoredAnswer } from '../../cache/stored-answer.ts';
import type { BodyScan } from '../../wire/body.ts';
import { GATHER_BYTES } from '../../wire/output.ts';
import type { Overflow } from './overflow.ts';

const NOTHING = Buffer.alloc(0);

/**
 * What of an answer that comes is stored, within the bounds of its route. As long as nobody else wants it, a short one
 * waits until all of it is here, and is put into the store at once. Used again for the next.
 */
export class GrowingEntry implements Asking {
	/** What others follow; null: nothing. */
	entry: FillingEntry | null = null;
	place = 0;
	purges = 0;
	readonly #store: AnswerStore;
	readonly #key: CacheKey;
	/** Its head is known, and not in the store yet. */
	#waiting: StoredAnswer | null = null;
	#bodyMost = 0;
	#variantsMost = 1;
	/** Of the body; -1: not known. */
	#length = -1;
	/** Of the body so far; on its way to the disk some of it may be. */
	received = 0;

	/** `key`: the object that says what each is stored under. */
	constructor(store: AnswerStore, key: CacheKey) {
		this.#store = store;
		this.#key = key;
	}

	/** Takes over what somebody announced for it. */
	take(asking: Asking): void {
		this.place = asking.place;
		this.entry = asking.entry;
		this.purges = asking.purges;
		asking.place = 0;
		asking.entry = null;
	}

	/** The head is known; false: there is no room for it. `mayWait`: nobody reads it from the store before it is whole. */
	begin(answer: StoredAnswer, policy: CachePolicy, mayWait: boolean): boolean {
		this.#bodyMost = policy.bodyMost ?? BODY_MOST;
		this.#variantsMost = policy.variantsMost;
		this.#length = answer.length;
		this.received = 0;
		this.#waiting = answer;
		// What nobody else sees would miss what is purged until all of it is here.
		const isSeen = this.place !== 0;
		return (
			(mayWait && isSeen && this.entry === null && answer.length >= 0 && answer.length < GATHER_BYTES) || this.settle()
		);
	}

	/** Something was purged since it was asked for: what came may be of before, and another one is to ask anew. */
	get isOutdated(): boolean {
		return this.purges !== this.#store.purges;
	}

	/** Nobody knows of it: it counts from now on, since only now the origin is asked. */
	start(): void {
		if (this.place === 0 && this.entry === null) this.purges = this.#store.purges;
	}

	/** An entry for others to follow; null: there is no room. */
	open(): FillingEntry | null {
		this.entry ??= this.#store.open(this.#key, this);
		return this.entry;
	}

	/** What waited until all is here does so no more; false: there is no room for it. */
	settle(): boolean {
		const answer = this.#waiting;
		if (answer === null) return true;
		this.#waiting = null;
		return this.open()?.setAnswer(answer, true) === true;
	}

	/** The origin did not say how long it is. */
	get isOpenEnded(): boolean {
		return this.#length < 0;
	}

	/** All that was said to come is there. */
	get isFull(): boolean {
		return this.received === this.#length;
	}

	/** What is appended is there only a while later. */
	get isLate(): boolean {
		return (this.entry?.distantFill ?? null) !== null;
	}

	/** It is too long to be stored, and goes on for those who follow it. */
	get isOutgrown(): boolean {
		return this.entry?.outgrown ?? false;
	}

	/** So would it the next time. */
	get isTooLong(): boolean {
		return this.isOutgrown && this.entry?.fitsDisk === false;
	}

	/** False: it is too long to be stored, or there is no room. What then is not goes into `rest`, if there is one. */
	append(bytes: Uint8Array, { ranges, rangeCount }: BodyScan, rest: Overflow | null): boolean {
		let fits = this.#waiting === null || this.#put(bytes, ranges[0] as number, ranges[1] as number) || this.settle();
		for (let i = 0; i < rangeCount; i++) {
			const start = ranges[2 * i] as number;
			const end = ranges[2 * i + 1] as number;
			if (this.entry === null && fits) break;
			const isLong = this.received + end - start > this.#bodyMost;
			fits &&= (!isLong || this.entry?.outgrow() === true) && this.entry?.append(bytes, start, end) === true;
			if (fits) this.received += end - start;
			else if (rest !== null) {
				this.takeBack(rest);
				rest.add(bytes.subarray(start, end));
			}
		}
		return fits;
	}

	/** All of what waited is here; false: it is not, or others want it. */
	#put(bytes: Uint8Array, start: number, end: number): boolean {
		const answer = this.#waiting;
		if (answer === null || end - start !== this.#length || this.#length > this.#bodyMost) return false;
		const whole = { answer, bytes, start, end, variantsMost: this.#variantsMost };
		if (!this.#store.put(this.#key, this, whole)) return false;
		this.#waiting = null;
		this.received = this.#length;
		return true;
	}

	/** It came to its end. Nothing the second time. */
	complete(trailers: Buffer | null): void {
		if (this.#waiting !== null && (this.#put(NOTHING, 0, 0) || !this.settle())) return;
		this.entry?.complete(trailers, this.#variantsMost);
	}

	/** `rest` gets what was on its way to the disk and will not be there. */
	takeBack(rest: Overflow): void {
		const fill = this.entry?.distantFill ?? null;
		if (fill === null) return;
		rest.add(Buffer.alloc(0));
		for (const piece of fill.takeBack()) rest.add(piece);
	}

	/** The rest of it does not come; who follows it must see that. */
	breakOff(): void {
		this.#fail(FillState.broken);
	}

	/** Who waits for it asks for itself. */
	refuse(): void {
		this.#fail(FillState.refused);
		this.release();
	}

	#fail(state: typeof FillState.broken | typeof FillState.refused): void {
		this.#waiting = null;
		this.entry ??= this.#store.leave(this.#key, this);
		this.entry?.fail(state);
	}

	release(): void {
		if (this.place !== 0) this.#fail(FillState.broken);
		this.#waiting = null;
		this.entry?.release();
		this.entry = null;
	}
}
