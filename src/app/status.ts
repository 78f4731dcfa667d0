import type { Config } from '../config/config.ts';
import { REST } from '../gateway/route-table.ts';
import type { Counts, MeterGroup } from '../metrics/counts.ts';
import type { Fleet } from './fleet.ts';
import type { InstanceView } from './fleet-sink.ts';
import { type Plan, seriesKey, UNROUTED } from './plan.ts';
import type { WorkerView } from './worker-group.ts';

export interface ServiceStatus {
	name: string;
	desired: number;
	ready: number;
	total: number;
	counts: Counts;
	instances: (InstanceView & { inFlight: number; counts: Counts })[];
	routes: { name: string; counts: Counts }[];
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
	/** Requests that met no route. */
	unrouted: Counts;
	warnings: string[];
}

export interface StatusParts {
	config: Config;
	plan: Plan;
	fleet: Fleet;
	meters: { routes: MeterGroup; instances: MeterGroup };
	inFlight: (slot: number) => number;
}

export function serviceStatus({ config, plan, fleet, meters, inFlight }: StatusParts): ServiceStatus[] {
	const readiness = new Map(fleet.ready().map((each) => [each.service, each]));
	const instances = fleet.list();
	return config.services.map(({ name, routes }) => {
		const series = [...routes.map((route) => route.name), REST].map((route) => ({
			route,
			index: plan.series[seriesKey(name, route)] ?? UNROUTED,
		}));
		const ready = readiness.get(name);
		return {
			name,
			desired: ready?.desired ?? 0,
			ready: ready?.ready ?? 0,
			total: ready?.total ?? 0,
			counts: meters.routes.counts(series.map(({ index }) => index)),
			instances: instances
				.filter((instance) => instance.service === name)
				.map((instance) => ({
					...instance,
					inFlight: instance.slot < 0 ? 0 : inFlight(instance.slot),
					counts: meters.instances.counts(instance.slot < 0 ? [] : [instance.slot]),
				})),
			routes: series.map(({ route, index }) => ({ name: route, counts: meters.routes.counts([index]) })),
		};
	});
}
