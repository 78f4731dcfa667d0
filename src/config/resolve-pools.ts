/** The pools of a service: the one that `instances` says, or those of `pools`. */
import type { InstancesConfig } from '../instances/config.ts';
import { hasSize } from '../instances/kinds.ts';
import type { ScrapeConfig } from '../otlp/receive-config.ts';
import type { ScaleInput, ScaleLong } from '../scaling/config.ts';
import { DEFAULT_SCALE } from '../scaling/default-policy.ts';
import type { ScalePolicy } from '../scaling/policy.ts';
import { checkSize, sizeable } from './check-size.ts';
import { MAIN_POOL, type PoolConfig } from './config.ts';
import type { PoolInput } from './pool-schema.ts';
import { complainOfName } from './resolve-name.ts';
import { resolveInstances } from './resolve-pool.ts';
import { longScale, resolveScale } from './resolve-scale.ts';
import { resolveScrape } from './resolve-telemetry.ts';
import type { UserDefaults, UserService } from './schema.ts';
import type { Place } from './scope.ts';

/** A service as it stands in a file. */
export interface ServiceEntry {
	name: string;
	input: UserService;
	place: Place;
}

/** Of each service; a temporary one may come beside them. */
const MOST_POOLS = 8;
/** What `scale.max` takes at most. */
const MOST_INSTANCES = 10_000;

/** In order of priority, those of the same in the order of the file. */
export function resolvePools({ name, input, place }: ServiceEntry, defaults: UserDefaults): PoolConfig[] {
	// Said once here, and not again for each pool.
	const instances = resolveInstances(input.instances, place.at('instances'));
	const lint = instances === null ? poolsInherit(input) : hasSize(instances);
	const scale = resolveScale({ own: input.scale, base: defaults.scale, service: name, lint }, place.at('scale'));
	const scrape = resolveScrape(input.scrape, place.at('scrape'));
	if (input.pools === undefined) {
		if (instances === null) return [];
		checkSize(instances, input.scale, place.at('scale'));
		const only = { name: MAIN_POOL, priority: 1, region: null, weight: 1, scrape };
		return [{ ...only, instances, scale: sized(instances, scale, says(input.scale, defaults.scale)) }];
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
	const pools = entries.map(([pool, said]) =>
		resolvePool({ service: name, name: pool, pool: said, base, scrape, place: at.at(pool) }),
	);
	return pools.flat().sort((a, b) => a.priority - b.priority);
}

interface PoolEntry {
	service: string;
	name: string;
	pool: PoolInput;
	/** What the service says. */
	base: ScaleLong;
	scrape: ScrapeConfig[];
	place: Place;
}

function resolvePool({ service, name, pool, base, scrape: inherited, place }: PoolEntry): PoolConfig[] {
	const complaint = complainOfName(name);
	if (complaint !== undefined) place.problem(complaint, { at: 'key' });
	const instances = resolveInstances(pool.instances, place.at('instances'));
	const lint = instances !== null && pool.scale !== undefined && hasSize(instances);
	const scale = resolveScale({ own: pool.scale, base, service, lint }, place.at('scale'));
	if (instances === null) return [];
	if (pool.scale !== undefined) warnOfScale(instances, place);
	checkSize(instances, pool.scale, place.at('scale'));
	const scrape = pool.scrape === undefined ? inherited : resolveScrape(pool.scrape, place.at('scrape'));
	const { priority = 1, region = null, weight = 1 } = pool;
	return [
		{ name, instances, scale: sized(instances, scale, says(pool.scale, base)), priority, region, weight, scrape },
	];
}

/** `place`: what has the `scale`. */
export function warnOfScale({ kind }: InstancesConfig, place: Place): void {
	if (hasSize({ kind })) return;
	place
		.at('scale')
		.warn(`this has no effect: the number of instances of \`${kind}\` is not Ballast's to set`, { at: 'key' });
}

/** A pool whose size can be set has the service's `scale`. */
function poolsInherit({ pools }: UserService): boolean {
	return Object.values(pools ?? {}).some(({ instances, scale }) => {
		const fixed =
			typeof instances !== 'object' || Array.isArray(instances) || 'urls' in instances || 'dns' in instances;
		return scale === undefined && !fixed;
	});
}

/** A `scale` stands somewhere. */
const says = (...scales: (ScaleInput | undefined)[]): boolean =>
	scales.some((scale) => scale !== undefined && (typeof scale === 'number' || Object.keys(scale).length > 0));

/** Those of which nobody says how many there should be have the number that they have. */
function sized(instances: InstancesConfig, scale: ScalePolicy, said: boolean): ScalePolicy {
	if (instances.kind === 'run' || (hasSize(instances) && said)) return sizeable(instances, scale);
	if (hasSize(instances)) return { ...DEFAULT_SCALE, min: 0, max: MOST_INSTANCES, mode: 'off' };
	const count = instances.kind === 'urls' ? instances.urls.length : 0;
	return { ...DEFAULT_SCALE, min: count, max: count };
}
