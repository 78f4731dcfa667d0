import type { CachePolicy } from '../cache-policy.ts';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import { inventedMost } from './freshness.ts';
import type { RequestControl } from './request-control.ts';

/** What may be done with a stored answer. */
export const Verdict = {
	/** Given as it is. */
	fresh: 0,
	/** Given as it is, since the client takes stale ones (`max-stale`). */
	stale: 1,
	/** Given as it is, and fetched anew for the next (`stale-while-revalidate`). */
	revalidateBehind: 2,
	/** Only once the origin was asked. */
	revalidate: 3,
	/** The origin would have to be asked, and the client forbids it: 504. */
	onlyIfCached: 4,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** A stored answer; `staleFromMs` as the store says it. */
export interface StoredEntry {
	readonly answer: StoredAnswer;
	readonly staleFromMs: number;
}

/** Who asks, by which rules, and when (epoch ms). */
export interface ReuseAsking {
	readonly control: RequestControl;
	readonly policy: CachePolicy;
	readonly nowMs: number;
}

/**
 * A lifetime that a policy invented holds only where the one of who asks invents one too, and no longer than that: a
 * reload may have changed it, and another node may have one of its own. -1: it invents none, so the origin is asked.
 */
function lifetimeOf({ flags, freshMs, status }: StoredAnswer, policy: CachePolicy): number {
	return (flags & AnswerFlag.invented) === 0 ? freshMs : Math.min(freshMs, inventedMost(policy, status));
}

/** Judges stored answers (RFC 9111 §4.2, RFC 5861). One object is used for many requests. */
export class Reuse {
	verdict: Verdict = Verdict.revalidate;
	/** `current_age`, ms. */
	ageMs = 0;
	/** Until it is stale, ms; negative: since then. */
	ttlMs = 0;
	/** It may be given if the origin answers with an error of 5xx. */
	ifError = false;
	/** It may be given if no instance can be reached; so also if it errs. */
	ifUnreachable = false;
	/** Fresh, but so near its end that it should be fetched anew now. */
	refreshAhead = false;

	judge({ answer, staleFromMs }: StoredEntry, asking: ReuseAsking): Verdict {
		const { control, policy, nowMs } = asking;
		const { flags } = answer;
		const freshMs = lifetimeOf(answer, policy);
		const age = answer.initialAgeMs + Math.max(0, nowMs - answer.responseMs);
		let ttl = freshMs - age;
		if (staleFromMs > 0) ttl = Math.min(ttl, staleFromMs - nowMs);
		this.ageMs = age;
		this.ttlMs = ttl;
		const bound = (flags & (AnswerFlag.mustRevalidate | AnswerFlag.noCache)) !== 0;
		const never = (flags & AnswerFlag.noCache) !== 0 || freshMs < 0 || (policy.obeyClients && control.noCache);
		this.ifError = !never && (ttl > 0 || (!bound && -ttl < answer.staleIfErrorMs));
		this.ifUnreachable = this.ifError || (!never && !bound && -ttl < policy.staleIfUnreachableMs);
		this.refreshAhead = ttl > 0 && ttl < freshMs * policy.refreshAhead;
		let verdict: Verdict = never ? Verdict.revalidate : this.#byTime(answer, bound);
		if (policy.obeyClients) {
			verdict = this.#asTheClientWants(verdict, control, bound);
			if (control.onlyIfCached && verdict === Verdict.revalidate) verdict = Verdict.onlyIfCached;
		}
		this.verdict = verdict;
		return verdict;
	}

	#byTime(answer: StoredAnswer, bound: boolean): Verdict {
		if (this.ttlMs > 0) return Verdict.fresh;
		return !bound && -this.ttlMs < answer.staleWhileRevalidateMs ? Verdict.revalidateBehind : Verdict.revalidate;
	}

	/** Stricter by `max-age` and `min-fresh`, laxer by `max-stale`, as far as the origin lets it (RFC 9111 §5.2.1). */
	#asTheClientWants(verdict: Verdict, control: RequestControl, bound: boolean): Verdict {
		const { maxAgeMs, minFreshMs, maxStaleMs } = control;
		if (control.noCache) return Verdict.revalidate;
		if (maxAgeMs === 0 || (maxAgeMs > 0 && this.ageMs > maxAgeMs)) return Verdict.revalidate;
		if (minFreshMs >= 0 && this.ttlMs < minFreshMs) return Verdict.revalidate;
		if (verdict === Verdict.revalidate && !bound && maxStaleMs >= 0 && -this.ttlMs <= maxStaleMs) return Verdict.stale;
		return verdict;
	}
}
