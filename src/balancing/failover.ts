/**
 * How a service's traffic is shared out over its pools: all of it to the first priority while enough of
 * its instances are ready; else, in proportion, a part to the next, and back with hysteresis. Pure.
 */
import type { FailoverConfig } from './failover-config.ts';
import { describeMove, type Move } from './failover-move.ts';
import { distribute, inThousandths, type Level, warmedUp } from './failover-shares.ts';
import type { PoolFacts } from './pool-facts.ts';

/** What is remembered of the pools of one priority. */
export interface LevelState {
	/** How much of the traffic it can be given, 0…1. */
	readonly health: number;
	/** It could take all of it once: since then it gets more only after `holdMs`. */
	readonly settled: boolean;
	/** Since when it could take more, and how much at least in that time; null: it could not. */
	readonly better: { readonly sinceMs: number; readonly least: number } | null;
}

/** What one decision leaves for the next. */
export interface FailoverState {
	/** By priority. */
	readonly levels: ReadonlyMap<number, LevelState>;
	/** By pool: the instances that its health is measured by. */
	readonly counted: ReadonlyMap<string, number>;
	/** What the last move led to; null: none was made. */
	readonly told: Move | null;
}

export interface FailoverDecision {
	/** Thousandths, in the order of the pools; together 1000. */
	readonly shares: readonly number[];
	/** The move in a sentence; null: the traffic goes where it went. */
	readonly reason: string | null;
	/** More of it goes to pools that should not have it. */
	readonly away: boolean;
	readonly state: FailoverState;
}

export const NO_DECISION: FailoverState = { levels: new Map(), counted: new Map(), told: null };

export interface Asked {
	readonly config: FailoverConfig;
	/** At least one, in order of priority. */
	readonly pools: readonly PoolFacts[];
}

/** @param nowMs a clock that only goes forward */
export function decide({ config, pools }: Asked, before: FailoverState, nowMs: number): FailoverDecision {
	const counted = new Map(pools.map((pool) => [pool.name, countOf(pool, pools, before.counted)]));
	const levels = [...Map.groupBy(pools, ({ priority }) => priority)].map(([priority, group]) => {
		const healthy = healthyShare(group, counted);
		// What is empty or drained as a whole begins anew when it comes back.
		if (healthy === null) return { priority, group, able: 0, state: null };
		const able = Math.min(1, healthy / config.threshold);
		const rise = Math.min(1, healthy / config.back);
		const state = levelAfter(before.levels.get(priority), { able, rise }, { holdMs: config.holdMs, nowMs });
		return { priority, group, able, state };
	});
	const bounds = levels.map(({ group, able, state }): Level => ({ group, able, health: state?.health ?? 0 }));
	const loads = warmedUp(distribute(bounds), bounds, config.warmUp);
	const shares = inThousandths(bounds, loads);
	const states = new Map<number, LevelState>();
	for (const [at, { priority, able, state }] of levels.entries()) {
		// What it takes for want of others it has back.
		const health = Math.min(able, loads[at] as number);
		if (state !== null) states.set(priority, health > state.health ? { ...state, health } : state);
	}
	const { told, ...move } = describeMove({ pools, levels: bounds, loads, shares }, before.told, config.warmUp);
	return { shares, ...move, state: { levels: states, counted, told } };
}

/**
 * A pool that grows, or comes to others of its priority, is not ill for instances that have not
 * started yet: they count once they were ready.
 */
function countOf(pool: PoolFacts, pools: readonly PoolFacts[], before: ReadonlyMap<string, number>): number {
	const { name, priority, wanted, ready } = pool;
	const known = before.get(name) ?? 0;
	if (known > 0) return Math.min(wanted, Math.max(known, ready));
	const joins = pools.some((other) => other.priority === priority && (before.get(other.name) ?? 0) > 0);
	return joins ? Math.min(wanted, ready) : wanted;
}

/** Ready instances of those that count, 0…1; null: none is there to count. */
function healthyShare(group: readonly PoolFacts[], counted: ReadonlyMap<string, number>): number | null {
	let all = 0;
	let ready = 0;
	for (const pool of group) {
		if (pool.drained) continue;
		const count = counted.get(pool.name) as number;
		all += count;
		ready += Math.min(pool.ready, count);
	}
	return all === 0 ? null : ready / all;
}

interface Ability {
	/** What it could take, 0…1, going down. */
	able: number;
	/** The same going up, where more is asked for: not above `able`. */
	rise: number;
}

/** Down at once; up to what it could take all of the time, once that has lasted. */
function levelAfter(
	before: LevelState | undefined,
	{ able, rise }: Ability,
	{ holdMs, nowMs }: { holdMs: number; nowMs: number },
): LevelState {
	if (before === undefined || !before.settled) return { health: able, settled: able >= 1, better: null };
	const health = Math.min(before.health, able);
	if (rise <= health) return { health, settled: true, better: null };
	const known = before.better !== null && before.better.least > health ? before.better : null;
	const { sinceMs, least } = known ?? { sinceMs: nowMs, least: rise };
	const better = { sinceMs, least: Math.min(least, rise) };
	if (nowMs - sinceMs < holdMs) return { health, settled: true, better };
	return { health: better.least, settled: true, better: rise > better.least ? { sinceMs: nowMs, least: rise } : null };
}
