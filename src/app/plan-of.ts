import { readFileSync } from 'node:fs';
import type { Config, ServiceConfig } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import { wantsSignal } from '../otlp/destination.ts';
import type { CacheMemory } from './cache-memory.ts';
import { tlsName } from './fleet-probes.ts';
import type { JobsLink } from './jobs-link.ts';
import type { Plan, PoolPlan, RecordingPlan, ServicePlan } from './plan.ts';
import type { RateLimitTables } from './rate-limit-tables.ts';
import type { SeriesIndex } from './series-index.ts';
import type { ServiceCellsIndex } from './service-cells-index.ts';

/** What is kept over reloads, by name. */
export interface PlanIndexes {
	series: SeriesIndex;
	cells: ServiceCellsIndex;
	rateLimits: RateLimitTables;
	cache: CacheMemory;
	jobs: JobsLink;
	/** The pool of a service's new version; null: there is none. */
	next(service: string): string | null;
}

/** What the workers need of a configuration. @throws BallastError `config_invalid` when a CA file cannot be read */
export function planOf(
	config: Config,
	generation: number,
	{ series, cells, rateLimits, cache, jobs, next }: PlanIndexes,
): Plan {
	const services = config.services.map((service) => ({
		...servicePlan(service),
		pools: poolPlans(service, cells, next(service.name)),
		next: nextPlan(service, next(service.name)),
		cells: cells.of(service.name).buffer,
	}));
	return {
		generation,
		workers: config.workers,
		columns: config.workers,
		services,
		limits: config.limits,
		trust: config.trust,
		cdnLoop: config.cdnLoop,
		series: series.of(services),
		rateLimits: rateLimits.of(services),
		recording: recordingPlan(config),
		cache: cache.of(config),
		jobs: jobs.of(config),
	};
}

/** What is asked of records: by the access log, the store and whoever entries and spans are passed on to. */
function recordingPlan({ store, logs, traces, exports }: Config): RecordingPlan {
	return {
		lines: logs.access?.sample ?? 0,
		rows: store !== null || logs.forward.length > 0 || wantsSignal(exports, 'logs') ? logs.sample : 0,
		traces: traces?.sample ?? null,
		spans: traces !== null && (store !== null || wantsSignal(exports, 'traces')),
		slowMs: logs.slowMs,
		traceSlowMs: traces?.slowMs ?? 0,
		restart: traces?.restart ?? 'never',
	};
}

/** Commands and their environments hold secrets and mean nothing to a worker: they stay here. */
function servicePlan(service: ServiceConfig): Omit<ServicePlan, 'cells' | 'pools' | 'next'> {
	const { name, match, routes, balance, upstream, timeouts, bodyBytes, host, path, requestHeaders, responseHeaders } =
		service;
	const { retry, holdMs, retryBudget, breaker, rateLimit, concurrency, priority, cdn, compress } = service;
	const headers = { requestHeaders, responseHeaders };
	const policy = { timeouts, bodyBytes, host, path, ...headers, retry, holdMs, rateLimit, priority, cdn, compress };
	const outliers = { failures: service.outliers.failures };
	const bounds = { outliers, retryBudget, breaker, concurrency };
	const upstreamCa = readCa(upstream.tls?.ca ?? null);
	const { cache, routeCaches, offload, routeOffloads } = service;
	const own = { cache, routeCaches, offload, routeOffloads };
	return { name, match, routes, balance, upstream, ...policy, upstreamCa, ...bounds, ...own };
}

function nextPlan({ deploy: { by, mirror } }: ServiceConfig, pool: string | null): ServicePlan['next'] {
	if (pool === null || (by.kind === 'weight' && mirror === 0)) return null;
	return { pool, by: by.kind === 'weight' ? null : { from: by.kind, name: by.name } };
}

function poolPlans(service: ServiceConfig, index: ServiceCellsIndex, next: string | null): PoolPlan[] {
	const names = service.pools.map(({ name }) => name);
	const cells = index.poolCells(service.name, names);
	return service.pools.map((pool) => ({
		name: pool.name,
		cell: cells.get(pool.name) as number,
		tlsName: tlsName(service, pool),
		trial: pool.name === next,
	}));
}

/** Whether the workers know the same pools. */
export function samePools(config: Config, plan: Plan): boolean {
	const pools = (of: readonly { name: string; pools: readonly { name: string }[] }[]): string =>
		JSON.stringify(of.map(({ name, pools }) => [name, pools.map((pool) => pool.name)]));
	return pools(config.services) === pools(plan.services);
}

function readCa(path: string | null): string | null {
	if (path === null) return null;
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		throw new BallastError('config_invalid', `the CA file ${path} cannot be read: ${(error as Error).message}`);
	}
}
