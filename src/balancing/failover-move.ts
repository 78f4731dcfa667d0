/** Whether a decision moved the traffic, and the sentence that says so. */
import type { Level } from './failover-shares.ts';
import type { PoolFacts } from './pool-facts.ts';

/** Where the traffic goes. */
export interface Move {
	/** By priority, 0…1. */
	readonly loads: ReadonlyMap<number, number>;
	/** By pool: its thousandths, and how many of its instances were ready. */
	readonly pools: ReadonlyMap<string, { readonly share: number; readonly ready: number }>;
}

export interface Outcome {
	readonly pools: readonly PoolFacts[];
	readonly levels: readonly Level[];
	readonly loads: readonly number[];
	readonly shares: readonly number[];
}

/** Less is not worth a line. */
const LEAST_CHANGE = 0.01;

/**
 * A move is worth a sentence when a priority has got or lost a hundredth, or a pool all that it had.
 * How the pools of one priority share while their instances warm up is not.
 */
export function describeMove(
	now: Outcome,
	told: Move | null,
	warmUp: number,
): { reason: string | null; away: boolean; told: Move } {
	const next: Move = {
		loads: new Map(now.levels.map(({ group }, at) => [(group[0] as PoolFacts).priority, now.loads[at] as number])),
		pools: new Map(now.pools.map(({ name, ready }, at) => [name, { share: now.shares[at] as number, ready }])),
	};
	if (told === null) return firstMove(now, next, warmUp);
	// A reload tells itself what it changed.
	const same = told.pools.size === next.pools.size && [...next.pools.keys()].every((name) => told.pools.has(name));
	if (!same) return { reason: null, away: false, told: next };
	const emptied = now.pools.some(({ name }, at) => (now.shares[at] === 0) !== (told.pools.get(name)?.share === 0));
	if (!emptied && !differs(told.loads, next.loads)) return { reason: null, away: false, told };
	return { ...sentence(now, told), told: next };
}

/** At the start all should go to the first priority, where all is ready: only what differs is told. */
function firstMove(now: Outcome, next: Move, warmUp: number): ReturnType<typeof describeMove> {
	const aside = now.levels.length > 1 ? warmUp : 0;
	const ideal = now.levels.map(({ group }, at): [number, number] => [
		(group[0] as PoolFacts).priority,
		at === 0 ? 1 - aside : at === 1 ? aside : 0,
	]);
	const ready = (share: (at: number) => number): Move['pools'] =>
		new Map(now.pools.map(({ name, wanted }, at) => [name, { share: share(at), ready: wanted }]));
	if (!differs(new Map(ideal), next.loads)) {
		const told = { loads: next.loads, pools: ready((at) => now.shares[at] as number) };
		return { reason: null, away: false, told };
	}
	const before = { loads: new Map(ideal), pools: ready((at) => (at === 0 ? 1000 : 0)) };
	return { ...sentence(now, before), told: next };
}

function differs(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): boolean {
	return [...after].some(([priority, load]) => Math.abs(load - (before.get(priority) ?? 0)) >= LEAST_CHANGE);
}

/** Names who gains most, and the reason: what ails the pool that loses most, or that the one that gains is well. */
function sentence({ pools, shares }: Outcome, before: Move): { reason: string; away: boolean } {
	const gains = pools.map(({ name }, at) => (shares[at] as number) - (before.pools.get(name)?.share ?? 0));
	const most = gains.indexOf(Math.max(...gains));
	const [gainer, loser] = [pools[most] as PoolFacts, pools[gains.indexOf(Math.min(...gains))] as PoolFacts];
	const share = shares[most] as number;
	const what = share === 1000 ? 'all of the traffic' : `${percent(share)} of the traffic`;
	const fell = loser.drained || loser.ready < (before.pools.get(loser.name)?.ready ?? 0);
	const away = fell && gainer.priority >= loser.priority;
	if (fell) return { reason: `${what} goes to ${gainer.name}: ${ailment(loser)}`, away };
	const again = gainer.priority < loser.priority ? ' again' : '';
	const { name, ready, wanted } = gainer;
	return { reason: `${what} goes to ${name}${again}: ${ready} of ${wanted} of its instances are ready`, away };
}

function ailment({ name, drained, ready, wanted }: PoolFacts): string {
	return drained ? `${name} is drained` : `${ready} of ${wanted} instances of ${name} are ready`;
}

const percent = (thousandths: number): string => `${Number((thousandths / 10).toFixed(thousandths < 10 ? 1 : 0))} %`;
