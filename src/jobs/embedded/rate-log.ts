import type { JobRate } from '../job-store.ts';

/** Starts within the span of a rate: when, and how many. Oldest first. */
export type RateLog = readonly (readonly [atMs: number, count: number])[];

/** Starts closer together than this share of the span are kept as one, as of the later: never too many begin. */
const FINENESS = 64;

/** How many more may begin now so that in no span of `perMs` more than `count` do. */
export function rateRoom(log: RateLog, rate: JobRate, nowMs: number): number {
	let begun = 0;
	for (const [atMs, count] of log) if (holds(atMs, rate, nowMs)) begun += count;
	return Math.max(0, rate.count - begun);
}

/** With one more that begins now; what no longer counts is left out. */
export function withStart(log: RateLog, rate: JobRate, nowMs: number): RateLog {
	const kept = log.filter(([atMs]) => holds(atMs, rate, nowMs));
	const last = kept.at(-1);
	if (last !== undefined && nowMs - last[0] <= rate.perMs / FINENESS && kept.length >= FINENESS / 2) {
		kept[kept.length - 1] = [Math.max(nowMs, last[0]), last[1] + 1];
	} else if (last !== undefined && last[0] === nowMs) kept[kept.length - 1] = [nowMs, last[1] + 1];
	else kept.push([nowMs, 1]);
	return kept;
}

/** A start further ahead than a span was written before the clock was set back. */
const holds = (atMs: number, { perMs }: JobRate, nowMs: number): boolean => Math.abs(nowMs - atMs) < perMs;

export const rateLogText = (log: RateLog): string => (log.length === 0 ? '' : JSON.stringify(log));

/** What cannot be read counts as nothing. */
export function readRateLog(text: string): RateLog {
	return text === '' ? [] : (JSON.parse(text) as RateLog);
}
