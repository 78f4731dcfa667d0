/** `Retry-After` (RFC 9110 §10.2.3), seconds or a date, as ms from now; negative for a date that is over; null: none, or neither. */
export function retryAfterMs(value: string | null | undefined, nowMs: number = Date.now()): number | null {
	if (value === null || value === undefined) return null;
	const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
	return Number.isFinite(ms) ? ms : null;
}
