/** Which instances of a pool are ejected, and which may be tried again. Pure. */
import type { Breaker, Cause } from './breaker.ts';
import type { Tally } from './evidence.ts';
import type { OutlierConfig } from './outlier-config.ts';
import { CERTAIN } from './slow-answers.ts';
import { rateOutliers } from './success-rate.ts';

/** Answers are slow for at least so long, ms: two looks. */
const SLOW_MS = 900;

/** What is known of one instance that counts as a part of its pool. */
export interface Observed {
	readonly id: string;
	/** It gets requests, as far as its life, its probes and the operator go. */
	readonly fit: boolean;
	readonly breaker: Breaker;
	/** Failures, and failed connects, in a row. */
	readonly row: number;
	readonly connectRow: number;
	/** Times that its probes took it out within a minute. */
	readonly flaps: number;
	readonly recent: Readonly<Tally>;
	readonly suspicion: number;
	/** For how long its answers are slow, ms; and how slow they are, µs. */
	readonly slowForMs: number;
	readonly slowUs: number;
}

export type Action =
	/** Out of rotation: `why` is half a sentence such as `5 failures in a row`. */
	| { readonly kind: 'eject'; readonly at: number; readonly cause: Cause; readonly why: string }
	/** Its time is over: one request at a time may try it. */
	| { readonly kind: 'try'; readonly at: number };

export interface Verdict {
	readonly actions: Action[];
	/** Why an instance that is an outlier was not ejected, one sentence each. */
	readonly reasons: string[];
}

interface Suspect {
	at: number;
	cause: Cause;
	why: string;
	/** How far beyond its limit it is: the worst goes first. */
	weight: number;
}

/**
 * All instances of a pool at one look; actions name them by their place.
 *
 * An outlier is ejected while there is a better one to go to: where all fail alike it is not the
 * instance, and to eject it would only move the load. Never more than `most` of the pool are out
 * (but one of two or more always may be), and never the last that is ready.
 */
export function decide(pool: readonly Observed[], config: OutlierConfig, now: number): Verdict {
	const actions: Action[] = [];
	const reasons: string[] = [];
	for (const [at, { breaker, fit }] of pool.entries())
		if (fit && breaker.state === 'open' && now >= breaker.untilMs) actions.push({ kind: 'try', at });
	const suspects = suspectsOf(pool, config);
	const suspected = new Set(suspects.map(({ at }) => at));
	const better = pool.some((one, at) => isBetter(one, config) && !suspected.has(at));
	const allowed = mostEjected(pool.length, config.most);
	let out = pool.filter(({ breaker }) => breaker.state !== 'closed').length;
	for (const { at, cause, why } of suspects.sort((a, b) => b.weight - a.weight)) {
		const { id } = pool[at] as Observed;
		if (!better) reasons.push(`${id} stays: ${why}, but no other instance of its pool does better`);
		else if (out >= allowed) reasons.push(`${id} stays: ${why}, but ${out} of ${pool.length} are ejected already`);
		else {
			actions.push({ kind: 'eject', at, cause, why });
			out++;
		}
	}
	return { actions, reasons };
}

/** How many of a pool may be ejected at once. */
export function mostEjected(count: number, most: number): number {
	// 0.3 × 10 must not be 2.
	return count < 2 ? 0 : Math.min(count - 1, Math.max(1, Math.floor(count * most + 1e-6)));
}

/** It is ready, and nothing speaks against it. */
function isBetter({ fit, breaker, row, recent, suspicion }: Observed, { failures }: OutlierConfig): boolean {
	// As below: a row that a worker keeps from long ago says nothing of now.
	const failing = failures > 0 && recent.failed > 0 && row >= Math.max(2, failures / 2);
	return fit && breaker.state === 'closed' && !failing && suspicion < CERTAIN / 2;
}

function suspectsOf(pool: readonly Observed[], config: OutlierConfig): Suspect[] {
	const rates =
		config.successRate === null
			? []
			: rateOutliers(
					pool.map(({ recent }) => recent),
					config.successRate,
				);
	const suspects: Suspect[] = [];
	for (const [at, one] of pool.entries()) {
		if (!one.fit || one.breaker.state !== 'closed') continue;
		const found = ofRows(one, config) ?? ofRate(rates[at], config) ?? ofLatency(one, pool, config);
		if (found !== null) suspects.push({ at, ...found });
	}
	return suspects;
}

type Found = Omit<Suspect, 'at'> | null;

function ofRows({ row, connectRow, flaps, recent }: Observed, config: OutlierConfig): Found {
	// A worker that sends nothing there any more still has the row of long ago.
	const failing = recent.failed > 0;
	const rows: [Cause, number, number, string][] = [
		['connect', failing ? connectRow : 0, config.connectFailures, `${connectRow} failed connects in a row`],
		['failures', failing ? row : 0, config.failures, `${row} failures in a row`],
		['flaps', flaps, config.flaps, `its probes took it out ${flaps} times within a minute`],
	];
	for (const [cause, count, limit, why] of rows)
		if (limit > 0 && count >= limit) return { cause, why, weight: 10 + count / limit };
	return null;
}

function ofRate(found: ReturnType<typeof rateOutliers>[number] | undefined, { windowMs }: OutlierConfig): Found {
	if (found === null || found === undefined) return null;
	const { rate, others, requests } = found;
	const why = `${percent(rate)} of ${requests} requests went well in ${seconds(windowMs)}, ${percent(others)} at the others`;
	return { cause: 'successRate', why, weight: 5 + others - rate };
}

function ofLatency(one: Observed, pool: readonly Observed[], { latency }: OutlierConfig): Found {
	if (latency === null || one.suspicion < CERTAIN || one.slowForMs < SLOW_MS) return null;
	const others = pool.filter((other) => other !== one && other.recent.heads > 0);
	const heads = others.reduce((sum, { recent }) => sum + recent.heads, 0);
	const headUs = others.reduce((sum, { recent }) => sum + recent.headUs, 0);
	const why = `answers after ${milliseconds(one.slowUs)} where the others take ${milliseconds(headUs / Math.max(1, heads))}`;
	return { cause: 'latency', why, weight: one.suspicion / (2 * CERTAIN) };
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))}%`;
export const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(1))} s`;

/** Of µs; whole ms, seconds from one on. */
export function milliseconds(us: number): string {
	if (us >= 1_000_000) return `${(us / 1_000_000).toFixed(1)} s`;
	return us < 10_000 ? `${Number((us / 1000).toFixed(1))} ms` : `${Math.round(us / 1000)} ms`;
}
