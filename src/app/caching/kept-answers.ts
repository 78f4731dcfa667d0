import { type AnswerEntry, FillState } from '../../cache/answer-store.ts';
import { KeptKey } from '../../cache/kept-key.ts';
import { joinParts, partOf, wholeOf } from '../../cache/rules/join-parts.ts';
import { AnswerFlag, type StoredAnswer } from '../../cache/stored-answer.ts';
import type { AskedRequest } from './asked-request.ts';
import type { CachingParts, RouteCache } from './route-cache.ts';
import type { Keeping } from './second-levels.ts';

/** Larger parts are not put together, bytes: it is done by copying, in one turn. */
const JOINED_MOST = 8 * 1024 * 1024;
/** Parts that wait to be put together; more stay as they are. */
const WAITING_MOST = 64;
/** Parts that one that came is put together with. */
const JOINS_MOST = 4;

interface Asked {
	readonly request: AskedRequest;
	readonly cache: RouteCache | null;
	readonly stored: AnswerEntry | null;
	readonly growing: { readonly purges: number };
}

interface Part extends Keeping {
	/** `AnswerStore.purges` when it was asked for. */
	readonly purges: number;
}

/** What becomes of answers once they are stored: the levels behind the memory hear of them, and parts are put together. */
export class KeptAnswers {
	readonly #parts: CachingParts;
	#waiting: Part[] = [];
	readonly #join = (): void => this.#joinAll();

	constructor(parts: CachingParts) {
		this.#parts = parts;
	}

	/** The entry is whole, or was confirmed. */
	keep({ request, cache, growing: { purges } }: Asked, entry: AnswerEntry): void {
		if (cache === null) return;
		const { key, url, control } = request;
		this.#parts.levels?.keep({ key, url, entry, policy: cache.policy });
		if (control.rangeAt >= 0) this.#mayJoin({ key, url, entry, policy: cache.policy, purges });
	}

	#mayJoin({ key, url, entry, policy, purges }: Part): void {
		if (this.#waiting.length >= WAITING_MOST || ((entry.answer?.flags ?? 0) & AnswerFlag.partial) === 0) return;
		const copy = new KeptKey();
		copy.copy(key);
		entry.pin();
		if (this.#waiting.push({ key: copy, url, entry, policy, purges }) === 1) setImmediate(this.#join);
	}

	/** The entry breaks off now: what came of it is kept as a part (RFC 9111 §3.3), which a later one may complete. */
	keepBroken({ request, cache, growing: { purges } }: Asked, broken: AnswerEntry): void {
		const { answer, received } = broken;
		const { url, key } = request;
		const part = answer === null || received > JOINED_MOST ? null : partOf(answer, received);
		if (part === null || cache === null || broken.distant !== null) return;
		const isGood = this.#isOfNow({ url }, broken) && !this.#isOutrun({ key }, { answer: part });
		const entry = isGood ? this.#parts.store.begin(key, undefined, purges) : null;
		if (entry === null) return;
		const fits =
			entry.setAnswer(part) && entry.distantFill === null && append(entry, broken, { from: 0, to: received });
		if (fits) entry.complete(null, cache.policy.variantsMost);
		else entry.fail(FillState.broken);
		// Another worker may have purged it in this moment.
		if (!this.#isOfNow({ url }, broken)) entry.remove();
		this.#mayJoin({ key, url, entry, policy: cache.policy, purges });
		entry.release();
	}

	/** What was asked about is none any more. */
	forget({ request, stored }: Asked): void {
		stored?.remove();
		if (stored !== null) this.#parts.levels?.drop(request.key);
	}

	/** One in a turn. */
	#joinAll(): void {
		const kept = this.#waiting.shift();
		if (this.#waiting.length > 0) setImmediate(this.#join);
		if (kept === undefined) return;
		let { entry } = kept;
		for (let i = 0; i < JOINS_MOST && isPart(entry); i++) {
			const isGood = this.#isOfNow(kept, entry) && !this.#isOutrun(kept, entry);
			const next = isGood ? (this.#asWhole(entry, kept.purges) ?? this.#joined(kept, entry)) : null;
			if (next === null) break;
			entry.remove();
			entry.release();
			entry = next;
		}
		if (!isPart(entry)) this.#parts.levels?.keep({ ...kept, entry });
		entry.release();
	}

	/** It was neither purged nor changed meanwhile. */
	#isOfNow({ url }: Pick<Keeping, 'url'>, { found, staleFromMs, answer }: AnswerEntry): boolean {
		return found && staleFromMs === 0 && answer !== null && this.#parts.marks.lastMs(url) < answer.requestMs;
	}

	/** All of it came later than this part did: what is put together would stand in its way (RFC 9111 §4). */
	#isOutrun({ key }: Pick<Keeping, 'key'>, { answer: part }: Pick<AnswerEntry, 'answer'>): boolean {
		if (part === null) return false;
		const [, ...vary] = part.vary;
		const later = this.#parts.store.find(key, ({ state, answer }) => {
			if (answer === null || state !== FillState.whole || (answer.flags & AnswerFlag.partial) !== 0) return false;
			return answer.responseMs > part.responseMs && isSameVary(vary, answer.vary);
		});
		later?.release();
		return later !== null;
	}

	#asWhole(entry: AnswerEntry, since: number): AnswerEntry | null {
		const { answer, received } = entry;
		const whole = answer === null ? null : wholeOf({ answer, received });
		return whole === null ? null : this.#parts.store.update(entry, whole, since);
	}

	/** With one that is stored, which goes then; pinned. null: there is none, or no room for both. */
	#joined(kept: Part, newer: AnswerEntry): AnswerEntry | null {
		const { store } = this.#parts;
		const { answer, received } = newer;
		const most = Math.min(JOINED_MOST, kept.policy.bodyMost ?? JOINED_MOST);
		if (answer === null || newer.distant !== null) return null;
		const jointOf = (other: AnswerEntry) =>
			other.answer === null || other.distant !== null || !isPart(other) || !this.#isOfNow(kept, other)
				? null
				: joinParts({ answer, received }, { answer: other.answer, received: other.received }, most);
		const older = store.find(kept.key, (other) => jointOf(other) !== null);
		const joint = older === null ? null : jointOf(older);
		const entry = joint === null ? null : store.begin(kept.key, undefined, kept.purges);
		if (older === null || joint === null || entry === null) {
			older?.release();
			entry?.release();
			return null;
		}
		// What goes to the disk is read from there a while later: by then the parts may be gone.
		let fits = entry.setAnswer(joint.answer) && entry.distantFill === null;
		for (const piece of joint.pieces) fits &&= append(entry, piece.newer ? newer : older, piece);
		if (fits) entry.complete(null, kept.policy.variantsMost);
		else entry.fail(FillState.broken);
		// Another worker may have purged them in this moment.
		const holds = fits && this.#isOfNow(kept, newer) && this.#isOfNow(kept, older);
		if (fits) older.remove();
		older.release();
		if (holds) return entry;
		entry.remove();
		entry.release();
		return null;
	}
}

const isSameVary = (one: StoredAnswer['vary'], other: StoredAnswer['vary']): boolean =>
	one.length === other.length &&
	one.every(({ name, value }, i) => name === other[i]?.name && value === other[i]?.value);

const isPart = ({ state, answer }: AnswerEntry): boolean =>
	state === FillState.whole && ((answer?.flags ?? 0) & AnswerFlag.partial) !== 0;

function append(
	into: { append(bytes: Uint8Array, start: number, end: number): boolean },
	of: AnswerEntry,
	{ from, to }: { from: number; to: number },
): boolean {
	for (let at = from; at < to; ) {
		const bytes = of.read(at);
		const length = Math.min(bytes.length, to - at);
		if (length === 0 || !into.append(bytes, 0, length)) return false;
		at += length;
	}
	return true;
}
