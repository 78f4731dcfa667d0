/** The alerts that are on without a word of configuration. */
import { DEFAULT_REPEAT_MS } from './repeat.ts';
import type { AlertRule, AlertSeverity, FigureNames } from './rule.ts';
import { readRule } from './rule-text.ts';
import { defaultRunbook } from './runbook.ts';

interface DefaultRule {
	when: string;
	severity: AlertSeverity;
	summary: string;
	inhibits?: readonly string[];
}

/**
 * By name. Thresholds are such that an hour of healthy load with its noise raises none: what a few requests
 * decide is guarded by a least number of them, what a moment decides has to last, and what is planned
 * (restarts, deploys) has another cause than what breaks.
 */
const DEFAULTS: Readonly<Record<string, DefaultRule>> = {
	no_ready_instance: {
		when: 'instances.ready by service < 1 and instances.desired > 0 for 5s',
		severity: 'critical',
		summary: 'No instance of {{service}} is ready: its requests are refused.',
		inhibits: [
			'pool_down',
			'errors',
			'slow',
			'slower_than_before',
			'slo_fast',
			'slo_slow',
			'instance_died',
			'ejected',
			'retries',
			'shedding',
		],
	},
	pool_down: {
		when: 'instances.ready by service,pool < 1 and instances.desired > 0 for 5s',
		severity: 'warning',
		summary: 'No instance of the pool {{pool}} of {{service}} is ready.',
	},
	errors: {
		when: 'error_rate by service > 5% over 2m and requests > 0.2/s and errors > 0.03/s until < 3%',
		severity: 'critical',
		summary: '{{value}} of the requests to {{service}} fail, {{threshold}}.',
		inhibits: ['slo_fast', 'slo_slow', 'retries'],
	},
	slow: {
		when: 'p99 by service > 5s over 5m and requests > 1/s for 2m until < 4s',
		severity: 'warning',
		summary: 'One request in a hundred to {{service}} takes {{value}} or longer.',
		inhibits: ['slower_than_before'],
	},
	slower_than_before: {
		when: 'p95 by service up 200% against 1w over 10m and p95 > 250ms and requests > 1/s for 10m',
		severity: 'warning',
		summary: 'Requests to {{service}} take {{value}} (p95), {{threshold}}.',
	},
	slo_fast: {
		when: 'burn fast',
		severity: 'critical',
		summary: 'The error budget of {{service}} {{route}} is burnt {{value}}.',
		inhibits: ['slo_slow'],
	},
	slo_slow: {
		when: 'burn slow',
		severity: 'warning',
		summary: 'The error budget of {{service}} {{route}} is burnt {{value}}.',
	},
	at_most_instances: {
		when: 'instances.short by service > 0 for 5m',
		severity: 'warning',
		summary: '{{service}} would need {{value}} more instances than its `scale.max` allows.',
	},
	provider_trouble: {
		when: 'provider.trouble by service > 0 for 30s',
		severity: 'warning',
		summary: 'The provider of the instances of {{service}} does not answer, or refuses: their number stays as it is.',
	},
	permission_missing: {
		when: 'provider.denied by service > 0 for 10s',
		severity: 'warning',
		summary: 'The platform of the instances of {{service}} refuses Ballast something for want of a permission.',
	},
	instance_died: {
		when: 'instances.starts cause:crash by service > 0 over 1m keep 5m',
		severity: 'warning',
		summary: 'An instance of {{service}} died and was started again.',
	},
	crash_loop: {
		when: 'instances.starts cause:crash by service > 1/m over 5m keep 5m',
		severity: 'critical',
		summary: 'Instances of {{service}} die again and again.',
		inhibits: ['instance_died'],
	},
	ejected: {
		when: 'ejections by service > 0 over 1m keep 5m',
		severity: 'warning',
		summary: 'An instance of {{service}} was taken out, since its requests fail or are slow.',
	},
	ejected_often: {
		when: 'ejections by service > 0.5/m over 5m keep 10m',
		severity: 'critical',
		summary: 'Instances of {{service}} are taken out again and again.',
		inhibits: ['ejected'],
	},
	retries: {
		when: 'retry_rate by service > 10% over 1m and requests > 1/s for 15s',
		severity: 'warning',
		summary: '{{value}} of the attempts at {{service}} are retries.',
	},
	shedding: {
		when: 'shed by service > 0.1/s over 1m for 10s',
		severity: 'critical',
		summary: 'Requests to {{service}} are refused to protect it: {{value}}.',
	},
	slow_clients: {
		when: 'errors cause:head_timeout > 0.5/s over 1m',
		severity: 'info',
		summary: 'Clients send their requests so slowly that they are cut off: {{value}}.',
	},
	oversized_requests: {
		when: 'errors cause:*_too_large > 0.04/s over 1m',
		severity: 'info',
		summary: 'Requests are refused for their size: {{value}}.',
	},
	malformed_requests: {
		when: 'errors cause:bad_request > 0.5/s over 1m',
		severity: 'info',
		summary: 'Requests are refused since they are malformed or ambiguous: {{value}}.',
	},
	lookup_failed: {
		when: 'lookups.failing by service > 0 for 10s',
		severity: 'warning',
		summary: 'The addresses of {{service}} cannot be looked up; the last good ones are used.',
	},
	rolled_back: {
		when: 'deploys.rolled_back by service > 0 over 1m keep 10m',
		severity: 'warning',
		summary: 'A new version of {{service}} did worse than the old one and was rolled back.',
	},
	cpu_full: {
		when: 'cpu > 95% over 5m for 5m until < 90%',
		severity: 'warning',
		summary: 'The CPU of the machine is in use at {{value}}.',
	},
	memory_full: {
		when: 'memory.used > 92% over 1m for 2m until < 88%',
		severity: 'critical',
		summary: 'The memory of the machine is in use at {{value}}.',
	},
	loop_late: {
		when: 'event_loop.lag > 250ms over 1m for 1m',
		severity: 'warning',
		summary: 'Ballast is late by {{value}}: it has too much to do.',
	},
	instances_full: {
		when: 'errors cause:instances_full by service > 0.1/s over 1m for 10s',
		severity: 'critical',
		summary: 'Requests to {{service}} are refused, since all its instances have as many as they may.',
	},
	disk_filling: {
		when: 'disk.full_in by mount < 4h for 10m',
		severity: 'critical',
		summary: 'The disk {{mount}} is full in {{value}} if it goes on like this.',
	},
	disk_full: {
		when: 'disk.used by mount > 92% for 1m until < 90%',
		severity: 'critical',
		summary: 'The disk {{mount}} is in use at {{value}}.',
	},
	certificate_ends: {
		when: 'certificate.expires_in < 14d for 1m',
		severity: 'warning',
		summary: 'A certificate ends in {{value}}.',
	},
	certificate_ends_soon: {
		when: 'certificate.expires_in < 3d for 1m',
		severity: 'critical',
		summary: 'A certificate ends in {{value}}.',
		inhibits: ['certificate_ends'],
	},
	backup_old: {
		when: 'backup.age > 26h for 10m',
		severity: 'warning',
		summary: 'The last backup is {{value}} old.',
	},
	series_dropped: {
		when: 'series.dropped > 0 over 1m keep 10m',
		severity: 'warning',
		summary: 'Series of metrics find no room and are dropped: {{value}}.',
	},
	logs_dropped: {
		when: 'logs.dropped > 0 over 1m keep 5m',
		severity: 'warning',
		summary: 'Lines of logs are lost: {{value}}.',
	},
	dead_letters: {
		when: 'jobs.failed by service > 0 over 1m keep 5m',
		severity: 'warning',
		summary: 'Jobs of {{service}} failed for good.',
	},
	jobs_parked: {
		when: 'queue.parked by service > 0 for 1m',
		severity: 'warning',
		summary: 'Jobs of {{service}} wait for a person to decide.',
	},
	jobs_late: {
		when: 'queue.age by service > 30m for 5m',
		severity: 'warning',
		summary: 'A job of {{service}} has waited for {{value}}.',
	},
	credit_low: {
		when: 'credit.low by service,lane > 0 for 1m',
		severity: 'warning',
		summary: 'Little is left at {{lane}} of {{service}}: jobs will soon be refused there.',
	},
	credit_unread: {
		when: 'credit.unread by service,lane > 0 for 15m',
		severity: 'warning',
		summary: 'What is left at {{lane}} of {{service}} cannot be read: nobody would be told that it runs out.',
	},
	store_failing: {
		when: 'store.failed > 0 for 5s keep 1m',
		severity: 'critical',
		summary: 'The store cannot write: logs, history, the state of alerts or jobs are not kept.',
	},
	cache_level_down: {
		when: 'cache.level_down by level > 0 for 5s keep 30s',
		severity: 'warning',
		summary: 'The cache in {{level}} cannot be reached; each node caches for itself, and hears of no purges.',
	},
	cache_purges_missed: {
		when: 'cache.purges_missed by level > 0 over 1m keep 10m',
		severity: 'warning',
		summary: 'Purges of other nodes were lost on their way through {{level}}; the cache was emptied for it.',
	},
	cache_purges_untold: {
		when: 'cache.purges_untold by level > 0 for 30s',
		severity: 'warning',
		summary: '{{value}} purges wait for {{level}}: other nodes may give what was purged.',
	},
	config_refused: {
		when: 'config.refused > 0 over 5s',
		severity: 'warning',
		summary: 'The changed configuration was refused; the one before it goes on.',
	},
};

export const DEFAULT_RULE_NAMES: readonly string[] = Object.keys(DEFAULTS);

export const defaultRuleText = (name: string): string | undefined =>
	Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name]?.when : undefined;

/**
 * The rules of the set whose figures the catalogue has. One that it lacks measures nothing, so it could never fire.
 * `runbooks`: see `AlertsConfig`.
 */
export function defaultRules(figures: FigureNames, runbooks: string | null = null): AlertRule[] {
	return Object.entries(DEFAULTS).flatMap(([name, { when, severity, summary, inhibits }]) => {
		const read = readRule(when, figures);
		if ('problems' in read) return [];
		return [
			{
				...read.rule,
				name,
				severity,
				notify: null,
				summary,
				runbook: defaultRunbook(name, runbooks),
				repeatMs: DEFAULT_REPEAT_MS,
				inhibits: [...(inhibits ?? [])],
			},
		];
	});
}
