import type { FigureInfo, Unit } from '../../core/metric.ts';
import type { FigureNames } from '../rule.ts';

const ROUTE = ['service', 'route', 'pool', 'instance', 'class', 'cause'];
const INSTANCE = ['service', 'pool', 'instance'];
const BY = 'sum by ($by)';

function figure(
	name: string,
	unit: Unit,
	labels: readonly string[],
	promql: string | null = null,
	perSecond = false,
): FigureInfo {
	return { name, unit, perSecond, text: name, labels, promql };
}

const counter = (name: string, labels: readonly string[], metric: string): FigureInfo =>
	figure(name, 'number', labels, `${BY} (rate(${metric}{$where}[$over]))`, true);
const gauge = (name: string, unit: Unit, labels: readonly string[], metric: string): FigureInfo =>
	figure(name, unit, labels, `${BY} (avg_over_time(${metric}{$where}[$over]))`);
const share = (name: string, labels: readonly string[], metric: string): FigureInfo =>
	figure(name, 'ratio', labels, `max by ($by) (avg_over_time(${metric}{$where}[$over]))`);
const percentile = (name: string, q: number): FigureInfo =>
	figure(
		name,
		'seconds',
		ROUTE,
		`histogram_quantile(${q}, sum by (le, $by) (rate(ballast_request_duration_seconds_bucket{$where}[$over])))`,
	);

const FIGURES: readonly FigureInfo[] = [
	counter('requests', ROUTE, 'ballast_requests_total'),
	counter('errors', ROUTE, 'ballast_errors_total'),
	figure(
		'error_rate',
		'ratio',
		ROUTE,
		`${BY} (rate(ballast_errors_total{$where}[$over])) / ${BY} (rate(ballast_requests_total{$where}[$over]))`,
	),
	percentile('p50', 0.5),
	percentile('p90', 0.9),
	percentile('p95', 0.95),
	percentile('p99', 0.99),
	percentile('p999', 0.999),
	...['mean', 'queue', 'connect', 'first_byte', 'transfer', 'own'].map((part) =>
		figure(`latency.${part}`, 'seconds', ROUTE),
	),
	figure('bytes.in', 'bytes', ROUTE, `${BY} (rate(ballast_request_bytes_total{$where}[$over]))`, true),
	figure('bytes.out', 'bytes', ROUTE, `${BY} (rate(ballast_response_bytes_total{$where}[$over]))`, true),
	gauge('in_flight', 'number', [...INSTANCE, 'route'], 'ballast_in_flight'),
	counter('retries', ROUTE, 'ballast_retries_total'),
	figure(
		'retry_rate',
		'ratio',
		ROUTE,
		`${BY} (rate(ballast_retries_total{$where}[$over])) / ${BY} (rate(ballast_requests_total{$where}[$over]))`,
	),
	...['held', 'limited', 'shed', 'aborted'].map((name) => counter(name, ROUTE, `ballast_${name}_total`)),
	counter('cache.answers', [...ROUTE, 'result'], 'ballast_cache_answers_total'),
	...['hits', 'misses'].map((name) => counter(`cache.${name}`, ROUTE, 'ballast_cache_answers_total')),
	figure('cache.hit_ratio', 'ratio', ROUTE),
	gauge('cache.bytes', 'bytes', [], 'ballast_cache_bytes'),
	gauge('cache.memory', 'ratio', [], 'ballast_cache_used_ratio'),
	gauge('cache.entries', 'number', [], 'ballast_cache_entries'),
	counter('cache.evicted', [], 'ballast_cache_evicted_total'),
	gauge('cache.disk_bytes', 'bytes', [], 'ballast_cache_disk_bytes'),
	gauge('cache.disk', 'ratio', [], 'ballast_cache_disk_used_ratio'),
	gauge('cache.disk_entries', 'number', [], 'ballast_cache_disk_entries'),
	counter('cache.disk_evicted', [], 'ballast_cache_disk_evicted_total'),
	counter('cache.level', ['level', 'result'], 'ballast_cache_level_results_total'),
	gauge('cache.level_down', 'number', ['level'], 'ballast_cache_level_down'),
	figure('compress.in', 'bytes', ['coding'], `${BY} (rate(ballast_compress_in_bytes_total{$where}[$over]))`, true),
	figure('compress.out', 'bytes', ['coding'], `${BY} (rate(ballast_compress_out_bytes_total{$where}[$over]))`, true),
	figure('compress.ratio', 'ratio', ['coding']),
	counter('cache.purges_missed', ['level'], 'ballast_cache_purges_missed_total'),
	gauge('cache.purges_untold', 'number', ['level'], 'ballast_cache_purges_untold'),
	counter('hold.refused', ['service', 'cause'], 'ballast_hold_refused_total'),
	counter('probes', ['service', 'pool'], 'ballast_probes_total'),
	counter('probes.failed', ['service', 'pool', 'cause'], 'ballast_probes_failed_total'),
	figure('probes.duration', 'seconds', ['service', 'pool']),
	counter('ejections', [...INSTANCE, 'cause'], 'ballast_ejections_total'),
	gauge('instances.ready', 'number', INSTANCE, 'ballast_pool_ready'),
	gauge('instances.short', 'number', INSTANCE, 'ballast_pool_short'),
	gauge('provider.trouble', 'number', INSTANCE, 'ballast_pool_trouble'),
	gauge('provider.denied', 'number', INSTANCE, 'ballast_pool_denied'),
	gauge('instances.total', 'number', INSTANCE, 'ballast_pool_instances'),
	gauge('instances.desired', 'number', INSTANCE, 'ballast_pool_desired'),
	counter('instances.starts', [...INSTANCE, 'cause'], 'ballast_instance_starts_total'),
	share('cpu', INSTANCE, 'ballast_cpu_ratio'),
	gauge('memory', 'bytes', INSTANCE, 'ballast_memory_bytes'),
	share('memory.used', [], 'ballast_memory_used_ratio'),
	gauge('fds', 'number', INSTANCE, 'ballast_open_fds'),
	share('disk.used', ['mount'], 'ballast_disk_used_ratio'),
	gauge('disk.full_in', 'seconds', ['mount'], 'ballast_disk_full_in_seconds'),
	gauge('event_loop.lag', 'seconds', ['worker'], 'ballast_event_loop_lag_seconds'),
	gauge('heap.used', 'ratio', ['worker'], 'ballast_heap_used_ratio'),
	gauge('connections', 'number', ['worker'], 'ballast_connections'),
	share('pool.share', ['service', 'pool'], 'ballast_pool_share'),
	figure(
		'certificate.expires_in',
		'seconds',
		['name'],
		'min by ($by) (ballast_certificate_expires_in_seconds{$where})',
	),
	gauge('backup.age', 'seconds', [], 'ballast_backup_age_seconds'),
	gauge('queue.age', 'seconds', ['service', 'route'], 'ballast_queue_age_seconds'),
	gauge('queue.length', 'number', ['service', 'route'], 'ballast_queue_length'),
	gauge('queue.running', 'number', ['service', 'route'], 'ballast_queue_running'),
	gauge('queue.parked', 'number', ['service', 'route'], 'ballast_queue_parked'),
	gauge('queue.wait', 'seconds', ['service', 'route'], 'ballast_job_wait_seconds_total'),
	gauge('jobs.time', 'seconds', ['service', 'route'], 'ballast_job_run_seconds_total'),
	counter('jobs.added', ['service', 'route'], 'ballast_jobs_added_total'),
	counter('jobs.attempts', ['service', 'route'], 'ballast_job_attempts_total'),
	counter('jobs.ended', ['service', 'route', 'state'], 'ballast_jobs_ended_total'),
	counter('jobs.failed', ['service', 'route'], 'ballast_jobs_ended_total'),
	counter('jobs.errors', ['service', 'route', 'code'], 'ballast_jobs_failed_total'),
	...['lanes.running', 'lanes.slots', 'lanes.hourly', 'credit.left', 'credit.low', 'credit.unread'].map((name) =>
		gauge(name, 'number', ['service', 'route', 'lane'], `ballast_${name.replace('.', '_')}`),
	),
	...['lanes.wait', 'lanes.time', 'credit.age'].map((name) =>
		gauge(name, 'seconds', ['service', 'route', 'lane'], `ballast_${name.replace('.', '_')}_seconds`),
	),
	...['spend.used', 'spend.limit', 'spend.hourly'].map((name) =>
		gauge(name, 'number', ['service', 'tenant'], `ballast_${name.replace('.', '_')}`),
	),
	counter('spend.refused', ['service', 'tenant'], 'ballast_spend_refused_total'),
	counter('webhooks.sent', [], 'ballast_webhooks_sent_total'),
	counter('webhooks.failed', [], 'ballast_webhooks_failed_total'),
	counter('webhooks.given_up', [], 'ballast_webhooks_given_up_total'),
	gauge('webhooks.waiting', 'number', [], 'ballast_webhooks_waiting'),
	counter('series.dropped', [], 'ballast_series_dropped_total'),
	counter('logs.dropped', [], 'ballast_logs_dropped_total'),
	counter('log.errors', ['service', 'instance'], 'ballast_log_errors_total'),
	gauge('apdex', 'ratio', ROUTE, 'ballast_apdex'),
	gauge('slo.budget', 'ratio', ['service', 'route'], 'ballast_slo_budget_ratio'),
	figure('slo.burn', 'number', ['service', 'route'], `max by ($by) (avg_over_time(ballast_slo_burn{$where}[$over]))`),
	gauge('lookups.failing', 'number', ['service'], 'ballast_lookups_failing'),
	counter('deploys.rolled_back', ['service'], 'ballast_deploys_rolled_back_total'),
	gauge('config.refused', 'number', [], 'ballast_config_refused'),
	counter('purges.lost', ['target'], 'ballast_purges_lost_total'),
	gauge('purges.waiting', 'number', ['target'], 'ballast_purges_waiting'),
	gauge('store.failed', 'number', [], 'ballast_store_failed'),
];

/** The figures of a catalogue of the tests' own: names, units and labels that rules are read against. */
export const KNOWN_FIGURES: FigureNames = {
	find: (name) => FIGURES.find((one) => one.name === name),
	list: () => FIGURES,
	complain: () => undefined,
	promql({ figure: name, where, by, overMs }) {
		const text = FIGURES.find((one) => one.name === name)?.promql ?? null;
		const matchers = Object.entries(where).map(
			([label, glob]) => `${label}=~${JSON.stringify(glob.replaceAll('*', '.*'))}`,
		);
		return (
			text
				?.replaceAll('$where', matchers.join(','))
				.replaceAll('$over', `${overMs / 1000}s`)
				.replaceAll('$by', by.join(','))
				.replaceAll('(le, )', '(le)') ?? null
		);
	},
};
