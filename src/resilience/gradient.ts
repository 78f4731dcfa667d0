/**
 * How many requests a service may have in flight, found from its own latency: while more in flight do not
 * make it slower the limit grows, once they do it falls. After Netflix's concurrency-limits (Gradient2),
 * with two changes. What is compared with is the latency of the uncrowded service, not a long average, so
 * that a lasting overload does not become the normal. And a lower limit that does not make the service
 * faster is taken back, so that one which is slow for a reason of its own is not starved as well.
 */
import { type Latency, type LatencyLook, measure, noLatency } from './latency.ts';
import { beginTrial, judge, type Trial } from './limit-trial.ts';

/** Time from one look to the next, ms. */
export const LOOK_MS = 200;
/** Limit of a service that nothing is known of, within `min` and `max`. */
const FIRST_LIMIT = 100;
/** Least that a limit is multiplied by, and how much of a fall is done at once. */
const STEEPEST = 0.5;
const FALL_SHARE = 0.5;
/** A fall to this share of where it began is tried: does it help? */
const TRIAL_SHARE = 0.5;
/** One that refuses requests, and was not uncrowded for so long, is tried as well: is what its latency is compared with still right? */
const DOUBT_MS = 30_000;
/** And at least so many times the latency: a trial takes as long as some answers do. */
const DOUBT_TIMES = 50;
/** The same for what was learnt under load from the start. */
const FIRST_DOUBT_MS = 5000;

export interface GradientSettings {
	/** The limit stays within these. */
	min: number;
	max: number;
	/** Times its uncrowded latency that the service may take before the limit falls; above 1. */
	tolerance: number;
}

/** What was seen since the last look. */
export interface GradientLook extends LatencyLook {
	/** Requests that found no room. */
	refused: number;
}

/** What is remembered from look to look. */
export interface GradientState {
	/** Not rounded. */
	limit: number;
	atMs: number;
	latency: Latency;
	/** When the uncrowded latency was last known to be right. */
	sureMs: number;
	/** Where the limit began to fall; 0: it does not. */
	fallFrom: number;
	trial: Trial | null;
}

/**
 * `unused`: less than half of it is used, so nothing can be told. `grows`: used, and as fast as ever.
 * `queues`: used, and slower than is tolerated. `tried`: it stands still, or is halved, to see what that does.
 * `confirmed`: that made the service faster. `taken back`: it did not, and the limit is as before.
 */
export type GradientReason = 'unused' | 'grows' | 'queues' | 'tried' | 'confirmed' | 'taken back';

export interface GradientDecision {
	state: GradientState;
	/** Most requests in flight from now on; whole. */
	limit: number;
	reason: GradientReason;
}

/** `limit`: one that was found before; 0: none. */
export function startGradient(nowMs: number, settings: GradientSettings, limit = 0): GradientState {
	return {
		limit: within(settings, limit > 0 ? limit : FIRST_LIMIT),
		atMs: nowMs,
		latency: noLatency(nowMs),
		sureMs: nowMs - DOUBT_MS + FIRST_DOUBT_MS,
		fallFrom: 0,
		trial: null,
	};
}

/** The limit from now on, and why. `before` stays as it is. */
export function decideLimit(before: GradientState, look: GradientLook, settings: GradientSettings): GradientDecision {
	const elapsedMs = Math.max(1, look.nowMs - before.atMs);
	const limit = within(settings, before.limit);
	const crowded = look.refused > 0 || usedOf(look, elapsedMs) >= limit / 2;
	const latency = measure(before.latency, look, { elapsedMs, crowded });
	const state = { ...before, limit, atMs: look.nowMs, latency };
	const { reason, ...changed } = crowded ? move(state, look, settings, elapsedMs) : unused(look.nowMs);
	const next = { ...state, ...changed };
	next.limit = within(settings, next.limit);
	return { state: next, limit: Math.floor(next.limit), reason };
}

/** Requests under way: now, or between the looks, by Little's law as far as that can be true. */
function usedOf({ inFlight, answers, sumUs }: GradientLook, elapsedMs: number): number {
	return Math.max(inFlight, Math.min(sumUs / 1000 / elapsedMs, inFlight + answers));
}

type Change = Partial<GradientState> & { reason: GradientReason };

const unused = (nowMs: number): Change => ({ sureMs: nowMs, fallFrom: 0, trial: null, reason: 'unused' });

function move(state: GradientState, look: GradientLook, settings: GradientSettings, elapsedMs: number): Change {
	const { limit, latency, trial } = state;
	if (trial !== null) return tried(state, trial, look, settings.min);
	const gradient = gradientOf(latency, settings.tolerance);
	const doubtMs = Math.max(DOUBT_MS, (DOUBT_TIMES * latency.shortUs) / 1000);
	if (latency.learnt && look.refused > 0 && look.nowMs - state.sureMs >= doubtMs)
		return { trial: beginTrial(limit, limit, look.nowMs), fallFrom: 0, reason: 'tried' };
	// The root is the queue that is always granted: without it the limit could never grow.
	const goal = limit * gradient + Math.sqrt(limit);
	// What a step does shows only a latency later: faster ones would overshoot.
	const share = Math.min(1, (elapsedMs * 1000) / Math.max(LOOK_MS * 1000, 2 * latency.shortUs));
	const next = within(settings, limit + (goal - limit) * share * (goal < limit ? FALL_SHARE : 1));
	if (gradient === 1) return { limit: next, fallFrom: 0, reason: 'grows' };
	const fallFrom = state.fallFrom || limit;
	if (next >= fallFrom || next > Math.max(settings.min, fallFrom * TRIAL_SHARE))
		return { limit: next, fallFrom, reason: 'queues' };
	return { limit: next, trial: beginTrial(fallFrom, next, look.nowMs), fallFrom: 0, reason: 'tried' };
}

/** 1: as fast as is tolerated, or not known. */
function gradientOf({ learnt, baseUs, shortUs }: Latency, tolerance: number): number {
	return learnt ? Math.min(1, Math.max(STEEPEST, (tolerance * baseUs) / shortUs)) : 1;
}

function tried({ limit, latency }: GradientState, trial: Trial, look: GradientLook, min: number): Change {
	const verdict = judge(trial, { limit, min, shortUs: latency.shortUs }, look);
	if (verdict.kind === 'open') return { limit: verdict.limit, trial: verdict.trial, reason: 'tried' };
	const { us } = verdict;
	const useless = verdict.kind === 'useless';
	const over = { limit: verdict.limit, sureMs: look.nowMs, trial: null };
	if (us === 0) return { ...over, reason: 'confirmed' };
	// Measured at a lower limit: so long it takes when it is less crowded.
	const baseUs = useless ? us : Math.min(latency.baseUs, us);
	return { ...over, latency: { ...latency, shortUs: us, baseUs }, reason: useless ? 'taken back' : 'confirmed' };
}

const within = ({ min, max }: GradientSettings, limit: number): number => Math.min(max, Math.max(min, limit));
