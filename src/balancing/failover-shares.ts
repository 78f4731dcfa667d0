/** The arithmetic of shares: over priorities, then over the pools of each. */
import type { PoolFacts } from './pool-facts.ts';

/** The pools of one priority. */
export interface Level {
	readonly group: readonly PoolFacts[];
	/** How much of the traffic it is to be given at most, 0…1. */
	readonly health: number;
	/** How much it could take now, 0…1; not below `health`. */
	readonly able: number;
}

/**
 * How much of the traffic each level gets, together 1: each as much as its health allows of what those
 * before it leave. What nobody is to have goes to whoever is able, and if all together cannot take it,
 * each takes more in proportion.
 */
export function distribute(levels: readonly Level[]): number[] {
	const loads = levels.map(() => 0);
	let rest = 1;
	for (const bound of ['health', 'able'] as const) {
		for (const [at, level] of levels.entries()) {
			const more = Math.max(0, Math.min(rest, level[bound] - (loads[at] as number)));
			loads[at] = (loads[at] as number) + more;
			rest -= more;
		}
	}
	const taken = loads.reduce((sum, load) => sum + load, 0);
	if (taken > 0) return loads.map((load) => load / taken);
	return loads.map((_, at) => (at === 0 ? 1 : 0));
}

/** The level behind the first that has traffic gets at least this much, while it has anything ready. */
export function warmedUp(loads: readonly number[], levels: readonly Level[], warmUp: number): number[] {
	const first = loads.findIndex((load) => load > 0);
	const next = levels.findIndex(({ able }, at) => at > first && able > 0);
	const lacking = next < 0 ? 0 : Math.max(0, warmUp - (loads[next] as number));
	const moved = Math.min(lacking, loads[first] as number);
	return loads.map((load, at) => (at === first ? load - moved : at === next ? load + moved : load));
}

const WHOLE = 1000;

/** The share of each pool, in the order of the levels: whole thousandths whose sum is 1000. */
export function inThousandths(levels: readonly Level[], loads: readonly number[]): number[] {
	const exact = levels.flatMap(({ group }, at) => parts(group, (loads[at] as number) * WHOLE));
	const shares = exact.map(Math.floor);
	const left = WHOLE - shares.reduce((sum, share) => sum + share, 0);
	// The largest remainders first, so that each is less than one thousandth off.
	const order = exact.map((value, at) => ({ at, lost: value - Math.floor(value) })).sort((a, b) => b.lost - a.lost);
	for (const { at } of order.slice(0, left)) shares[at] = (shares[at] as number) + 1;
	return shares;
}

/** Among pools of one priority by what each can take. */
function parts(group: readonly PoolFacts[], load: number): number[] {
	const capacities = group.map(({ drained, capacity }) => (drained ? 0 : capacity));
	const sum = capacities.reduce((all, one) => all + one, 0);
	if (sum > 0) return capacities.map((capacity) => (load * capacity) / sum);
	return group.map((_, at) => (at === 0 ? load : 0));
}
