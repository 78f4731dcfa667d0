import { type Config, MAIN_POOL } from '../config/config.ts';
import { CACHE_RESULTS } from '../core/cached.ts';
import { errorAt } from '../core/errors.ts';
import type { MeterGroup } from '../metrics/counts.ts';
import type { DetailGroup, DetailRow } from '../metrics/detail.ts';
import { Counter, SeriesSum } from '../metrics/meter.ts';
import type { NodeReaders, NodeReading, PoolReading, WorkerReading } from '../metrics/node-readers.ts';
import type { HttpReading, RouteReading, TrafficReading } from '../metrics/traffic-metrics.ts';
import type { Resources } from '../resources/resources.ts';
import type { InstanceView } from './fleet-sink.ts';
import type { Happenings } from './happenings.ts';
import { type Plan, UNROUTED } from './plan.ts';
import { poolKey } from './pool-key.ts';
import { laneReadings, queueReadings, spendReadings } from './queue-readings.ts';
import type { Status } from './status.ts';

/** What the metrics of the node are read from. */
export interface ObservedParts {
	config(): Config;
	plan(): Plan;
	status(): Status;
	meters: { routes: MeterGroup; instances: MeterGroup; details: DetailGroup };
	instances(): InstanceView[];
	resources: Resources;
	happenings: Happenings;
	/** Instances that pools would need beyond the most that they may have, by pool as it is configured. */
	short(): ReadonlyMap<string, number>;
	workers(): WorkerReading[];
	certificates(): { certificate: string; expiresMs: number }[];
	node(): NodeReading;
}

/** A series' service and route. */
type RoutesBySeries = ReadonlyMap<number, { service: string; route: string }>;

/** A plan stays as it is, and another takes its place: what is made of one is asked for each second. */
const routesOf = new WeakMap<Plan['series'], RoutesBySeries>();

/** Service and route of a series, as the plan numbers them. */
export function routesBySeries({ series }: Pick<Plan, 'series'>): RoutesBySeries {
	let routes = routesOf.get(series);
	if (routes === undefined) routesOf.set(series, (routes = namedSeries(series)));
	return routes;
}

function namedSeries(numbers: Plan['series']): RoutesBySeries {
	const routes = Object.entries(numbers).map(([key, series]): [number, { service: string; route: string }] => {
		const [service = '', route = ''] = key.split('\n');
		return [series, { service, route }];
	});
	return new Map([[UNROUTED, { service: '', route: '' }], ...routes]);
}

function traffic(service: string, { counters, buckets }: SeriesSum): TrafficReading {
	const at = (counter: number): number => counters[counter] as number;
	return {
		service,
		requests: at(Counter.requests),
		status: counters.subarray(Counter.status1xx, Counter.status1xx + 5),
		broken: at(Counter.broken),
		bytesIn: at(Counter.bytesIn),
		bytesOut: at(Counter.bytesOut),
		durationUs: at(Counter.durationUs),
		cells: buckets,
	};
}

/** The node in plain numbers, for its metrics. What is costly is made once for each second. */
export function observedNode(parts: ObservedParts): NodeReaders {
	const { meters, resources } = parts;
	let status: Status = parts.status();
	let details: DetailRow[] = [];
	const names = (): RoutesBySeries => routesBySeries(parts.plan());
	return {
		routes: () => {
			// Asked for first of all.
			status = parts.status();
			details = meters.details.read().rows;
			return routeReadings(meters.routes, details, names());
		},
		instances: () =>
			status.services.flatMap(({ name, instances }) =>
				instances.map((instance) => ({
					...traffic(name, meters.instances.sum(instance.slot < 0 ? [] : [instance.slot])),
					pool: instance.pool,
					instance: instance.id,
					inFlight: instance.inFlight,
					state: instance.state,
					breaker: instance.breaker.state,
				})),
			),
		httpServer: () => httpReadings(details, names()),
		httpClient: () => [],
		pools: () => poolReadings(status, parts),
		services: () =>
			status.services.map(({ name, concurrency, rollout, rateLimits, retriesRefused, holdRefused }) => ({
				service: name,
				retriesRefused,
				holdRefused: Object.entries(holdRefused),
				concurrency,
				rolloutStep: rollout?.step ?? 0,
				lookupsFailing: failingLookups(parts, name),
				lookupsFailed: parts.happenings.of(name, null, 'dns_failed'),
				rollbacks: parts.happenings.of(name, null, 'rolled_back'),
				rateLimits: rateLimits.map(({ name: limit, refused, full, used }) => ({ limit, refused, full, entries: used })),
			})),
		workers: () => parts.workers(),
		host: () => resources.host(),
		disks: () => resources.disks(),
		processes: () => resources.processes(),
		own: () => resources.own(),
		certificates: () => parts.certificates(),
		queues: () => queueReadings(status.jobs, Date.now()),
		lanes: () => laneReadings(status.jobs, Date.now()),
		spending: () => spendReadings(status.jobs),
		webhooks: () => status.jobs?.webhooks ?? null,
		node: () => {
			const node = parts.node();
			return (status.jobs?.unusable ?? '') === '' ? node : { ...node, storeFailed: true };
		},
	};
}

/** Only those that have a name: a reload may have taken it away while it was not resolved. */
function failingLookups({ config, happenings }: ObservedParts, service: string): number {
	const pools = config().services.find(({ name }) => name === service)?.pools ?? [];
	return pools.filter(({ name, instances }) => instances.kind === 'dns' && happenings.lookupFails(service, name))
		.length;
}

/** Of each route that nobody asked for yet. */
const NOTHING = new SeriesSum();

function routeReadings(routes: MeterGroup, details: readonly DetailRow[], names: RoutesBySeries): RouteReading[] {
	const causes = Map.groupBy(
		details.filter(({ cause }) => cause > 0),
		({ series }) => series,
	);
	return [...names].map(([series, { service, route }]) => {
		const sum = routes.count(series, Counter.requests) === 0 ? NOTHING : routes.sum([series]);
		const at = (counter: number): number => sum.counters[counter] as number;
		return {
			...traffic(service, sum),
			route,
			failed: at(Counter.failed),
			aborted: at(Counter.aborted),
			retries: at(Counter.retries),
			held: at(Counter.held),
			limited: at(Counter.limited),
			shed: at(Counter.shed),
			queueUs: at(Counter.queueUs),
			connectUs: at(Counter.connectUs),
			firstByteUs: at(Counter.firstByteUs),
			transferUs: at(Counter.transferUs),
			cached: sum.counters.subarray(Counter.cached, Counter.cached + CACHE_RESULTS.length),
			errors: (causes.get(series) ?? []).map(({ cause, count }) => [errorAt(cause), count] as const),
		};
	});
}

function poolReadings({ services }: Status, { happenings, short }: ObservedParts): PoolReading[] {
	const missing = short();
	return services.flatMap(({ name, pools }) =>
		pools.map(({ name: pool, ready, total, desired, share, trouble, permissionMissing, outliers, probes }) => ({
			service: name,
			pool,
			ready,
			total,
			desired,
			share,
			panic: outliers.panic,
			trouble: trouble !== null,
			denied: permissionMissing,
			short: missing.get(poolKey(name, pools.length === 1 ? MAIN_POOL : pool)) ?? 0,
			starts: startsOf(name, pool, happenings),
			ejections: Object.entries(outliers.ejections),
			probes: { count: probes.count, seconds: probes.seconds, failed: Object.entries(probes.failed) },
		})),
	);
}

/** One that ended by itself is started again for that; all others start as planned. */
function startsOf(service: string, pool: string, happenings: Happenings): [string, number][] {
	const crashes = happenings.of(service, pool, 'exited');
	const starts = happenings.of(service, pool, 'started');
	return [
		['crash', crashes],
		['planned', Math.max(0, starts - crashes)],
	];
}

function httpReadings(details: readonly DetailRow[], names: RoutesBySeries): HttpReading[] {
	return details.flatMap(({ series, method, status, cause, count, sumUs, cells }) => {
		const { service, route } = names.get(series) ?? { service: '', route: '' };
		return cause > 0 ? [] : [{ service, method, status, route, port: '', cells, count, sumSeconds: sumUs / 1e6 }];
	});
}
