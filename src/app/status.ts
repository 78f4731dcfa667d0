import type { PurgeView } from '../cdn/purge-queue.ts';
import type { Config } from '../config/config.ts';
import { ServiceCell, type ServiceCells, ServiceColumn } from '../core/service-cells.ts';
import { REST } from '../gateway/route-table.ts';
import type { Counts, MeterGroup } from '../metrics/counts.ts';
import type { NodeReading } from '../metrics/node-readers.ts';
import type { ConcurrencyConfig } from '../resilience/overload-config.ts';
import type { Fleet } from './fleet.ts';
import { type OutlierFigures, outlierFigures } from './fleet-outliers.ts';
import type { InstanceView } from './fleet-sink.ts';
import type { JobFigures } from './jobs-messages.ts';
import { seriesKey, UNROUTED } from './plan.ts';
import { type ProbeFigures, probeFigures } from './probe-count.ts';
import type { RateLimitStatus } from './rate-limit-tables.ts';
import type { RolloutView } from './rollout-view.ts';
import type { ServedPlan } from './served-plan.ts';
import type { ServiceCellsIndex } from './service-cells-index.ts';
import { VERSION } from './version.ts';
import type { WorkerView } from './worker-group.ts';

/** How many requests of a service may be under way, and are. */
export interface ConcurrencyStatus {
	by: ConcurrencyConfig['kind'];
	limit: number;
	inFlight: number;
}

export interface PoolStatus {
	name: string;
	priority: number;
	region: string | null;
	desired: number;
	ready: number;
	total: number;
	/** Its part of the traffic, 0…1. */
	share: number;
	/** The operator drained its region. */
	drained: boolean;
	/** Why its provider's word is not to be relied on; null: it is. */
	trouble: string | null;
	/** Its platform refuses something for want of a permission. */
	permissionMissing: boolean;
	outliers: OutlierFigures;
	probes: ProbeFigures;
}

export interface ServiceStatus {
	name: string;
	desired: number;
	ready: number;
	total: number;
	/** null: it has no limit. */
	concurrency: ConcurrencyStatus | null;
	counts: Counts;
	/** By priority. */
	pools: PoolStatus[];
	/** A new version that is about to take over; null: none. */
	rollout: RolloutView | null;
	/** The command that was deployed instead of the configuration's; null: none. */
	deployed: string | null;
	instances: (InstanceView & { inFlight: number; counts: Counts })[];
	/** Retries that its budget refused, since the node began; wraps at 2^32. */
	retriesRefused: number;
	/** Requests for which the hold queue had no room, or in which they waited in vain; each wraps at 2^32. */
	holdRefused: { full: number; timeout: number; hopeless: number };
	routes: { name: string; counts: Counts }[];
	rateLimits: RateLimitStatus[];
}

/** The answer to `ballast status`. */
export interface Status {
	version: string;
	pid: number;
	core: { pid: number; generation: number; startedAt: number };
	node: string;
	config: string;
	uptimeMs: number;
	workers: WorkerView[];
	listeners: { address: string; tls: boolean }[];
	services: ServiceStatus[];
	/** null: no route makes jobs. */
	jobs: Omit<JobFigures, 'type'> | null;
	/** null: nothing is cached. */
	cache: NodeReading['cache'];
	/** What is passed on to CDNs. */
	purges: PurgeView[];
	/** Requests that met no route. */
	unrouted: Counts;
	warnings: string[];
}

export interface NodeStatusParts extends StatusParts {
	/** `startedAt`: the keeper's. */
	program: { pid: number; generation: number; startedAt: number; coreStartedAt: number };
	/** Where the configuration came from. */
	name: string;
	workers: { view(): WorkerView[] };
	listeners: { view(): Status['listeners'] };
	cache: { usage: NodeReading['cache'] };
	purging: { views(): PurgeView[] };
	served: StatusParts['served'] & { jobs: { readonly figures: Status['jobs'] } };
	/** Why the configuration as it is now is not the one that holds; ''. */
	refused: string;
}

/** What runs and since when, and how it does. */
export function nodeStatus(parts: NodeStatusParts): Status {
	const { pid, generation, startedAt, coreStartedAt } = parts.program;
	return {
		version: VERSION,
		pid,
		core: { pid: process.pid, generation, startedAt: coreStartedAt },
		node: process.version,
		uptimeMs: Date.now() - startedAt,
		config: parts.name,
		workers: parts.workers.view(),
		listeners: parts.listeners.view(),
		services: serviceStatus(parts),
		unrouted: parts.meters.routes.counts([UNROUTED]),
		jobs: parts.served.jobs.figures,
		...cacheStatus(parts.cache, parts.purging),
		warnings: [...(parts.refused === '' ? [] : [parts.refused]), ...parts.fleet.warnings()],
	};
}

/** What is stored for others, and what is not to be given any more. */
export const cacheStatus = (
	cache: { usage: NodeReading['cache'] },
	purging: { views(): PurgeView[] },
): Pick<Status, 'cache' | 'purges'> => ({ cache: cache.usage, purges: purging.views() });

export interface StatusParts {
	config: Config;
	served: Pick<ServedPlan, 'plan' | 'deployments'>;
	fleet: Fleet;
	slots: { inFlight(slot: number): number };
	meters: { routes: MeterGroup; instances: MeterGroup };
	cells: ServiceCellsIndex;
	rateLimits: { view(service: string): RateLimitStatus[] };
	rollouts: { view(service: string): RolloutView | null };
}

/** Counts are summed up when they are looked at: the metrics read this each second, and have their own. */
export function serviceStatus({ served, fleet, meters, cells, ...of }: StatusParts): ServiceStatus[] {
	const { plan, deployments } = served;
	const config = deployments.effective(of.config);
	const readiness = Map.groupBy(fleet.ready(), ({ service }) => service);
	const instances = Map.groupBy(fleet.list(), ({ service }) => service);
	return config.services.map(({ name, routes, pools, concurrency }) => {
		const series = () =>
			[...routes.map((route) => route.name), REST].map((route) => ({
				route,
				index: plan.series[seriesKey(name, route)] ?? UNROUTED,
			}));
		const known = readiness.get(name) ?? [];
		return {
			name,
			desired: sum(known.map(({ desired }) => desired)),
			ready: sum(known.map(({ ready }) => ready)),
			total: sum(known.map(({ total }) => total)),
			concurrency: concurrency === null ? null : concurrencyStatus(concurrency.kind, cells.of(name)),
			get counts() {
				return meters.routes.counts(series().map(({ index }) => index));
			},
			retriesRefused: cells.of(name).get(ServiceCell.retriesRefused) >>> 0,
			holdRefused: holdRefusals(cells.of(name)),
			pools: pools.map(({ name: pool, priority, region }) => {
				const found = known.find((each) => each.pool === pool);
				const { desired = 0, ready = 0, total = 0, drained = false, trouble = null } = found ?? {};
				const { permissionMissing = false } = found ?? {};
				const { outliers = outlierFigures(), probes = probeFigures() } = found ?? {};
				const share = pools.length === 1 ? 1 : cells.share(name, pool) / 1000;
				const held = { drained, trouble, permissionMissing };
				return { name: pool, priority, region, desired, ready, total, share, ...held, outliers, probes };
			}),
			rollout: of.rollouts.view(name),
			deployed: deployments.commandOf(name)?.join(' ') ?? null,
			instances: (instances.get(name) ?? []).map((instance) => ({
				...instance,
				inFlight: instance.slot < 0 ? 0 : of.slots.inFlight(instance.slot),
				get counts() {
					return meters.instances.counts(instance.slot < 0 ? [] : [instance.slot]);
				},
			})),
			get routes() {
				return series().map(({ route, index }) => ({ name: route, counts: meters.routes.counts([index]) }));
			},
			rateLimits: of.rateLimits.view(name),
		};
	});
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

function holdRefusals(cells: ServiceCells): ServiceStatus['holdRefused'] {
	return {
		full: cells.sum(ServiceColumn.holdFull) >>> 0,
		timeout: cells.sum(ServiceColumn.holdTimeout) >>> 0,
		hopeless: cells.sum(ServiceColumn.holdHopeless) >>> 0,
	};
}

function concurrencyStatus(by: ConcurrencyConfig['kind'], cells: ServiceCells): ConcurrencyStatus {
	return { by, limit: cells.get(ServiceCell.limit), inFlight: cells.sum(ServiceColumn.inFlight) };
}
