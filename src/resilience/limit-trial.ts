/**
 * Is a service slow because too much is under way? Its limit stands still until its latency is known, is halved,
 * and stands still again: where half as many in flight are no faster, no queue was what made them slow.
 */
import type { LatencyLook } from './latency.ts';

/** What was let in under another limit must be over: so many times the latency, and at least and at most so long. */
const SETTLE_TIMES = 2;
const SETTLE_LEAST_MS = 400;
const SETTLE_MOST_MS = 30_000;
/** Answers that a latency is taken from, if they come within this many ms. */
const TRIAL_ANSWERS = 100;
const TRIAL_MS = 5000;
/** In a queue the latency falls by the same share as the limit. Of that share: so much is a queue and nothing else, so much shows one. */
const QUEUE = 0.6;
const SOME_QUEUE = 0.4;
const HALF = 0.5;

export interface Trial {
	/** The limit to go back to if the present one does not help. */
	back: number;
	/** What is compared with: a limit, and the latency at it, µs (0: it is being measured). */
	limit: number;
	us: number;
	/** Since when the present limit stands still, and what was answered since, once that counts. */
	sinceMs: number;
	answers: number;
	sumUs: number;
}

/** `open`: it goes on, at this limit. Otherwise it is over; `us` is the latency at the lowest limit (0: no answer came). */
export type Verdict = { limit: number } & ({ kind: 'open'; trial: Trial } | { kind: 'helped' | 'useless'; us: number });

/** The limit stands still from now on. */
export function beginTrial(back: number, limit: number, nowMs: number): Trial {
	return { back, limit, us: 0, sinceMs: nowMs, answers: 0, sumUs: 0 };
}

/** The present limit, the least that there may be, and the present latency. */
interface Present {
	limit: number;
	min: number;
	shortUs: number;
}

export function judge(trial: Trial, { limit, min, shortUs }: Present, look: LatencyLook): Verdict {
	const settleMs = Math.min(SETTLE_MOST_MS, Math.max(SETTLE_LEAST_MS, (SETTLE_TIMES * shortUs) / 1000));
	const forMs = look.nowMs - trial.sinceMs;
	if (trial.answers === 0 && forMs < settleMs) return { kind: 'open', limit, trial };
	const counted = { ...trial, answers: trial.answers + look.answers, sumUs: trial.sumUs + look.sumUs };
	if (counted.answers < TRIAL_ANSWERS && forMs < settleMs + TRIAL_MS) return { kind: 'open', limit, trial: counted };
	// Nothing is answered at all: more must not be let in.
	if (counted.answers === 0) return { kind: 'helped', limit, us: 0 };
	return compare(trial, { limit, us: counted.sumUs / counted.answers, min }, look.nowMs);
}

function compare(before: Trial, now: { limit: number; us: number; min: number }, nowMs: number): Verdict {
	const { limit, us } = now;
	const lower = Math.max(now.min, limit * HALF);
	const first = before.us === 0;
	if (!first) {
		const gain = (1 - us / before.us) / (1 - limit / before.limit);
		if (gain < SOME_QUEUE) return { kind: 'useless', limit: before.back, us };
		if (gain < QUEUE || lower >= limit) return { kind: 'helped', limit, us };
	}
	// At the least limit nothing can be tried: what is measured there is how fast the service can be.
	if (lower >= limit) return { kind: 'useless', limit: before.back, us };
	const next = { ...beginTrial(first ? before.back : limit, limit, nowMs), us };
	return { kind: 'open', limit: lower, trial: next };
}
