/** Longest that an answer may ask for, ms: a slip there must not park a job for years. */
const MOST_MS = 7 * 86_400_000;

/** RFC 9110 §10.2.3: seconds or a date; null for none and for what is neither. */
export function retryAfterMs(value: string | undefined, nowMs: number = Date.now()): number | null {
	if (value === undefined) return null;
	const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
	return ms >= 0 ? Math.min(ms, MOST_MS) : null;
}
