import { type AnswerEntry, type CacheKey, FillState } from '../../cache/answer-store.ts';
import type { CachePolicy } from '../../cache/cache-policy.ts';
import { KeptKey } from '../../cache/kept-key.ts';
import type { FoundAnswer, KeptAnswer, SecondLevel, Wanted } from '../../cache/second-level.ts';
import { AnswerFlag } from '../../cache/stored-answer.ts';
import type { UrlMarks } from '../../cache/url-marks.ts';

/** Answers that wait to be written; more are not kept. They are held in memory until then. */
const WAITING_MOST = 256;
/** Of them in one turn. */
const TURN = 8;
/** What is of use for a shorter time is not kept, ms. */
const LIFE_LEAST_MS = 1000;

/** Told once, what was found, and by which level; null: nothing. */
export type WhenAsked = (found: FoundAnswer | null, level: string) => void;

export interface Keeping {
	readonly key: CacheKey;
	/** Hash of its URL. */
	readonly url: number;
	readonly entry: AnswerEntry;
	readonly policy: CachePolicy;
}

interface Waiting extends KeptAnswer {
	readonly url: number;
}

/** The levels behind the memory of a worker: asked in their order, written to off the way of requests. */
export class SecondLevels {
	readonly #levels: readonly SecondLevel[];
	readonly #marks: UrlMarks;
	#waiting: Waiting[] = [];
	readonly #write = (): void => this.#writeSome();

	constructor(levels: readonly SecondLevel[], marks: UrlMarks) {
		this.#levels = levels;
		this.#marks = marks;
	}

	/** Asks one after the other, each for its time at most. False: none can be asked now, and `then` is not called. */
	ask(wanted: Wanted, then: WhenAsked): boolean {
		return this.#askFrom(0, wanted, then);
	}

	#askFrom(first: number, wanted: Wanted, then: WhenAsked): boolean {
		for (let at = first; at < this.#levels.length; at++) {
			const level = this.#levels[at] as SecondLevel;
			const asked = level.find(wanted);
			if (asked === null) continue;
			within(asked, level.timeoutMs, (found) => {
				if (found !== null) then(found, level.name);
				else if (!this.#askFrom(at + 1, wanted, then)) then(null, '');
			});
			return true;
		}
		return false;
	}

	/** Writes an answer there, in a later turn. Its entry is whole, and held by the caller. */
	keep({ key, url, entry, policy }: Keeping): void {
		const lifeMs = lifeOf(entry, policy);
		if (lifeMs < LIFE_LEAST_MS || this.#waiting.length >= WAITING_MOST) return;
		const copy = new KeptKey();
		copy.copy(key);
		entry.pin();
		if (this.#waiting.push({ key: copy, url, entry, lifeMs, variantsMost: policy.variantsMost }) === 1)
			setImmediate(this.#write);
	}

	#writeSome(): void {
		for (const kept of this.#waiting.splice(0, TURN)) {
			const { entry, url } = kept;
			const { answer } = entry;
			// Purged meanwhile, or of before a change: it must not come back from there.
			if (answer !== null && entry.found && this.#marks.lastMs(url) < answer.requestMs)
				for (const level of this.#levels) level.keep(kept);
			entry.release();
		}
		if (this.#waiting.length > 0) setImmediate(this.#write);
	}

	/** The answers of a key are none any more. */
	drop(key: CacheKey): void {
		for (const level of this.#levels) level.drop(key);
	}

	/** Those of a URL, by the key that all of them begin with. */
	changed(url: CacheKey): void {
		for (const level of this.#levels) level.changed(url);
	}

	async close(): Promise<void> {
		for (const { entry } of this.#waiting.splice(0)) entry.release();
		await Promise.all(this.#levels.map((level) => level.close()));
	}
}

function within(asked: Promise<FoundAnswer | null>, ms: number, then: (found: FoundAnswer | null) => void): void {
	let over = false;
	const done = (found: FoundAnswer | null): void => {
		if (over) {
			found?.close();
			return;
		}
		over = true;
		clearTimeout(timer);
		then(found);
	};
	// What came while this worker was busy is read before it counts as late.
	const timer = setTimeout(() => setImmediate(done, null), ms);
	asked.then(done, () => done(null));
}

/** How long an answer is of use from now on, ms. */
function lifeOf({ state, answer, staleFromMs, distant }: AnswerEntry, policy: CachePolicy): number {
	// What lies on disk is too large for others, and is kept there.
	if (answer === null || state !== FillState.whole || staleFromMs > 0 || distant !== null) return 0;
	const { flags } = answer;
	if ((flags & (AnswerFlag.noCache | AnswerFlag.partial)) !== 0) return 0;
	const stale =
		(flags & AnswerFlag.mustRevalidate) !== 0
			? 0
			: Math.max(answer.staleWhileRevalidateMs, answer.staleIfErrorMs, policy.staleIfUnreachableMs);
	return answer.freshMs - answer.initialAgeMs - Math.max(0, Date.now() - answer.responseMs) + stale;
}
