/** All pools of a region taken out by hand, and back. */
import { BallastError } from '../core/errors.ts';
import { inSeconds } from '../instances/wording.ts';
import { untilIdle } from './fleet-drain.ts';
import type { PoolFleet } from './fleet-pool.ts';
import type { FleetMemory } from './fleet-snapshot.ts';

export interface RegionPort {
	readonly memory: FleetMemory;
	/** Those of the present configuration. */
	pools(): readonly PoolFleet[];
}

/**
 * Gives the instances of a region no new requests and leaves them running. Resolves once nothing is in
 * flight there, or at the end of their grace period.
 * @param force even where no other instance of a service is ready
 * @throws BallastError `unknown_region`, `bad_command` when a service would be left without a ready instance
 */
export async function drainRegion(
	port: RegionPort,
	{ region, force }: { region: string; force: boolean },
	onLine: (line: string) => void,
): Promise<void> {
	const pools = poolsIn(port, region);
	if (!force) refuseLoss(port, pools, region);
	port.memory.regions.add(region);
	for (const pool of pools) pool.redrain();
	const inFlight = () => pools.reduce((sum, pool) => sum + pool.inFlight, 0);
	const count = pools.reduce((sum, pool) => sum + pool.members.length, 0);
	const instances = count === 1 ? '1 instance' : `${count} instances`;
	onLine(`region ${region} takes no more requests; ${inFlight()} in flight at ${instances}`);
	const graceMs = Math.max(...pools.map((pool) => pool.graceMs));
	const until = Date.now() + graceMs;
	const left = await untilIdle(
		inFlight,
		() => until,
		() => !port.memory.regions.has(region),
	);
	if (left === null) onLine(`region ${region} was taken back in meanwhile`);
	else if (left === 0) onLine(`region ${region} is drained; its instances keep running`);
	else onLine(`region ${region} still has ${left} in flight after ${inSeconds(graceMs)}`);
}

/** Takes a drained region back in. @throws BallastError `unknown_region` */
export function undrainRegion(port: RegionPort, region: string): void {
	if (port.memory.regions.delete(region)) {
		for (const pool of port.pools()) pool.redrain();
		return;
	}
	poolsIn(port, region);
	throw new BallastError('bad_command', `region ${region} is not drained`);
}

/** A line for each region that is drained. */
export function regionWarnings({ regions }: FleetMemory): string[] {
	return [...regions].map(
		(region) => `region ${region} is drained by hand; \`ballast undrain --region ${region}\` takes it back in`,
	);
}

function poolsIn(port: RegionPort, region: string): PoolFleet[] {
	const pools = port.pools().filter((pool) => pool.region === region);
	if (pools.length > 0) return pools;
	const regions = new Set(port.pools().flatMap((pool) => (pool.region === null ? [] : [pool.region])));
	const known = regions.size === 0 ? 'no pool names one' : `there are: ${[...regions].join(', ')}`;
	throw new BallastError('unknown_region', `there is no region '${region}'; ${known}`, { region });
}

function refuseLoss(port: RegionPort, leaving: readonly PoolFleet[], region: string): void {
	const lost = [...new Set(leaving.map(({ service }) => service))].filter((service) => {
		const others = port.pools().filter((pool) => pool.service === service && !leaving.includes(pool));
		return !others.some((pool) => pool.members.some((member) => member.serving));
	});
	if (lost.length === 0) return;
	const message = `no instance of ${lost.join(', ')} outside region ${region} is ready; --force drains it all the same`;
	throw new BallastError('bad_command', message, { region });
}
