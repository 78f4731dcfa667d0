import { type FillingEntry, FillState } from '../../cache/answer-store.ts';
import { BODY_MOST, type CachePolicy } from '../../cache/cache-policy.ts';
import type { StoredAnswer } from '../../cache/stored-answer.ts';
import type { BodyScan } from '../../wire/body.ts';
import type { Overflow } from './overflow.ts';

/** What of an answer that comes is stored, within the bounds of its route. Used again for the next. */
export class GrowingEntry {
	/** What others follow; null: nothing. */
	entry: FillingEntry | null = null;
	#bodyMost = 0;
	#variantsMost = 1;
	/** Of the body; -1: not known. */
	#length = -1;
	/** Of the body so far; on its way to the disk some of it may be. */
	received = 0;

	/** The head is known; false: there is no room for it. */
	begin(answer: StoredAnswer, policy: CachePolicy): boolean {
		if (this.entry?.setAnswer(answer) !== true) return false;
		this.#bodyMost = policy.bodyMost ?? BODY_MOST;
		this.#variantsMost = policy.variantsMost;
		this.#length = answer.length;
		this.received = 0;
		return true;
	}

	/** All that was said to come is there. */
	get isFull(): boolean {
		return this.received === this.#length;
	}

	/** What is appended is there only a while later. */
	get isLate(): boolean {
		return (this.entry?.distantFill ?? null) !== null;
	}

	/** False: it is too long to be stored, or there is no room. What then is not goes into `rest`, if there is one. */
	append(bytes: Uint8Array, { ranges, rangeCount }: BodyScan, rest: Overflow | null): boolean {
		let fits = true;
		for (let i = 0; i < rangeCount; i++) {
			const start = ranges[2 * i] as number;
			const end = ranges[2 * i + 1] as number;
			fits &&= this.received + end - start <= this.#bodyMost && this.entry?.append(bytes, start, end) === true;
			if (fits) this.received += end - start;
			else if (rest !== null) {
				this.takeBack(rest);
				rest.add(bytes.subarray(start, end));
			}
		}
		return fits;
	}

	/** It came to its end. Nothing the second time. */
	complete(trailers: Buffer | null): void {
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
		this.entry?.fail(FillState.broken);
	}

	/** Who waits for it asks for itself. */
	refuse(): void {
		this.entry?.fail(FillState.refused);
		this.release();
	}

	release(): void {
		this.entry?.release();
		this.entry = null;
	}
}
