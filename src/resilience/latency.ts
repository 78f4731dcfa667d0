/** What is known of how fast a service answers: now, and while it is not crowded. */

/** Answers that the present latency is an average of, about. */
const SHORT_ANSWERS = 30;
/** The uncrowded latency is believed after so many answers, so long, and so many times itself: the fastest answers come first. */
const LEARNT_ANSWERS = 50;
const LEARNT_MS = 2000;
const LEARNT_TIMES = 3;
/** Later it falls as fast as answers and time allow: an average of so many, and of so long, about. */
const BASE_ANSWERS = 2000;
const FALL_MS = 10_000;
/** It rises far slower, and only while the service is not crowded: a ramp must not be taken for the normal. */
const RISE_MS = 120_000;

export interface Latency {
	/** The present one, µs; 0: none yet. */
	shortUs: number;
	/** Of the uncrowded service, µs; 0: none yet. */
	baseUs: number;
	/** `baseUs` can be believed. */
	learnt: boolean;
	/** When the first answer came (0: none yet), and how many until it was learnt. */
	firstMs: number;
	answers: number;
	/** When an answer last came, or nothing was under way. */
	answeredMs: number;
}

/** What was seen since the last look. */
export interface LatencyLook {
	/** By a clock that does not jump. */
	nowMs: number;
	/** Answers whose head came, and the sum of their times to it. */
	answers: number;
	sumUs: number;
	/** Requests under way now. */
	inFlight: number;
}

export function noLatency(nowMs: number): Latency {
	return { shortUs: 0, baseUs: 0, learnt: false, firstMs: 0, answers: 0, answeredMs: nowMs };
}

/** `before`, and what was seen since. */
export function measure(before: Latency, look: LatencyLook, at: { elapsedMs: number; crowded: boolean }): Latency {
	const { answers, nowMs } = look;
	if (answers === 0) return look.inFlight === 0 ? { ...before, answeredMs: nowMs } : waited(before, nowMs);
	const us = look.sumUs / answers;
	const shortUs = before.shortUs === 0 ? us : toward(before.shortUs, us, answers / (answers + SHORT_ANSWERS));
	if (!before.learnt) return { ...firstOf(before, look), shortUs, answeredMs: nowMs };
	const share = answers / (answers + BASE_ANSWERS);
	const { baseUs } = before;
	const falls = shortUs < baseUs;
	const most = falls ? at.elapsedMs / FALL_MS : at.crowded ? 0 : at.elapsedMs / RISE_MS;
	return { ...before, shortUs, baseUs: toward(baseUs, shortUs, Math.min(share, most)), answeredMs: nowMs };
}

/** What is not answered at all has no latency yet, but at least this one. */
function waited(before: Latency, nowMs: number): Latency {
	if (before.shortUs === 0) return before;
	return { ...before, shortUs: Math.max(before.shortUs, (nowMs - before.answeredMs) * 1000) };
}

/** At first it is the mean of all. */
function firstOf(before: Latency, { answers, sumUs, nowMs }: LatencyLook): Latency {
	const all = before.answers + answers;
	const firstMs = before.firstMs === 0 ? nowMs : before.firstMs;
	const baseUs = (before.baseUs * before.answers + sumUs) / all;
	const leastMs = Math.max(LEARNT_MS, (LEARNT_TIMES * baseUs) / 1000);
	const learnt = all >= LEARNT_ANSWERS && nowMs - firstMs >= leastMs;
	return { ...before, baseUs, learnt, firstMs, answers: all };
}

const toward = (from: number, to: number, share: number): number => from + (to - from) * share;
