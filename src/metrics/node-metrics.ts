/** All metrics of the program, refreshed from plain numbers: who wires the program only gives the readers. */
import type { MetricDefinition } from '../core/metric.ts';
import { readLanes, readSpending } from './lane-metrics.ts';
import * as names from './metric-names.ts';
import { type Counter, counters, countersOn, type Gauge, gauges, one, type Row } from './metric-rows.ts';
import type {
	NodeReaders,
	NodeReading,
	PoolReading,
	ProcessReading,
	QueueReading,
	ServiceReading,
	WebhooksReading,
	WorkerReading,
} from './node-readers.ts';
import type { Registry } from './registry.ts';
import { TrafficMetrics, type TrafficOptions } from './traffic-metrics.ts';

/** Defines every metric and keeps them up to date from then on. The answer ends that. */
export function collectNodeMetrics(
	registry: Registry,
	readers: Partial<NodeReaders>,
	options: TrafficOptions & { now?: () => number },
): () => void {
	const traffic = new TrafficMetrics(registry, options);
	for (const group of Object.values(names))
		for (const definition of Object.values(group) as MetricDefinition[]) registry.define(definition);
	const now = options.now ?? Date.now;
	const collectors = [
		() => {
			if (readers.routes !== undefined) traffic.readRoutes(readers.routes());
			if (readers.instances !== undefined) traffic.readInstances(readers.instances());
			traffic.readHttp(readers.httpServer?.() ?? [], readers.httpClient?.() ?? []);
		},
		() => readPools(registry, [...(readers.pools?.() ?? [])]),
		() => readServices(registry, [...(readers.services?.() ?? [])]),
		() => readWorkers(registry, [...(readers.workers?.() ?? [])]),
		() => readHost(registry, readers),
		() => readProcesses(registry, [...(readers.processes?.() ?? [])]),
		() => readUpkeep(registry, readers, now()),
	].map((collect) => registry.collect(collect));
	return () => {
		for (const stop of collectors) stop();
	};
}

function readPools(registry: Registry, pools: readonly PoolReading[]): void {
	const { POOL_GAUGES: G, POOL_COUNTERS: C } = names;
	const rows = (value: (pool: PoolReading) => number): Row[] =>
		pools.map((pool) => [[pool.service, pool.pool], value(pool)]);
	const now: readonly [Gauge, (pool: PoolReading) => number][] = [
		[G.ballast_pool_ready, ({ ready }) => ready],
		[G.ballast_pool_instances, ({ total }) => total],
		[G.ballast_pool_desired, ({ desired }) => desired],
		[G.ballast_pool_share, ({ share }) => share],
		[G.ballast_pool_panic, ({ panic }) => Number(panic)],
		[G.ballast_pool_trouble, ({ trouble }) => Number(trouble)],
		[G.ballast_pool_denied, ({ denied }) => Number(denied)],
		[G.ballast_pool_short, ({ short }) => short],
	];
	for (const [definition, value] of now) gauges(registry, definition, rows(value));
	const byCause = (all: (pool: PoolReading) => Iterable<readonly [string, number]>): Row[] =>
		pools.flatMap((pool) => [...all(pool)].map(([cause, count]): Row => [[pool.service, pool.pool, cause], count]));
	const causes: [Counter, Row[]][] = [
		[C.ballast_instance_starts_total, byCause(({ starts }) => starts)],
		[C.ballast_ejections_total, byCause(({ ejections }) => ejections)],
		[C.ballast_probes_total, rows(({ probes }) => probes.count)],
		[C.ballast_probe_seconds_total, rows(({ probes }) => probes.seconds)],
		[C.ballast_probes_failed_total, byCause(({ probes }) => probes.failed)],
	];
	for (const [definition, counted] of causes) counters(registry, definition, counted);
}

function readServices(registry: Registry, services: readonly ServiceReading[]): void {
	const { SERVICE_GAUGES: G, SERVICE_COUNTERS: C } = names;
	const rows = (value: (service: ServiceReading) => number): Row[] =>
		services.map((one) => [[one.service], value(one)]);
	gauges(
		registry,
		G.ballast_concurrency_limit,
		rows(({ concurrency }) => concurrency?.limit ?? Number.NaN),
	);
	gauges(
		registry,
		G.ballast_concurrency_in_flight,
		rows(({ concurrency }) => concurrency?.inFlight ?? Number.NaN),
	);
	gauges(
		registry,
		G.ballast_rollout_step,
		rows(({ rolloutStep }) => rolloutStep),
	);
	gauges(
		registry,
		G.ballast_lookups_failing,
		rows(({ lookupsFailing }) => lookupsFailing),
	);
	const counts: [Counter, (service: ServiceReading) => number][] = [
		[C.ballast_retries_refused_total, ({ retriesRefused }) => retriesRefused],
		[C.ballast_lookups_failed_total, ({ lookupsFailed }) => lookupsFailed],
		[C.ballast_rollbacks_total, ({ rollbacks }) => rollbacks],
	];
	for (const [definition, value] of counts) counters(registry, definition, rows(value));
	const held = services.flatMap(({ service, holdRefused }) =>
		[...holdRefused].map(([cause, count]): Row => [[service, cause], count]),
	);
	counters(registry, C.ballast_hold_refused_total, held);
	readRateLimits(registry, services);
}

function readRateLimits(registry: Registry, services: readonly ServiceReading[]): void {
	const { SERVICE_GAUGES: G, SERVICE_COUNTERS: C } = names;
	const limits = services.flatMap(({ service, rateLimits }) =>
		[...rateLimits].map((limit) => ({ labels: [service, limit.limit], ...limit })),
	);
	gauges(
		registry,
		G.ballast_rate_limit_entries,
		limits.map(({ labels, entries }): Row => [labels, entries]),
	);
	counters(
		registry,
		C.ballast_rate_limit_refused_total,
		limits.map(({ labels, refused }): Row => [labels, refused]),
	);
	counters(
		registry,
		C.ballast_rate_limit_full_total,
		limits.map(({ labels, full }): Row => [labels, full]),
	);
}

function readWorkers(registry: Registry, workers: readonly WorkerReading[]): void {
	const G = names.WORKER_GAUGES;
	const rows = (value: (worker: WorkerReading) => number): Row[] => workers.map((one) => [[one.worker], value(one)]);
	gauges(
		registry,
		G.ballast_connections,
		rows(({ connections }) => connections),
	);
	gauges(
		registry,
		G.ballast_worker_shedding,
		rows(({ shedding }) => shedding),
	);
	gauges(
		registry,
		G.ballast_worker_lag_seconds,
		rows(({ lagSeconds }) => lagSeconds),
	);
	gauges(
		registry,
		G.ballast_worker_heap_ratio,
		rows(({ heapRatio }) => heapRatio),
	);
}

function readHost(registry: Registry, readers: Partial<NodeReaders>): void {
	const { HOST_GAUGES: G, HOST_COUNTERS: C, DISK_GAUGES: D } = names;
	const host = readers.host?.() ?? undefined;
	gauges(registry, G.ballast_host_cpu_ratio, one(host?.cpuRatio));
	gauges(registry, G.ballast_host_cores, one(host?.cores));
	gauges(registry, G.ballast_host_load, one(host?.load));
	gauges(registry, G.ballast_host_memory_used_bytes, one(host?.memoryUsedBytes));
	gauges(registry, G.ballast_host_memory_limit_bytes, one(host?.memoryLimitBytes));
	const used = host === undefined ? undefined : host.memoryUsedBytes / host.memoryLimitBytes;
	gauges(registry, G.ballast_host_memory_used_ratio, one(used));
	countersOn(registry, C.ballast_host_network_receive_bytes_total, one(host?.receivedBytes));
	countersOn(registry, C.ballast_host_network_transmit_bytes_total, one(host?.sentBytes));
	const own = readers.own?.() ?? undefined;
	countersOn(registry, C.process_cpu_seconds_total, one(own?.cpuSeconds));
	gauges(registry, G.process_resident_memory_bytes, one(own?.memoryBytes));
	gauges(registry, G.process_open_fds, one(own?.fds));
	const disks = [...(readers.disks?.() ?? [])];
	gauges(
		registry,
		D.ballast_host_disk_used_ratio,
		disks.map((disk): Row => [[disk.mount], disk.usedRatio]),
	);
	gauges(
		registry,
		D.ballast_host_disk_free_bytes,
		disks.map((disk): Row => [[disk.mount], disk.freeBytes]),
	);
	gauges(
		registry,
		D.ballast_host_disk_full_in_seconds,
		disks.map((disk): Row => [[disk.mount], disk.fullInSeconds]),
	);
}

type TreeReading = ProcessReading & { service: string; pool: string; instance: string };

function readProcesses(registry: Registry, trees: readonly TreeReading[]): void {
	const { INSTANCE_GAUGES: G, INSTANCE_COUNTERS: C } = names;
	const rows = (value: (tree: TreeReading) => number): Row[] =>
		trees.map((tree) => [[tree.service, tree.pool, tree.instance], value(tree)]);
	countersOn(
		registry,
		C.ballast_instance_cpu_seconds_total,
		rows(({ cpuSeconds }) => cpuSeconds),
	);
	gauges(
		registry,
		G.ballast_instance_memory_bytes,
		rows(({ memoryBytes }) => memoryBytes),
	);
	gauges(
		registry,
		G.ballast_instance_fds,
		rows(({ fds }) => fds),
	);
	gauges(
		registry,
		G.ballast_instance_processes,
		rows(({ processes }) => processes),
	);
}

function readQueues(registry: Registry, queues: readonly QueueReading[]): void {
	const { QUEUE_GAUGES: G, QUEUE_COUNTERS: C } = names;
	const rows = (value: (queue: QueueReading) => number): Row[] =>
		queues.map((queue) => [[queue.service, queue.route], value(queue)]);
	const gauged = [
		[G.ballast_queue_age_seconds, (queue: QueueReading) => queue.ageSeconds],
		[G.ballast_queue_length, (queue: QueueReading) => queue.length],
		[G.ballast_queue_running, (queue: QueueReading) => queue.running],
		[G.ballast_queue_parked, (queue: QueueReading) => queue.parked],
	] as const;
	for (const [metric, value] of gauged) gauges(registry, metric, rows(value));
	const counted = [
		[C.ballast_jobs_added_total, (queue: QueueReading) => queue.added],
		[C.ballast_jobs_started_total, (queue: QueueReading) => queue.started],
		[C.ballast_job_wait_seconds_total, (queue: QueueReading) => queue.waitedSeconds],
		[C.ballast_job_run_seconds_total, (queue: QueueReading) => queue.ranSeconds],
		[C.ballast_job_attempts_total, (queue: QueueReading) => queue.attempts],
	] as const;
	for (const [metric, value] of counted) counters(registry, metric, rows(value));
	const ended = queues.flatMap(({ service, route, ended: states }) =>
		[...states].map(([state, count]): Row => [[service, route, state], count]),
	);
	counters(registry, C.ballast_jobs_ended_total, ended);
	const failed = queues.flatMap(({ service, route, failed: codes }) =>
		[...codes].map(([code, count]): Row => [[service, route, code], count]),
	);
	counters(registry, C.ballast_jobs_failed_total, failed);
}

function readWebhooks(registry: Registry, webhooks: WebhooksReading | null): void {
	if (webhooks === null) return;
	const { WEBHOOK_GAUGES: G, WEBHOOK_COUNTERS: C } = names;
	gauges(registry, G.ballast_webhooks_waiting, one(webhooks.waiting));
	counters(registry, C.ballast_webhooks_sent_total, one(webhooks.sent));
	counters(registry, C.ballast_webhooks_failed_total, one(webhooks.failed));
	counters(registry, C.ballast_webhooks_given_up_total, one(webhooks.givenUp));
}

function readUpkeep(registry: Registry, readers: Partial<NodeReaders>, nowMs: number): void {
	const { NODE_GAUGES: G, NODE_COUNTERS: C, CERTIFICATE_GAUGES } = names;
	gauges(registry, G.ballast_series, one(registry.size));
	const expiry = [...(readers.certificates?.() ?? [])].map(
		({ certificate, expiresMs }): Row => [[certificate], (expiresMs - nowMs) / 1000],
	);
	gauges(registry, CERTIFICATE_GAUGES.ballast_certificate_expires_in_seconds, expiry);
	readQueues(registry, [...(readers.queues?.() ?? [])]);
	readWebhooks(registry, readers.webhooks?.() ?? null);
	readLanes(registry, [...(readers.lanes?.() ?? [])]);
	readSpending(registry, [...(readers.spending?.() ?? [])]);
	const node = readers.node?.();
	if (node === undefined) return;
	gauges(registry, names.HOST_GAUGES.process_start_time_seconds, one(node.startedMs / 1000));
	gauges(registry, G.ballast_config_refused, one(Number(node.configRefused)));
	gauges(registry, G.ballast_store_failed, one(Number(node.storeFailed)));
	gauges(registry, G.ballast_backup_age_seconds, one(node.backupAgeMs === null ? undefined : node.backupAgeMs / 1000));
	readCache(registry, node.cache);
	const compressed = [...node.compressed];
	const bytesIn = compressed.map(({ coding, inBytes }): Row => [[coding], inBytes]);
	counters(registry, C.ballast_compress_in_bytes_total, bytesIn);
	const bytesOut = compressed.map(({ coding, outBytes }): Row => [[coding], outBytes]);
	counters(registry, C.ballast_compress_out_bytes_total, bytesOut);
	const byOne = (all: Iterable<readonly [string, number]>): Row[] => [...all].map(([label, count]) => [[label], count]);
	counters(registry, C.ballast_events_total, byOne(node.events));
	const purges = [...node.purges];
	counters(
		registry,
		C.ballast_purged_total,
		purges.map(({ target, purged }): Row => [[target], purged]),
	);
	counters(
		registry,
		C.ballast_purges_lost_total,
		purges.map(({ target, lost }): Row => [[target], lost]),
	);
	gauges(
		registry,
		G.ballast_purges_waiting,
		purges.map(({ target, waiting }): Row => [[target], waiting]),
	);
	counters(registry, C.ballast_remote_dropped_total, [[[], node.remoteDropped]]);
	counters(registry, C.ballast_log_records_dropped_total, byOne(node.recordsDropped));
	const errors = [...node.logErrors].map(({ service, instance, count }): Row => [[service, instance], count]);
	counters(registry, C.ballast_log_errors_total, errors);
}

function readCache(registry: Registry, cache: NodeReading['cache']): void {
	const { NODE_GAUGES: G, NODE_COUNTERS: C } = names;
	gauges(registry, G.ballast_cache_bytes, one(cache?.bytes));
	gauges(registry, G.ballast_cache_used_ratio, one(cache === null ? undefined : cache.bytes / cache.most));
	gauges(registry, G.ballast_cache_entries, one(cache?.entries));
	counters(registry, C.ballast_cache_evicted_total, one(cache?.evicted));
	const disk = cache?.disk ?? null;
	gauges(registry, G.ballast_cache_disk_bytes, one(disk?.bytes));
	gauges(registry, G.ballast_cache_disk_used_ratio, one(disk === null ? undefined : disk.bytes / disk.most));
	gauges(registry, G.ballast_cache_disk_entries, one(disk?.entries));
	counters(registry, C.ballast_cache_disk_evicted_total, one(disk?.evicted));
	const levels = cache?.levels ?? [];
	const results = levels.flatMap(({ level, results: own }) =>
		own.map(([result, count]): Row => [[level, result], count]),
	);
	counters(registry, C.ballast_cache_level_results_total, results);
	counters(
		registry,
		C.ballast_cache_level_seconds_total,
		levels.map(({ level, seconds }): Row => [[level], seconds]),
	);
	counters(
		registry,
		C.ballast_cache_purges_missed_total,
		levels.map(({ level, missed }): Row => [[level], missed]),
	);
	const told: Row[] = levels.map(({ level, untold }) => [[level], untold]);
	gauges(registry, G.ballast_cache_purges_untold, told);
	gauges(
		registry,
		G.ballast_cache_level_down,
		levels.map(({ level, down }): Row => [[level], Number(down)]),
	);
}
