/** How far a size may go within a time: the HPA's scaling policies. */
import { changedSince } from './changes.ts';
import type { Changes } from './decision.ts';
import type { Direction } from './policy.ts';

const EPSILON = 1e-9;

export interface RateFacts {
	before: number;
	changes: Changes;
	nowMs: number;
}

/** The largest size that may be set now, at least `before`. */
export function mostOut({ rates, select }: Direction, facts: RateFacts): number {
	const { before } = facts;
	if (select === 'none') return before;
	if (rates.length === 0) return Number.POSITIVE_INFINITY;
	let limit = select === 'min' ? Number.POSITIVE_INFINITY : 0;
	for (const rate of rates) {
		const start = periodStart(facts, rate.periodMs);
		const to = 'share' in rate ? Math.ceil(start * (1 + rate.share) - EPSILON) : start + rate.instances;
		limit = select === 'min' ? Math.min(limit, to) : Math.max(limit, to);
	}
	// A share of none is none: it would never wake.
	return Math.max(limit, before, before === 0 ? 1 : 0);
}

/** The smallest size that may be set now, at most `before`. */
export function leastIn({ rates, select }: Direction, facts: RateFacts): number {
	const { before } = facts;
	if (select === 'none') return before;
	if (rates.length === 0) return 0;
	let limit = select === 'min' ? 0 : Number.POSITIVE_INFINITY;
	for (const rate of rates) {
		const start = periodStart(facts, rate.periodMs);
		const to = 'share' in rate ? Math.trunc(start * (1 - rate.share) + EPSILON) : start - rate.instances;
		limit = select === 'min' ? Math.max(limit, to) : Math.min(limit, to);
	}
	return Math.max(0, Math.min(limit, before));
}

function periodStart({ before, changes, nowMs }: RateFacts, periodMs: number): number {
	const sinceMs = nowMs - periodMs;
	return Math.max(0, before - changedSince(changes, sinceMs, 1) + changedSince(changes, sinceMs, -1));
}
