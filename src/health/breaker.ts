/** The breaker of an instance as the control plane keeps it: closed, open (ejected) or half-open. Pure. */
import type { OutlierConfig } from './outlier-config.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Why an instance was ejected; these words stand in counts and events. */
export const CAUSES = ['failures', 'connect', 'flaps', 'successRate', 'latency', 'trial'] as const;
export type Cause = (typeof CAUSES)[number];

export interface Breaker {
	readonly state: BreakerState;
	/** Since when it is in this state, ms of the monotonic clock. */
	readonly since: number;
	/** When `open` ends. */
	readonly untilMs: number;
	/** Ejections lately: the next one takes as many times the base and one more. */
	readonly level: number;
	/** When the level last changed. */
	readonly levelAt: number;
}

export const CLOSED: Breaker = { state: 'closed', since: 0, untilMs: 0, level: 0, levelAt: 0 };

type Times = OutlierConfig['ejection'];

/** Opens it, for longer each time. */
export function opened(breaker: Breaker, now: number, { baseMs, mostMs }: Times): Breaker {
	const level = breaker.level + 1;
	return { state: 'open', since: now, untilMs: now + Math.min(mostMs, baseMs * level), level, levelAt: now };
}

export function halfOpened(breaker: Breaker, now: number): Breaker {
	return { ...breaker, state: 'half-open', since: now };
}

/** It behaves: from here on the level falls by one in each `baseMs`. */
export function closed(breaker: Breaker, now: number): Breaker {
	return { ...breaker, state: 'closed', since: now, levelAt: now };
}

/** The level after a time of good behaviour. */
export function calmed(breaker: Breaker, now: number, { baseMs }: Times): Breaker {
	if (breaker.state !== 'closed' || breaker.level === 0) return breaker;
	const steps = Math.floor((now - breaker.levelAt) / baseMs);
	if (steps <= 0) return breaker;
	return { ...breaker, level: Math.max(0, breaker.level - steps), levelAt: breaker.levelAt + steps * baseMs };
}
