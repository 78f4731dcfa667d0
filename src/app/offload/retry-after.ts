import { retryAfterMs as askedMs } from '../../core/retry-after.ts';

/** Longest that an answer may ask for, ms: a slip there must not park a job for years. */
const MOST_MS = 7 * 86_400_000;

/** `Retry-After`, bounded; null for none, for what is neither seconds nor a date, and for a date that is over. */
export function retryAfterMs(value: string | undefined): number | null {
	const ms = askedMs(value);
	return ms === null || ms < 0 ? null : Math.min(ms, MOST_MS);
}
