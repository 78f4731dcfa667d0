import type { PoolFleet } from './fleet-pool.ts';

/** How long the first words wait for what platforms say of themselves, ms; requests do not. */
const MOST_MS = 2000;

/** Resolves once the platform of each pool was looked at, whatever came of it, or after this time. */
export async function firstLooks(pools: readonly PoolFleet[], mostMs: number = MOST_MS): Promise<void> {
	const late = Promise.withResolvers<void>();
	const timer = setTimeout(() => late.resolve(), mostMs);
	await Promise.race([late.promise, Promise.all(pools.map((pool) => pool.size.looked()))]);
	clearTimeout(timer);
}
