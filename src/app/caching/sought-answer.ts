import { type AnswerEntry, type CacheKey, FillState } from '../../cache/answer-store.ts';
import { type CachePolicy, PLAIN_CACHE } from '../../cache/cache-policy.ts';
import { KeptKey } from '../../cache/kept-key.ts';
import type { CacheHash } from '../../cache/rules/cache-hash.ts';
import type { Forwarded } from '../../cache/rules/cache-status.ts';
import { RequestControl } from '../../cache/rules/request-control.ts';
import { Reuse, Verdict } from '../../cache/rules/reuse.ts';
import { type Selecting, suitsVariant } from '../../cache/rules/variant.ts';
import { AnswerFlag, type StoredAnswer } from '../../cache/stored-answer.ts';
import type { UrlMarks } from '../../cache/url-marks.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { RouteCache } from './route-cache.ts';

/** What a request that is looked up may be given. One object for many requests. */
export class SoughtAnswer implements Selecting {
	readonly control: RequestControl = new RequestControl();
	readonly reuse: Reuse = new Reuse();
	readonly hash: CacheHash;
	request: Exchange = null as unknown as Exchange;
	keyedByAuthorization = false;
	/** What is looked for: the route's one key object, until it builds the next. */
	key: CacheKey = new KeptKey();
	policy: CachePolicy = PLAIN_CACHE;
	/** Where nothing of that key is for the request: what is there instead (RFC 9211 §2.2). */
	missed: Forwarded = 'uri-miss';
	/** Of that key; null: what changes it is purged by the key. */
	#url: number | null = null;
	readonly #marks: UrlMarks;
	/** It is there, whole or of a known length. */
	readonly isStored: (entry: AnswerEntry) => boolean;
	/** Somebody asks for it, or did until now: between two looks it may have become one that can be given. */
	readonly isComing: (entry: AnswerEntry) => boolean;

	constructor({ hash, marks }: { hash: CacheHash; marks: UrlMarks }) {
		this.hash = hash;
		this.#marks = marks;
		this.isStored = (entry) => this.#isStored(entry);
		this.isComing = (entry) => this.#isComing(entry);
	}

	/** The request that asks from now on; `control` is read apart. */
	select(exchange: Exchange, { keys, keyedByAuthorization, policy }: RouteCache, key: CacheKey): void {
		this.key = key;
		this.request = exchange;
		this.keyedByAuthorization = keyedByAuthorization;
		this.policy = policy;
		this.#url = keys.bare ? null : keys.url;
		this.missed = 'uri-miss';
	}

	/** Whether it is one for the request, and still as it was. */
	suits(answer: StoredAnswer): boolean {
		const url = this.#url;
		return (url === null || this.#marks.lastMs(url) < answer.requestMs) && suitsVariant(answer, this);
	}

	/** Whether it may be given without a question to the origin. */
	isGivable({ staleFromMs }: AnswerEntry, answer: StoredAnswer, nowMs: number): boolean {
		const { control, policy } = this;
		const verdict = this.reuse.judge({ answer, staleFromMs }, { control, policy, nowMs });
		return verdict !== Verdict.revalidate && verdict !== Verdict.onlyIfCached;
	}

	#isStored(entry: AnswerEntry): boolean {
		const { answer, state } = entry;
		if (answer === null || (state !== FillState.whole && (state !== FillState.filling || answer.length < 0)))
			return false;
		if (this.suits(answer)) return true;
		if ((answer.flags & AnswerFlag.partial) !== 0) this.missed = 'partial';
		else this.missed = answer.vary.length > 0 ? 'vary-miss' : 'miss';
		return false;
	}

	#isComing(entry: AnswerEntry): boolean {
		// In this order: the answer is there before the state says so.
		const { state } = entry;
		if (state === FillState.asked) return true;
		const { answer } = entry;
		if (answer === null || (state !== FillState.filling && state !== FillState.whole)) return false;
		if (!this.suits(answer)) return false;
		return (state === FillState.filling && entry.staleFromMs === 0) || this.isGivable(entry, answer, Date.now());
	}
}
