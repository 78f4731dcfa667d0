/** The figures that people and rules ask for by name. */
import { CACHE_FIGURES } from './cache-figures.ts';
import { type Figure, figure, gauge, left, meanOf, quantile, rate, ratio, remainder } from './figure-form.ts';
import { counted, of, ROUTE } from './figure-words.ts';
import { JOB_FIGURES } from './job-figures.ts';
import { LANE_FIGURES } from './lane-figures.ts';

const INSTANCE = ['service', 'pool', 'instance'] as const;
const POOL = ['service', 'pool'] as const;

const REQUESTS = of('ballast_requests_total');
const AT_INSTANCE = of('ballast_instance_requests_total');
const FAILED = [of('ballast_responses_total', { class: '5xx' }), of('ballast_broken_total')];
const INSTANCE_5XX = of('ballast_instance_responses_total', { class: '5xx' });
const FAILED_AT_INSTANCE = [INSTANCE_5XX, of('ballast_instance_broken_total')];
const DURATION = 'ballast_request_duration_seconds';
const AT_INSTANCE_DURATION = 'ballast_instance_duration_seconds';
const PART = 'ballast_request_part_seconds_total';

const percentile = (name: string, share: number): Figure =>
	figure(
		{ name, unit: 'seconds', text: `${+(share * 100).toFixed(1)} % of requests took no longer than this` },
		quantile(ROUTE, share, DURATION),
		quantile(INSTANCE, share, AT_INSTANCE_DURATION),
	);

const part = (name: string, label: string, text: string): Figure =>
	figure({ name, unit: 'seconds', text }, ratio(ROUTE, [of(PART, { part: label })], REQUESTS));

const payload = (name: string, direction: string, text: string): Figure =>
	figure(
		{ name, unit: 'bytes', perSecond: true, text },
		rate(ROUTE, of(`ballast_${direction}_bytes_total`)),
		rate(INSTANCE, of(`ballast_instance_${direction}_bytes_total`)),
	);

const TRAFFIC: readonly Figure[] = [
	figure(
		{ name: 'requests', unit: 'number', perSecond: true, text: 'Requests' },
		rate(ROUTE, REQUESTS),
		rate(INSTANCE, AT_INSTANCE),
		rate([...ROUTE, 'class'], of('ballast_responses_total')),
		rate([...INSTANCE, 'class'], of('ballast_instance_responses_total')),
	),
	figure(
		{ name: 'errors', unit: 'number', perSecond: true, text: 'Answers of 5xx, and answers that broke off' },
		rate(ROUTE, ...FAILED),
		rate(INSTANCE, ...FAILED_AT_INSTANCE),
		rate([...ROUTE, 'cause'], of('ballast_errors_total')),
	),
	figure(
		{ name: 'error_rate', unit: 'ratio', text: 'Share of requests that ended in 5xx or broke off' },
		ratio(ROUTE, FAILED, REQUESTS),
		ratio(INSTANCE, FAILED_AT_INSTANCE, AT_INSTANCE),
	),
	percentile('p50', 0.5),
	percentile('p90', 0.9),
	percentile('p95', 0.95),
	percentile('p99', 0.99),
	percentile('p999', 0.999),
	figure(
		{ name: 'latency.mean', unit: 'seconds', text: 'Mean duration of a request' },
		meanOf(ROUTE, DURATION),
		meanOf(INSTANCE, AT_INSTANCE_DURATION),
	),
	part('latency.queue', 'queue', 'Of the mean duration: waiting for an instance'),
	part('latency.connect', 'connect', 'Of the mean duration: until the connection was there'),
	part('latency.first_byte', 'first_byte', 'Of the mean duration: from there to the head of the answer'),
	part('latency.transfer', 'transfer', 'Of the mean duration: from the head of the answer to its end'),
	figure(
		{ name: 'latency.own', unit: 'seconds', text: "Of the mean duration: Ballast's own part" },
		remainder(ROUTE, DURATION, of(PART)),
	),
	payload('bytes.in', 'request', 'Payload of requests'),
	payload('bytes.out', 'response', 'Payload of answers'),
	figure(
		{ name: 'in_flight', unit: 'number', text: 'Attempts under way at instances' },
		gauge(INSTANCE, 'ballast_instance_in_flight'),
	),
	counted('retries', 'ballast_retries_total', 'Attempts beyond the first of a request'),
	figure(
		{ name: 'retry_rate', unit: 'ratio', text: 'Attempts beyond the first, for each request' },
		ratio(ROUTE, [of('ballast_retries_total')], REQUESTS),
	),
	figure(
		{ name: 'retries.refused', unit: 'number', perSecond: true, text: 'Retries that the budget refused' },
		rate(['service'], of('ballast_retries_refused_total')),
	),
	counted('held', 'ballast_held_total', 'Requests that waited for an instance'),
	figure(
		{
			name: 'hold.refused',
			unit: 'number',
			perSecond: true,
			text: 'Requests that waited in vain or found no room to wait',
		},
		rate(['service', 'cause'], of('ballast_hold_refused_total')),
	),
	counted('limited', 'ballast_limited_total', 'Answers of 429: over a rate limit'),
	counted('shed', 'ballast_shed_total', 'Requests refused to protect the service or the node'),
	counted('aborted', 'ballast_aborted_total', 'Clients that left before an answer began'),
	figure(
		{ name: 'ejections', unit: 'number', perSecond: true, text: 'Instances taken out because their requests failed' },
		rate([...POOL, 'cause'], of('ballast_ejections_total')),
	),
	figure(
		{ name: 'apdex', unit: 'ratio', text: 'Apdex: 1 where all requests were fast, 0 where none was' },
		ratio(ROUTE, [of('ballast_apdex_score_total')], REQUESTS),
	),
];

const OBJECTIVE = [...ROUTE, 'objective'] as const;
const MISSED = of('ballast_objective_missed_total');
const ALLOWED = of('ballast_objective_allowed_total');

const OBJECTIVES: readonly Figure[] = [
	figure(
		{
			name: 'slo.budget',
			unit: 'ratio',
			text: 'Share of the error budget that is left; below 0: the objective is missed',
			overMs: 30 * 86_400_000,
			worst: { by: 'objective', fold: 'min' },
		},
		left(OBJECTIVE, MISSED, ALLOWED),
	),
	figure(
		{
			name: 'slo.burn',
			unit: 'number',
			text: 'How many times as fast as it may the error budget is spent',
			overMs: 3_600_000,
			worst: { by: 'objective', fold: 'max' },
		},
		ratio(OBJECTIVE, [MISSED], ALLOWED),
	),
];

const count = (name: string, metric: string, text: string): Figure =>
	figure({ name, unit: 'number', text }, gauge(POOL, metric));

const FLEET: readonly Figure[] = [
	count('instances.ready', 'ballast_pool_ready', 'Instances that are ready'),
	count('instances.total', 'ballast_pool_instances', 'Instances, whatever their state'),
	count('instances.desired', 'ballast_pool_desired', 'Instances that there should be'),
	count('instances.short', 'ballast_pool_short', 'Instances that would be needed beyond `scale.max`'),
	figure(
		{ name: 'provider.trouble', unit: 'number', text: '1: the provider of the instances does not answer, or refuses' },
		gauge(POOL, 'ballast_pool_trouble', 'max'),
	),
	figure(
		{
			name: 'provider.denied',
			unit: 'number',
			text: '1: the platform of the instances refuses something for want of a permission',
		},
		gauge(POOL, 'ballast_pool_denied', 'max'),
	),
	figure(
		{ name: 'instances.starts', unit: 'number', perSecond: true, text: 'Starts of instances' },
		rate([...POOL, 'cause'], of('ballast_instance_starts_total')),
	),
	figure(
		{ name: 'probes', unit: 'number', perSecond: true, text: 'Health probes' },
		rate(POOL, of('ballast_probes_total')),
	),
	figure(
		{ name: 'probes.failed', unit: 'number', perSecond: true, text: 'Health probes that failed' },
		rate([...POOL, 'cause'], of('ballast_probes_failed_total')),
	),
	figure(
		{ name: 'probes.duration', unit: 'seconds', text: 'Mean duration of a health probe' },
		ratio(POOL, [of('ballast_probe_seconds_total')], of('ballast_probes_total')),
	),
	figure(
		{ name: 'lookups.failed', unit: 'number', perSecond: true, text: 'Times that a name began not to be resolved' },
		rate(['service'], of('ballast_lookups_failed_total')),
	),
	figure(
		{ name: 'lookups.failing', unit: 'number', text: 'Pools whose name is not resolved at present' },
		gauge(['service'], 'ballast_lookups_failing'),
	),
	figure(
		{ name: 'deploys.rolled_back', unit: 'number', perSecond: true, text: 'New versions that were rolled back' },
		rate(['service'], of('ballast_rollbacks_total')),
	),
	figure(
		{ name: 'pool.share', unit: 'ratio', text: "A pool's share of the traffic" },
		gauge(POOL, 'ballast_pool_share', 'mean'),
	),
];

const RESOURCES: readonly Figure[] = [
	figure(
		{ name: 'cpu', unit: 'ratio', text: 'CPU in use: of all cores of the host; of one core for an instance' },
		gauge([], 'ballast_host_cpu_ratio', 'mean'),
		rate(INSTANCE, of('ballast_instance_cpu_seconds_total')),
	),
	figure(
		{ name: 'memory', unit: 'bytes', text: "Memory in use on the host; by an instance's processes" },
		gauge([], 'ballast_host_memory_used_bytes'),
		gauge(INSTANCE, 'ballast_instance_memory_bytes'),
	),
	figure(
		{ name: 'memory.used', unit: 'ratio', text: 'Share of the host’s memory that is in use' },
		gauge([], 'ballast_host_memory_used_ratio', 'mean'),
	),
	figure(
		{ name: 'fds', unit: 'number', text: "Open file descriptors of Ballast; of an instance's processes" },
		gauge([], 'process_open_fds'),
		gauge(INSTANCE, 'ballast_instance_fds'),
	),
	figure(
		{ name: 'disk.used', unit: 'ratio', text: 'Share of a file system that is in use' },
		gauge(['mount'], 'ballast_host_disk_used_ratio', 'max'),
	),
	figure(
		{ name: 'disk.full_in', unit: 'seconds', text: 'When a file system is full if it goes on as in the last hours' },
		gauge(['mount'], 'ballast_host_disk_full_in_seconds', 'min'),
	),
	figure(
		{ name: 'event_loop.lag', unit: 'seconds', text: 'How late the event loop of a thread is' },
		gauge(['worker'], 'ballast_worker_lag_seconds', 'max'),
	),
	figure(
		{ name: 'heap.used', unit: 'ratio', text: 'Share of its heap that a thread uses' },
		gauge(['worker'], 'ballast_worker_heap_ratio', 'max'),
	),
	figure(
		{ name: 'connections', unit: 'number', text: 'Connections of clients' },
		gauge(['worker'], 'ballast_connections'),
	),
];

const UPKEEP: readonly Figure[] = [
	figure(
		{ name: 'certificate.expires_in', unit: 'seconds', text: 'Until the first certificate is out of date' },
		gauge(['certificate'], 'ballast_certificate_expires_in_seconds', 'min'),
	),
	figure(
		{ name: 'backup.age', unit: 'seconds', text: 'Since the last backup', lacks: 'it makes no backups' },
		gauge([], 'ballast_backup_age_seconds', 'max'),
	),
	figure(
		{ name: 'series.dropped', unit: 'number', perSecond: true, text: 'Series that found no room' },
		rate([], of('ballast_series_dropped_total'), of('ballast_remote_dropped_total')),
	),
	figure(
		{ name: 'purges.lost', unit: 'number', perSecond: true, text: 'Purged items that a CDN never took' },
		rate(['target'], of('ballast_purges_lost_total')),
	),
	figure(
		{ name: 'purges.waiting', unit: 'number', text: 'Purged items that a CDN did not take yet' },
		gauge(['target'], 'ballast_purges_waiting', 'sum'),
	),
	figure(
		{ name: 'logs.dropped', unit: 'number', perSecond: true, text: 'Log records that were lost' },
		rate(['cause'], of('ballast_log_records_dropped_total')),
	),
	figure(
		{ name: 'log.errors', unit: 'number', perSecond: true, text: 'Log lines of level error and above' },
		rate(['service', 'instance'], of('ballast_log_errors_total')),
	),
	figure(
		{ name: 'config.refused', unit: 'number', text: '1: the last configuration was refused' },
		gauge([], 'ballast_config_refused', 'max'),
	),
	figure(
		{ name: 'store.failed', unit: 'number', text: '1: the store cannot write' },
		gauge([], 'ballast_store_failed', 'max'),
	),
];

export const CATALOGUE: readonly Figure[] = [
	...TRAFFIC,
	...CACHE_FIGURES,
	...OBJECTIVES,
	...FLEET,
	...RESOURCES,
	...JOB_FIGURES,
	...LANE_FIGURES,
	...UPKEEP,
];
