/** The ramp of an instance that is new, or back. Pure. */

/** Its part of the weight at the start. */
export const LEAST_PART = 0.1;

/** The part of its weight that an instance gets so many ms after it became ready. */
export function weightAt(ageMs: number, slowStartMs: number): number {
	if (slowStartMs <= 0 || ageMs >= slowStartMs) return 1;
	return Math.max(LEAST_PART, ageMs / slowStartMs);
}
