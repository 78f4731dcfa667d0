/** A file for `promtool test rules` beside the rule file. */
import { stringify } from 'yaml';
import { defaultRuleText } from './default-rules.ts';
import type { AlertRule } from './rule.ts';

const INTERVAL = '15s';

/** What is scraped every 15 s, and how many alerts fire at which time. */
interface Scenario {
	series: Readonly<Record<string, string>>;
	firing: Readonly<Record<string, number>>;
}

/** From 2:45 on one more than before; or so many in each 15 s for five minutes. */
const ONCE = '0x10 1x60';
const of = (each: number): string => `0x10 ${each}+${each}x19 ${20 * each}x40`;
const SET = '0x10 1x19 0x40';
const REQUESTS = { 'ballast_requests_total{service="api",route="GET /"}': '0+30x250' };
const WANTED = { 'ballast_pool_desired{service="api",pool="main"}': '2x250' };
const AWAY = '2x10 0x19 2x40';
const PASSES = { '2m': 0, '7m': 1, '16m': 0 };

/** Rules of the default set that a few series decide: each fires, and ends. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
	no_ready_instance: { series: { ...WANTED, 'ballast_pool_ready{service="api",pool="main"}': AWAY }, firing: PASSES },
	pool_down: { series: { ...WANTED, 'ballast_pool_ready{service="api",pool="main"}': AWAY }, firing: PASSES },
	at_most_instances: {
		series: { 'ballast_pool_short{service="api",pool="main"}': '0x10 3x79 0x40' },
		firing: { '2m': 0, '12m': 1, '30m': 0 },
	},
	provider_trouble: { series: { 'ballast_pool_trouble{service="api",pool="main"}': SET }, firing: PASSES },
	permission_missing: { series: { 'ballast_pool_denied{service="api",pool="main"}': SET }, firing: PASSES },
	// 20 %, then 4 %, which is above its `until`, then none.
	errors: {
		series: {
			...REQUESTS,
			'ballast_responses_total{service="api",route="GET /",class="5xx"}': '0x10 6+6x19 121.2+1.2x19 144x60',
			'ballast_broken_total{service="api",route="GET /"}': '0x120',
		},
		firing: { '2m': 0, '7m': 1, '12m': 1, '16m': 0 },
	},
	instance_died: {
		series: { 'ballast_instance_starts_total{service="api",pool="main",cause="crash"}': ONCE },
		firing: { '2m': 0, '3m30s': 1, '16m': 0 },
	},
	ejected: {
		series: { 'ballast_ejections_total{service="api",pool="main",cause="failures"}': ONCE },
		firing: { '2m': 0, '3m30s': 1, '16m': 0 },
	},
	retries: {
		series: { ...REQUESTS, 'ballast_retries_total{service="api",route="GET /"}': of(9) },
		firing: PASSES,
	},
	shedding: { series: { 'ballast_shed_total{service="api",route="GET /"}': of(15) }, firing: PASSES },
	lookup_failed: {
		series: { 'ballast_lookups_failing{service="api"}': SET },
		firing: PASSES,
	},
	// 99 %, then 93 %, which is above its `until`, then 50 %.
	cpu_full: {
		series: { ballast_host_cpu_ratio: '0.5x10 0.99x59 0.93x39 0.5x60' },
		firing: { '2m': 0, '16m': 1, '26m': 1, '36m': 0 },
	},
	logs_dropped: { series: { 'ballast_log_records_dropped_total{cause="store"}': of(1) }, firing: PASSES },
	dead_letters: {
		series: { 'ballast_jobs_ended_total{service="api",route="*",state="failed"}': ONCE },
		firing: { '2m': 0, '3m30s': 1, '16m': 0 },
	},
	jobs_parked: { series: { 'ballast_queue_parked{service="api",route="*"}': SET }, firing: PASSES },
	jobs_late: {
		series: { 'ballast_queue_age_seconds{service="api",route="*"}': '0x10 3600x79 0x40' },
		firing: { '2m': 0, '12m': 1, '30m': 0 },
	},
	credit_low: {
		series: { 'ballast_credit_low{service="api",route="*",lane="main"}': SET },
		firing: PASSES,
	},
	credit_unread: {
		series: { 'ballast_credit_unread{service="api",route="*",lane="main"}': '0x10 1x79 0x40' },
		firing: { '2m': 0, '12m': 0, '20m': 1, '30m': 0 },
	},
	store_failing: { series: { ballast_store_failed: SET }, firing: PASSES },
	cache_level_down: { series: { 'ballast_cache_level_down{level="redis"}': SET }, firing: PASSES },
	cache_purges_missed: {
		series: { 'ballast_cache_purges_missed_total{level="redis"}': ONCE },
		firing: { '2m': 0, '3m30s': 1, '16m': 0 },
	},
	cache_purges_untold: { series: { 'ballast_cache_purges_untold{level="redis"}': SET }, firing: PASSES },
	config_refused: { series: { ballast_config_refused: SET }, firing: PASSES },
};

/**
 * With no series at all no rule may fire (rules of absence do, so they are left out); those of the default set that
 * were not changed fire, and end, by what Ballast counts.
 */
export function promtoolTests(rules: readonly AlertRule[], ruleFile: string): string {
	const quiet = rules.filter(({ condition }) => condition.kind !== 'absent');
	const nothing = {
		name: 'nothing fires where nothing is measured',
		interval: INTERVAL,
		input_series: [],
		alert_rule_test: quiet.map(({ name }) => ({ eval_time: '30m', alertname: name, exp_alerts: [] })),
	};
	const unchanged = rules.filter(({ name, text }) => Object.hasOwn(SCENARIOS, name) && text === defaultRuleText(name));
	const tests = [nothing, ...unchanged.map(({ name }) => firingTest(name, SCENARIOS[name] as Scenario))];
	return stringify({ rule_files: [ruleFile], evaluation_interval: INTERVAL, tests }, { lineWidth: 0 });
}

function firingTest(name: string, { series, firing }: Scenario) {
	return {
		name: `${name} fires, and ends`,
		interval: INTERVAL,
		input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
		promql_expr_test: Object.entries(firing).map(([time, value]) => ({
			// Without an alert there is no sample to count.
			expr: `count(ALERTS{alertname="${name}",alertstate="firing"}) or vector(0)`,
			eval_time: time,
			exp_samples: [{ labels: '{}', value }],
		})),
	};
}
