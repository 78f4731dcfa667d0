import type { SpendWindow } from './spend-policy.ts';

const HOUR_MS = 3_600_000;
const LENGTHS = { hour: HOUR_MS, day: 24 * HOUR_MS } as const;

/** When the hour, the day or the month began that is now, by UTC, and when it ends. */
export function spendWindow(per: SpendWindow, nowMs: number): { sinceMs: number; untilMs: number } {
	if (per !== 'month') {
		const sinceMs = Math.floor(nowMs / LENGTHS[per]) * LENGTHS[per];
		return { sinceMs, untilMs: sinceMs + LENGTHS[per] };
	}
	const now = new Date(nowMs);
	const at = (months: number): number => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1);
	return { sinceMs: at(0), untilMs: at(1) };
}
