/** Every metric of the program under its Prometheus name. docs/metrics.md lists them. */
import type { MetricDefinition, MetricKind } from '../core/metric.ts';

type Named<K extends MetricKind> = MetricDefinition & { kind: K };
/** [help, labels] by name. */
type Texts<N extends string> = Record<N, readonly [help: string, labels: readonly string[]]>;

function define<const N extends string, K extends MetricKind>(kind: K, texts: Texts<N>): Record<N, Named<K>> {
	const entries = Object.entries(texts) as [N, readonly [string, readonly string[]]][];
	return Object.fromEntries(
		entries.map(([name, [help, labels]]) => [name, { name, kind, unit: unitOf(name), help, labels }]),
	) as unknown as Record<N, Named<K>>;
}

/** By the end of its name. */
export function unitOf(name: string): MetricDefinition['unit'] {
	const unit = /_(seconds|bytes|ratio)(?:_total)?$/.exec(name)?.[1];
	return (unit ?? 'number') as MetricDefinition['unit'];
}

const ROUTE = ['service', 'route'] as const;
const INSTANCE = ['service', 'pool', 'instance'] as const;
const POOL = ['service', 'pool'] as const;
const LANE = [...ROUTE, 'lane'] as const;
const TENANT = ['service', 'tenant'] as const;

export const ROUTE_COUNTERS = define('counter', {
	ballast_requests_total: ['Requests', ROUTE],
	ballast_responses_total: ['Answers by class of their status', [...ROUTE, 'class']],
	ballast_failed_total: ['Answers of 5xx that Ballast made itself', ROUTE],
	ballast_broken_total: ['Answers below 500 that broke off after their head', ROUTE],
	ballast_aborted_total: ['Clients that left before an answer began', ROUTE],
	ballast_errors_total: ['Requests that failed, by code; `instance_5xx`: an instance answered so', [...ROUTE, 'cause']],
	ballast_request_bytes_total: ['Payload of requests', ROUTE],
	ballast_response_bytes_total: ['Payload of answers', ROUTE],
	ballast_request_part_seconds_total: ['Parts of the durations of requests', [...ROUTE, 'part']],
	ballast_retries_total: ['Attempts beyond the first of a request', ROUTE],
	ballast_held_total: ['Requests that waited for an instance', ROUTE],
	ballast_limited_total: ['Answers of 429: over a rate limit', ROUTE],
	ballast_shed_total: ['Requests refused to protect the service or the node', ROUTE],
	ballast_cache_answers_total: ['Answers by where they came from, on routes with a cache', [...ROUTE, 'result']],
	ballast_apdex_score_total: ['Requests by how they satisfy: 1 fast, 0.5 tolerable, 0 slow', ROUTE],
	ballast_objective_missed_total: ['Requests that missed an objective', [...ROUTE, 'objective']],
	ballast_objective_allowed_total: ['Requests that may miss an objective, a fraction of each', [...ROUTE, 'objective']],
});

export const REQUEST_DURATION = define('histogram', {
	ballast_request_duration_seconds: ['From the head of a request to the end of its answer', ROUTE],
});

export const INSTANCE_COUNTERS = define('counter', {
	ballast_instance_requests_total: ['Requests, by the instance that answered last', INSTANCE],
	ballast_instance_responses_total: ['Answers by class of their status', [...INSTANCE, 'class']],
	ballast_instance_broken_total: ['Answers below 500 that broke off after their head', INSTANCE],
	ballast_instance_request_bytes_total: ['Payload of requests', INSTANCE],
	ballast_instance_response_bytes_total: ['Payload of answers', INSTANCE],
	ballast_instance_cpu_seconds_total: ["CPU time of an instance's processes", INSTANCE],
});

export const INSTANCE_DURATION = define('histogram', {
	ballast_instance_duration_seconds: ['Duration of requests, by the instance that answered last', INSTANCE],
});

export const INSTANCE_GAUGES = define('gauge', {
	ballast_instance_in_flight: ['Attempts under way', INSTANCE],
	ballast_instance_memory_bytes: ["Resident memory of an instance's processes", INSTANCE],
	ballast_instance_fds: ["Open file descriptors of an instance's processes", INSTANCE],
	ballast_instance_processes: ['Processes of an instance', INSTANCE],
	ballast_instance_state: ['1 for the state in which an instance is', [...INSTANCE, 'state']],
	ballast_instance_breaker: ["1 for the state in which an instance's breaker is", [...INSTANCE, 'state']],
});

export const POOL_GAUGES = define('gauge', {
	ballast_pool_ready: ['Instances that are ready', POOL],
	ballast_pool_instances: ['Instances, whatever their state', POOL],
	ballast_pool_desired: ['Instances that there should be', POOL],
	ballast_pool_trouble: ['1: the provider of the instances does not answer, or refuses', POOL],
	ballast_pool_denied: ['1: the platform of the instances refuses something for want of a permission', POOL],
	ballast_pool_short: ['Instances that would be needed beyond the most that there may be', POOL],
	ballast_pool_share: ['Share of the traffic, 0 to 1', POOL],
	ballast_pool_panic: ['1 while so few are left that no instance is taken out', POOL],
});

export const POOL_COUNTERS = define('counter', {
	ballast_instance_starts_total: ['Starts of instances, by what made them necessary', [...POOL, 'cause']],
	ballast_probes_total: ['Health probes that came to an end', POOL],
	ballast_probe_seconds_total: ['What health probes took together', POOL],
	ballast_probes_failed_total: ['Health probes that failed, by how far they got', [...POOL, 'cause']],
	ballast_ejections_total: ['Instances taken out because their requests failed or were slow', [...POOL, 'cause']],
});

export const SERVICE_GAUGES = define('gauge', {
	ballast_concurrency_limit: ['Most requests under way at the service', ['service']],
	ballast_concurrency_in_flight: ['Requests that count against that limit', ['service']],
	ballast_rollout_step: ['Step of a roll-out, from 1; 0 without one', ['service']],
	ballast_lookups_failing: ['Pools whose addresses DNS does not tell at present', ['service']],
	ballast_rate_limit_entries: ['Keys of a rate limit that are in use', ['service', 'limit']],
});

export const SERVICE_COUNTERS = define('counter', {
	ballast_lookups_failed_total: ['Times that the addresses of instances began to be unknown to DNS', ['service']],
	ballast_retries_refused_total: ['Retries that the budget of the service refused', ['service']],
	ballast_hold_refused_total: ['Requests that waited in vain or found no room to wait', ['service', 'cause']],
	ballast_rollbacks_total: ['New versions that were rolled back', ['service']],
	ballast_rate_limit_refused_total: ['Requests that a rate limit refused', ['service', 'limit']],
	ballast_rate_limit_full_total: ['Keys that found no room in a rate limit', ['service', 'limit']],
});

export const WORKER_GAUGES = define('gauge', {
	ballast_connections: ['Connections of clients', ['worker']],
	ballast_worker_shedding: ['What a worker sheds: 0 nothing, 1 low, 2 low and normal, 3 all', ['worker']],
	ballast_worker_lag_seconds: ['How late the event loop of a thread is', ['worker']],
	ballast_worker_heap_ratio: ['Share of its heap that a thread uses', ['worker']],
});

export const HOST_GAUGES = define('gauge', {
	ballast_host_cpu_ratio: ["Share of all the host's cores that is in use", []],
	ballast_host_load: ['Load of the host over one minute', []],
	ballast_host_cores: ['Cores of the host', []],
	ballast_host_memory_used_bytes: ['Memory of the host, or of its container, that is in use', []],
	ballast_host_memory_limit_bytes: ['Memory that there is', []],
	ballast_host_memory_used_ratio: ['Share of the memory that is in use', []],
	process_open_fds: ["Open file descriptors of Ballast's processes", []],
	process_resident_memory_bytes: ["Resident memory of Ballast's processes", []],
	process_start_time_seconds: ['When Ballast started, since the epoch', []],
});

export const HOST_COUNTERS = define('counter', {
	process_cpu_seconds_total: ["CPU time of Ballast's processes", []],
	ballast_host_network_receive_bytes_total: ['Bytes that the host received, loopback left out', []],
	ballast_host_network_transmit_bytes_total: ['Bytes that the host sent, loopback left out', []],
});

export const DISK_GAUGES = define('gauge', {
	ballast_host_disk_used_ratio: ['Share of a file system that is in use', ['mount']],
	ballast_host_disk_free_bytes: ['Room that is left', ['mount']],
	ballast_host_disk_full_in_seconds: ['When it is full if it goes on as in the last hours', ['mount']],
});

export const NODE_GAUGES = define('gauge', {
	ballast_config_refused: ['1: the last configuration was refused', []],
	ballast_store_failed: ['1: the store cannot write', []],
	ballast_backup_age_seconds: ['Since the last backup', []],
	ballast_purges_waiting: ['Purged items that a target did not take yet', ['target']],
	ballast_cache_bytes: ['Memory of the cache that is in use', []],
	ballast_cache_used_ratio: ['Share of the memory of the cache that is in use', []],
	ballast_cache_entries: ['Answers that the cache holds', []],
	ballast_cache_disk_bytes: ['Disk that the files of the cache take', []],
	ballast_cache_disk_used_ratio: ['Share of the disk of the cache that is in use', []],
	ballast_cache_disk_entries: ['Answers whose body lies on disk', []],
	ballast_cache_level_down: ['1: what is behind the memory of the cache cannot be reached', ['level']],
	ballast_cache_purges_untold: ['Purges that other nodes cannot hear of yet', ['level']],
	ballast_series: ['Series that there are', []],
});

export const CERTIFICATE_GAUGES = define('gauge', {
	ballast_certificate_expires_in_seconds: ['Until a certificate is out of date', ['certificate']],
});

export const QUEUE_GAUGES = define('gauge', {
	ballast_queue_age_seconds: ['Age of the oldest job that waits', ROUTE],
	ballast_queue_length: ['Jobs that wait', ROUTE],
	ballast_queue_running: ['Jobs under way', ROUTE],
	ballast_queue_parked: ['Jobs that wait for a person to decide', ROUTE],
});

export const QUEUE_COUNTERS = define('counter', {
	ballast_jobs_added_total: ['Requests that became jobs', ROUTE],
	ballast_jobs_started_total: ['Jobs whose first attempt began', ROUTE],
	ballast_job_wait_seconds_total: ['How long jobs waited for their first attempt', ROUTE],
	ballast_job_run_seconds_total: ['How long jobs that succeeded took, from the start of their last attempt', ROUTE],
	ballast_job_attempts_total: ['Attempts of jobs', ROUTE],
	ballast_jobs_ended_total: ['Jobs that ended or were parked, by state', [...ROUTE, 'state']],
	ballast_jobs_failed_total: ['Jobs that became dead letters, by the code of their last error', [...ROUTE, 'code']],
});

export const LANE_GAUGES = define('gauge', {
	ballast_lane_running: ['Jobs of this node that a place upstream has', LANE],
	ballast_lane_slots: ['Jobs that a place upstream may have now; fewer while others use it, too', LANE],
	ballast_credit_left: ['What is left at a place upstream, in its own unit', LANE],
	ballast_credit_low: ['1: less is left at a place upstream than is to be', LANE],
	ballast_credit_unread: ['1: what is left at a place upstream is asked for in vain, and not known any more', LANE],
	ballast_credit_age_seconds: ['Since a place upstream last told what is left there', LANE],
});

export const LANE_COUNTERS = define('counter', {
	ballast_lane_started_total: ['Jobs whose first attempt began at a place upstream', LANE],
	ballast_lane_wait_seconds_total: ['How long these waited for a slot there', LANE],
	ballast_lane_done_total: ['Jobs that succeeded at a place upstream', LANE],
	ballast_lane_run_seconds_total: ['How long these took there, from the call that began them', LANE],
});

export const SPEND_GAUGES = define('gauge', {
	ballast_spend_used: ['What counts against the limit of a tenant now, by the prices of `spend`', TENANT],
	ballast_spend_limit: ['Most that a tenant may spend within the time that is now', TENANT],
});

export const SPEND_COUNTERS = define('counter', {
	ballast_spend_total: ['What jobs cost that the upstream took, by the prices of `spend`', TENANT],
	ballast_spend_refused_total: ['Requests that were refused since too much would be spent', TENANT],
});

export const WEBHOOK_GAUGES = define('gauge', {
	ballast_webhooks_waiting: ['Ends of jobs that are still to be told by a webhook', []],
});

export const WEBHOOK_COUNTERS = define('counter', {
	ballast_webhooks_sent_total: ['Webhooks that were taken', []],
	ballast_webhooks_failed_total: ['Tries of webhooks that failed', []],
	ballast_webhooks_given_up_total: ['Webhooks that are not tried any more', []],
});

export const NODE_COUNTERS = define('counter', {
	ballast_purged_total: ['Purged items that a target took', ['target']],
	ballast_purges_lost_total: ['Purged items that a target never took', ['target']],
	ballast_cache_evicted_total: ['Answers that the cache gave up for others', []],
	ballast_cache_disk_evicted_total: ['Answers on disk that were given up for others', []],
	ballast_cache_level_results_total: [
		'What came of asking, and keeping, behind the memory of the cache',
		['level', 'result'],
	],
	ballast_cache_level_seconds_total: ['What answers from behind the memory of the cache took together', ['level']],
	ballast_cache_purges_missed_total: ['How often purges of other nodes were lost on their way here', ['level']],
	ballast_compress_in_bytes_total: ['Bytes of bodies before they were compressed', ['coding']],
	ballast_compress_out_bytes_total: ['Bytes of bodies after they were compressed', ['coding']],
	ballast_events_total: ['Events by level', ['level']],
	ballast_log_records_dropped_total: ['Log records that were lost, by cause', ['cause']],
	ballast_remote_dropped_total: ['Values and series of other programs that found no room', []],
	ballast_log_errors_total: ['Log lines of level error and above', ['service', 'instance']],
});

const HTTP = ['service', 'http_request_method'] as const;
const STATUS = 'http_response_status_code';

/** As the conventions of OpenTelemetry name them; under the 14 bounds, their history is not kept. */
export const HTTP_DURATIONS = define('histogram', {
	http_server_request_duration_seconds: ['Duration of HTTP requests of clients', [...HTTP, 'http_route', STATUS]],
	http_client_request_duration_seconds: [
		'Duration of HTTP requests to instances',
		[...HTTP, 'server_address', 'server_port', STATUS],
	],
});

/** All whose history is kept. */
export const KEPT_METRICS: readonly MetricDefinition[] = [
	ROUTE_COUNTERS,
	REQUEST_DURATION,
	INSTANCE_COUNTERS,
	INSTANCE_DURATION,
	INSTANCE_GAUGES,
	POOL_GAUGES,
	POOL_COUNTERS,
	SERVICE_GAUGES,
	SERVICE_COUNTERS,
	WORKER_GAUGES,
	HOST_GAUGES,
	HOST_COUNTERS,
	DISK_GAUGES,
	NODE_GAUGES,
	CERTIFICATE_GAUGES,
	QUEUE_GAUGES,
	QUEUE_COUNTERS,
	LANE_GAUGES,
	LANE_COUNTERS,
	SPEND_GAUGES,
	SPEND_COUNTERS,
	NODE_COUNTERS,
].flatMap((some): MetricDefinition[] => Object.values(some));
