import { Field } from '../../wire/field-names.ts';
import { type Fields, STRIDE } from '../../wire/head.ts';
import { parseHttpDate } from '../../wire/http-date.ts';
import type { CacheLifetime, CachePolicy } from '../cache-policy.ts';
import { DELTA_MOST, Delta, type Directives, deltaOf } from './directives.ts';

/** Statuses whose answers may be given a lifetime that nobody said (RFC 9110 §15.1). */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);

/** Dates and age as an answer's fields say. */
export interface AnswerTimes {
	/** Epoch ms; NaN: none, or no date. */
	dateMs: number;
	lastModifiedMs: number;
	/** NaN: not a date, or two that differ; null: none. */
	expiresMs: number | null;
	/** ms; `Delta`. */
	ageMs: number;
}

export function isHeuristic(status: number): boolean {
	return HEURISTIC.has(status);
}

/** One pass over the fields. `nowMs`: when the head came. */
export function timesOf(fields: Fields, bytes: Buffer, nowMs: number): AnswerTimes {
	const times: AnswerTimes = { dateMs: Number.NaN, lastModifiedMs: Number.NaN, expiresMs: null, ageMs: Delta.none };
	const { table, count } = fields;
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		const field = table[row + 4] as number;
		if (field !== Field.date && field !== Field.lastModified && field !== Field.expires && field !== Field.age)
			continue;
		const at = [table[row + 2] as number, table[row + 3] as number] as const;
		if (field === Field.date) times.dateMs = parseHttpDate(bytes, at, nowMs);
		else if (field === Field.lastModified) times.lastModifiedMs = parseHttpDate(bytes, at, nowMs);
		else if (field === Field.expires) times.expiresMs = only(times.expiresMs, parseHttpDate(bytes, at, nowMs));
		else times.ageMs = times.ageMs === Delta.none ? ageOf(bytes.toString('latin1', at[0], at[1])) : Delta.invalid;
	}
	return times;
}

const only = (before: number | null, date: number): number => (before === null || before === date ? date : Number.NaN);

/**
 * `Age`, ms. Of a list the first member counts (RFC 9111 §5.1), unless it has white space behind a comma: so several
 * lines are joined on the way, and those are no age.
 */
function ageOf(value: string): number {
	const seconds = /^[0-9]+(?:,[0-9]+)*$/.test(value) ? deltaOf(value.replace(/,.*/, '')) : Delta.invalid;
	return seconds < 0 ? Delta.invalid : seconds * 1000;
}

/** `corrected_initial_age` of RFC 9111 §4.2.3, ms. */
export function initialAgeMs(times: AnswerTimes, requestMs: number, responseMs: number): number {
	const apparent = Number.isNaN(times.dateMs) ? 0 : Math.max(0, responseMs - times.dateMs);
	const corrected = Math.max(0, times.ageMs) + Math.max(0, responseMs - requestMs);
	return Math.max(apparent, corrected);
}

/** How long an answer is fresh, and who says so. */
export interface Freshness {
	readonly ms: number;
	/** `origin`: it said so; `policy`: it was silent, or overridden; `none`: nobody says anything. */
	readonly by: 'origin' | 'policy' | 'none';
}

export interface Silence {
	readonly status: number;
	readonly directives: Directives;
	readonly times: AnswerTimes;
	readonly responseMs: number;
}

/** Longest lifetime that this policy gives by itself to answers of a status, ms; -1: none. */
export function inventedMost({ override, silent, heuristic }: CachePolicy, status: number): number {
	const overriding = override === null ? -1 : lifetimeFor(override, status);
	const given = overriding < 0 ? lifetimeFor(silent, status) : overriding;
	return given >= 0 || heuristic === null ? given : heuristic.mostMs;
}

/** Its lifetime by policy, whatever the origin says; null: no override holds for this status. */
export function overridden({ override }: CachePolicy, status: number): Freshness | null {
	const ms = override === null ? -1 : lifetimeFor(override, status);
	return ms < 0 ? null : { ms, by: 'policy' };
}

/** `freshness_lifetime` of RFC 9111 §4.2.1 for a shared cache. What is there and makes no sense is no lifetime at all. */
export function freshnessOf(said: Silence, policy: CachePolicy, useExpires: boolean): Freshness {
	const { directives, times, responseMs } = said;
	const seconds = directives.sMaxage === Delta.none ? directives.maxAge : directives.sMaxage;
	if (seconds !== Delta.none) return { ms: Math.max(0, seconds) * 1000, by: 'origin' };
	if (useExpires && times.expiresMs !== null) {
		const date = Number.isNaN(times.dateMs) ? responseMs : times.dateMs;
		const ms = Number.isNaN(times.expiresMs) ? 0 : Math.max(0, times.expiresMs - date);
		return { ms: Math.min(ms, DELTA_MOST * 1000), by: 'origin' };
	}
	return unsaid(said, policy);
}

function unsaid({ status, directives, times, responseMs }: Silence, policy: CachePolicy): Freshness {
	const ms = directives.noCache ? -1 : lifetimeFor(policy.silent, status);
	if (ms >= 0) return { ms, by: 'policy' };
	const { heuristic } = policy;
	if (heuristic === null || directives.noCache || Number.isNaN(times.lastModifiedMs)) return { ms: 0, by: 'none' };
	if (!isHeuristic(status) && !directives.public) return { ms: 0, by: 'none' };
	const date = Number.isNaN(times.dateMs) ? responseMs : times.dateMs;
	const since = Math.max(0, date - times.lastModifiedMs);
	return { ms: Math.min(Math.floor(since * heuristic.share), heuristic.mostMs), by: 'policy' };
}

/** -1: none for this status. */
function lifetimeFor({ ms, statuses, byStatus }: CacheLifetime, status: number): number {
	return byStatus[status] ?? (statuses.includes(status) ? ms : -1);
}
