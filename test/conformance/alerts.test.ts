/** Alerts beside the real Prometheus and Alertmanager: rule files that `promtool` takes, alerts that Alertmanager takes and resolves. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { stringify } from 'yaml';
import { AlertLoop } from '../../src/alerts/alert-loop.ts';
import { alertmanagerConfig } from '../../src/alerts/alertmanager-config.ts';
import { AlertmanagerChannel } from '../../src/alerts/channels/alertmanager.ts';
import { defaultRules } from '../../src/alerts/default-rules.ts';
import { Delivery } from '../../src/alerts/delivery.ts';
import { prometheusRules } from '../../src/alerts/prometheus-rules.ts';
import { promtoolTests } from '../../src/alerts/promtool-tests.ts';
import { HttpSink } from '../../src/alerts/testing/http-sink.ts';
import { KNOWN_FIGURES } from '../../src/alerts/testing/known-figures.ts';
import { MemoryFigures } from '../../src/alerts/testing/memory-figures.ts';
import { sampleRule } from '../../src/alerts/testing/sample-rule.ts';
import { FIGURE_CATALOGUE } from '../../src/config/figure-catalogue.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually } from '../support/suite.ts';

const there = (command: string) => spawnSync('which', [command]).status === 0;
const skip =
	there('promtool') && there('prometheus-alertmanager')
		? false
		: 'prometheus and prometheus-alertmanager are not installed';

function inFolder<T>(work: (folder: string) => T): T {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-alerts-'));
	try {
		return work(folder);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

const promtool = (cwd: string, ...args: string[]) => {
	const { status, stdout, stderr } = spawnSync('promtool', args, { cwd, encoding: 'utf8' });
	assert.equal(status, 0, `promtool ${args.join(' ')}\n${stdout}${stderr}`);
	return stdout;
};

const OWN = [
	sampleRule('p95 service:vid* route:"GET /v1/*" by service,route > 500ms for 1m and requests > 1/s', {
		name: 'slow',
		runbook: 'https://w/s',
	}),
	sampleRule('requests down 50% against 1w over 10m', { name: 'quiet' }),
	sampleRule('absent requests service:videos for 10m', { name: 'gone', severity: 'warning' }),
	sampleRule('absent requests by service for 10m', { name: 'gone_each' }),
	sampleRule('instances.ready by service < 2', { name: 'few', summary: '{{service}} has {{value}} {{ready' }),
];

test('the rule file passes promtool check rules, and its tests promtool test rules', { skip }, () => {
	inFolder((folder) => {
		const rules = [...defaultRules(FIGURE_CATALOGUE), ...OWN];
		const { text, left } = prometheusRules(rules, FIGURE_CATALOGUE);
		writeFileSync(join(folder, 'ballast.rules.yml'), text);
		writeFileSync(join(folder, 'ballast.tests.yml'), promtoolTests(rules, 'ballast.rules.yml'));
		assert.match(
			promtool(folder, 'check', 'rules', 'ballast.rules.yml'),
			new RegExp(`SUCCESS: ${rules.length} rules found`),
		);
		promtool(folder, 'test', 'rules', 'ballast.tests.yml');
		assert.deepEqual(left, []);
		// They would notice: without its `until`, `errors` ends too soon.
		const errors = rules.filter(({ name }) => name === 'errors');
		const alone = prometheusRules(errors, FIGURE_CATALOGUE).text;
		const [before = '', after = ''] = alone.split(/ or \(.*alertname="errors",alertstate="firing"\}\)\)/);
		writeFileSync(join(folder, 'ballast.rules.yml'), `${before})${after}`);
		writeFileSync(join(folder, 'ballast.tests.yml'), promtoolTests(errors, 'ballast.rules.yml'));
		const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'ballast.tests.yml'], {
			cwd: folder,
			encoding: 'utf8',
		});
		assert.equal(status, 1);
		assert.match(`${stdout}${stderr}`, /errors[\s\S]*time: 12m/);
	});
});

test('the rules fire in Prometheus as they do here', { skip }, () => {
	inFolder((folder) => {
		const rules = OWN.filter(({ name }) => name === 'few' || name === 'slow' || name === 'gone');
		writeFileSync(join(folder, 'r.yml'), prometheusRules(rules, KNOWN_FIGURES).text);
		const series = [
			{ series: 'ballast_pool_ready{service="videos",pool="main"}', values: '2x20 1x40' },
			{ series: 'ballast_pool_ready{service="other",pool="main"}', values: '3x60' },
			{ series: 'ballast_requests_total{service="videos",route="GET /v1/a"}', values: '0+30x60' },
			{
				series: 'ballast_request_duration_seconds_bucket{service="videos",route="GET /v1/a",le="0.5"}',
				values: '0+1x60',
			},
			{
				series: 'ballast_request_duration_seconds_bucket{service="videos",route="GET /v1/a",le="1"}',
				values: '0+30x60',
			},
			{
				series: 'ballast_request_duration_seconds_bucket{service="videos",route="GET /v1/a",le="+Inf"}',
				values: '0+30x60',
			},
		];
		// So many fire after 10 minutes; `or vector(0)`: none has no sample.
		const firing = (name: string, value: number) => ({
			promql_expr_test: [
				{
					expr: `count(ALERTS{alertname="${name}",alertstate="firing"}) or vector(0)`,
					eval_time: '10m',
					exp_samples: [{ labels: '{}', value }],
				},
			],
		});
		const found = [firing('few', 1), firing('slow', 1), firing('gone', 0)];
		const tests = found.map((one) => ({ interval: '10s', input_series: series, ...one }));
		writeFileSync(join(folder, 't.yml'), stringify({ rule_files: ['r.yml'], evaluation_interval: '10s', tests }));
		promtool(folder, 'test', 'rules', 't.yml');
	});
});

const SECRETS = ['key'];
const CHANNELS: Parameters<typeof alertmanagerConfig>[1] = [
	{ name: 'chat', perMinute: 0, to: { type: 'slack', url: 'https://h/x', template: null }, secrets: ['https://h/x'] },
	{
		name: 'mail',
		perMinute: 0,
		to: {
			type: 'email',
			server: { host: 'm', port: 587, tls: 'starttls', login: { user: 'u', password: 'key' } },
			from: 'a@b',
			to: ['c@d'],
			template: null,
		},
		secrets: SECRETS,
	},
	{ name: 'hook', perMinute: 0, to: { type: 'webhook', url: 'http://127.0.0.1:1/', headers: [] }, secrets: [] },
	{ name: 'tell', perMinute: 0, to: { type: 'command', command: ['x'], cwd: '/' }, secrets: [] },
];

test('alertmanager.yml passes amtool check-config, without a secret in it', { skip }, () => {
	inFolder((folder) => {
		const { text, left, secretFiles } = alertmanagerConfig(
			[...defaultRules(KNOWN_FIGURES), { ...(OWN[0] as (typeof OWN)[0]), notify: ['chat'] }],
			CHANNELS,
			folder,
		);
		writeFileSync(join(folder, 'alertmanager.yml'), text);
		execFileSync('amtool', ['check-config', join(folder, 'alertmanager.yml')], { stdio: 'pipe' });
		assert.ok(!text.includes('https://h/x') && !/password: key/.test(text));
		assert.deepEqual(left, ['tell']);
		assert.deepEqual(secretFiles, [`${folder}/chat.url`, `${folder}/mail.password`]);
	});
});

test('Alertmanager takes our alerts, tells its own receivers, and resolves them', {
	skip,
	timeout: 60_000,
}, async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-alertmanager-'));
	await using sink = await HttpSink.open();
	const [port] = await freePorts(1);
	const receivers = [{ name: 'sink', webhook_configs: [{ url: sink.url, send_resolved: true }] }];
	writeFileSync(
		join(folder, 'a.yml'),
		stringify({
			route: { receiver: 'sink', group_by: ['alertname'], group_wait: '100ms', group_interval: '200ms' },
			receivers,
		}),
	);
	const manager = spawn(
		'prometheus-alertmanager',
		[
			`--config.file=${folder}/a.yml`,
			`--storage.path=${folder}/data`,
			`--web.listen-address=127.0.0.1:${port}`,
			'--cluster.listen-address=',
		],
		{ stdio: 'ignore' },
	);
	const url = `http://127.0.0.1:${port}`;
	const active = async (): Promise<
		{ labels: Record<string, string>; endsAt: string; annotations: Record<string, string> }[]
	> => (await (await fetch(`${url}/api/v2/alerts?active=true`)).json()) as [];
	try {
		await eventually(
			() =>
				fetch(`${url}/-/ready`).then(
					({ ok }) => ok,
					() => false,
				),
			(ready) => ready,
			15_000,
		);
		const figures = new MemoryFigures();
		figures.set('error_rate', { service: 'videos' }, 0.5);
		const events: string[] = [];
		const say = ({ text }: { text: string }) => void events.push(text);
		const delivery = new Delivery({
			name: 'am',
			channel: new AlertmanagerChannel({ type: 'alertmanager', url, headers: [] }),
			perMinute: 0,
			say,
		});
		const loop = new AlertLoop({
			figures,
			events: { around: async () => [] },
			states: { load: () => null, save: () => {} },
			say,
			node: 'n1',
			everyMs: 500,
		});
		await loop.start({
			rules: [sampleRule('error_rate by service > 5%', { name: 'errors', runbook: 'https://w/e' })],
			maintenance: [],
			deliveries: new Map([['am', delivery]]),
		});
		const [alert] = await eventually(active, (all) => all.length === 1, 8000);
		assert.deepEqual(alert?.labels, { alertname: 'errors', severity: 'critical', ballast: 'n1', service: 'videos' });
		assert.equal(alert?.annotations['runbook_url'], 'https://w/e');
		assert.ok(Date.parse(alert?.endsAt ?? '') > Date.now() + 60_000, 'it ends ahead, should Ballast die');
		const statuses = () => sink.received.map(({ body }) => (body as { status: string }).status);
		await eventually(statuses, (all) => all.includes('firing'), 8000);
		figures.set('error_rate', { service: 'videos' }, 0);
		await eventually(active, (all) => all.length === 0, 8000);
		await eventually(statuses, (all) => all.at(-1) === 'resolved', 8000);
		// Both webhooks have one form: ours is read as theirs is.
		const theirs = sink.received[0]?.body as Record<string, unknown>;
		assert.deepEqual(Object.keys(theirs).sort(), [
			'alerts',
			'commonAnnotations',
			'commonLabels',
			'externalURL',
			'groupKey',
			'groupLabels',
			'receiver',
			'status',
			'truncatedAlerts',
			'version',
		]);
		await loop.stop();
		assert.deepEqual(
			events.filter((text) => text.includes('channel')),
			[],
		);
	} finally {
		manager.kill('SIGTERM');
		await new Promise((resolve) => manager.once('exit', resolve));
		rmSync(folder, { recursive: true, force: true });
	}
});
