/** The pools of a service: the one that `instances` says, or those of `pools`. */
import type { InstancesConfig, ScaleConfig, ScaleInput } from '../instances/config.ts';
import { isSized } from '../instances/kinds.ts';
import type { ScrapeConfig } from '../otlp/receive-config.ts';
import { MAIN_POOL, type PoolConfig } from './config.ts';
import type { PoolInput } from './pool-schema.ts';
import { complainOfName } from './resolve-name.ts';
import { resolveInstances, resolveScale } from './resolve-pool.ts';
import { resolveScrape } from './resolve-telemetry.ts';
import type { UserDefaults, UserService } from './schema.ts';
import type { Place } from './scope.ts';

/** Of each service; a temporary one may come beside them. */
const MOST_POOLS = 8;

/** In order of priority, those of the same in the order of the file. */
export function resolvePools(input: UserService, defaults: UserDefaults, place: Place): PoolConfig[] {
	// Said once here, and not again for each pool.
	const scale = resolveScale({ own: input.scale, base: defaults.scale }, place.at('scale'));
	const instances = resolveInstances(input.instances, place.at('instances'));
	const scrape = resolveScrape(input.scrape, place.at('scrape'));
	if (input.pools === undefined) {
		if (instances === null) return [];
		const only = { name: MAIN_POOL, priority: 1, region: null, weight: 1, scrape };
		return [{ ...only, instances, scale: sized(instances, scale) }];
	}
	const at = place.at('pools');
	if (input.instances !== undefined) {
		at.problem('conflict: there are `instances` too; make them one of the pools', {
			at: 'key',
			related: [place.at('instances').path],
		});
	}
	const entries = Object.entries(input.pools);
	if (entries.length === 0 && !at.isCut()) at.problem('expected at least one pool, or `instances`');
	if (entries.length > MOST_POOLS) at.problem(`expected at most ${MOST_POOLS} pools; there are ${entries.length}`);
	const base = { ...longScale(defaults.scale), ...longScale(input.scale) };
	const pools = entries.map(([name, pool]) => resolvePool({ name, pool, base, scrape, place: at.at(name) }));
	return pools.flat().sort((a, b) => a.priority - b.priority);
}

interface PoolEntry {
	name: string;
	pool: PoolInput;
	/** What the service says. */
	base: Exclude<ScaleInput, number>;
	scrape: ScrapeConfig[];
	place: Place;
}

function resolvePool({ name, pool, base, scrape: inherited, place }: PoolEntry): PoolConfig[] {
	const complaint = complainOfName(name);
	if (complaint !== undefined) place.problem(complaint, { at: 'key' });
	const instances = resolveInstances(pool.instances, place.at('instances'));
	const scale = resolveScale({ own: pool.scale, base }, place.at('scale'));
	if (instances === null) return [];
	if (pool.scale !== undefined) warnOfScale(instances, place);
	const scrape = pool.scrape === undefined ? inherited : resolveScrape(pool.scrape, place.at('scrape'));
	const { priority = 1, region = null, weight = 1 } = pool;
	return [{ name, instances, scale: sized(instances, scale), priority, region, weight, scrape }];
}

/** `place`: what has the `scale`. */
export function warnOfScale(instances: InstancesConfig, place: Place): void {
	if (isSized(instances)) return;
	const message = `this has no effect: Ballast does not set how many instances of \`${instances.kind}\` there are`;
	place.at('scale').warn(message, { at: 'key' });
}

const longScale = (input: ScaleInput | undefined) =>
	typeof input === 'number' ? { min: input, max: input } : (input ?? {});

/** Those that are only known by address have the number that they have. */
function sized(instances: InstancesConfig, scale: ScaleConfig): ScaleConfig {
	if (isSized(instances)) return scale;
	const count = instances.kind === 'urls' ? instances.urls.length : 0;
	return { min: count, max: count };
}
