import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { DEFAULT_RULE_NAMES } from '../alerts/default-rules.ts';
import { diffConfig, formatDiff } from './diff.ts';
import { loadConfig } from './load.ts';
import { maskConfig, printConfig } from './print.ts';
import { formatProblems } from './problem.ts';
import { configOf } from './testing/load-text.ts';
import { TempFiles } from './testing/temp-files.ts';

const SERVICE = 'services: { videos: { instances: http://h:1 } }\n';
const alertsOf = async (yaml: string) => (await configOf(`${SERVICE}${yaml}`)).alerts.rules;

test('the default set is on, can be switched off, and changed in parts', async () => {
	const all = await alertsOf('');
	assert.deepEqual(
		DEFAULT_RULE_NAMES.filter((name) => !all.some((rule) => rule.name === name)),
		[],
	);
	assert.deepEqual(await alertsOf('alerts: { defaults: off }'), []);
	const some = await alertsOf(
		'alerts: { errors: { severity: warning }, slow: off, retries: { enabled: false }, mine: p95 > 1s }',
	);
	assert.equal(some.length, all.length - 1);
	const [errors, mine] = ['errors', 'mine'].map((name) => some.find((rule) => rule.name === name));
	assert.equal(errors?.severity, 'warning');
	assert.equal(errors?.text, all.find(({ name }) => name === 'errors')?.text);
	assert.deepEqual([mine?.severity, mine?.notify, mine?.repeatMs], ['warning', null, 14_400_000]);
});

test('the runbooks of the default set are where the page was put, and stay so when they are printed', async () => {
	const said =
		'alerts: { runbooks: "https://w/page", errors: { severity: warning }, slow: { runbook: "https://w/slow" } }';
	const rules = await alertsOf(said);
	const of = (name: string) => rules.find((rule) => rule.name === name)?.runbook;
	assert.deepEqual(
		[of('errors'), of('slow'), of('retries')],
		['https://w/page#errors', 'https://w/slow', 'https://w/page#retries'],
	);
	for (const text of [said, 'alerts: { errors: { severity: warning } }']) {
		const config = await load(`${SERVICE}${text}`, {});
		assert.deepEqual((await load(printConfig(config), {})).alerts, config.alerts);
	}
	using temp = new TempFiles({ 'ballast.yaml': `${SERVICE}alerts: { runbooks: p95 > 1s }` });
	const result = await loadConfig('ballast.yaml', { cwd: temp.folder, env: {} });
	assert.match(
		result.ok ? '' : formatProblems(result.problems),
		/expected a link such as https.*a rule needs another name/,
	);
});

test('keys of a rule are clauses of its text', async () => {
	const [rule] = await alertsOf(
		'channels: { command: { run: ./tell } }\nalerts: { defaults: off, slow: { service: videos, route: GET /v1/*, when: p95 > 500ms, for: 1m, notify: command, repeat: 1h } }',
	);
	assert.equal(rule?.text, 'p95 > 500ms service:"videos" route:"GET /v1/*" for 1m');
	assert.deepEqual([rule?.forMs, rule?.notify, rule?.repeatMs], [60_000, ['command'], 3_600_000]);
	assert.deepEqual(rule?.condition.kind === 'threshold' && rule.condition.bound.query.where, {
		service: 'videos',
		route: 'GET /v1/*',
	});
});

const CANARY = 'c4n4ry-of-a-secret';
const FULL = `${SERVICE}
alerts:
  slow: off
  mine: { when: "p95 service:videos > 500ms for 1m", notify: [hook], summary: "{{service}} is slow", runbook: "https://w/x", inhibits: errors }
channels:
  hook: { type: webhook, url: "http://127.0.0.1:1/x", headers: { Authorization: { env: A } } }
  slack: { url: { env: URL }, template: "{{summary}}" }
  pagerduty: { key: { env: A } }
  email: { host: mail.example.com, from: a@example.com, to: b@example.com, user: u, password: { env: A }, rate: 5 }
  alertmanager: { url: "http://127.0.0.1:9093" }
  command: { run: ["./tell", "a b"] }
maintenance: [0 2 * * 0 for 2h, { when: 2026-12-01T02:00Z for 2h, service: videos }]
heartbeat: { url: { env: URL } }
`;
const load = async (yaml: string, env: NodeJS.ProcessEnv) => {
	using temp = new TempFiles({ 'ballast.yaml': yaml });
	const result = await loadConfig('ballast.yaml', { cwd: temp.folder, env });
	assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
	// The folder is another each time.
	for (const { to } of result.config.channels) if (to.type === 'command') to.cwd = '';
	return result.config;
};

test('what is printed loads again to the same, but for its secrets', async () => {
	const config = await load(FULL, { A: CANARY, URL: `https://h/${CANARY}` });
	for (const shown of [
		printConfig(config),
		printConfig(config, 'json'),
		inspect(maskConfig(config), { depth: null }),
		formatDiff(diffConfig(config, await load(SERVICE, {}))),
		formatDiff(diffConfig(config, await load(FULL, { A: 'x', URL: 'https://h/y' }))),
	])
		assert.ok(!shown.includes(CANARY), shown);
	assert.equal(diffConfig(config, await load(FULL, { A: 'x', URL: 'https://h/y' })).length, 5);
	assert.ok(JSON.stringify(config).includes(CANARY));
	const plain = FULL.split('\n')
		.filter((line) => !/^ {2}(slack|pagerduty):/.test(line))
		.join('\n')
		.replace(', headers: { Authorization: { env: A } }', '')
		.replace(', user: u, password: { env: A }', '')
		.replace('{ env: URL }', '"https://h/x", every: 30s');
	const there = await load(plain, {});
	const back = await load(printConfig(there), {});
	assert.deepEqual(back.alerts, there.alerts);
	assert.deepEqual(back.channels, there.channels);
	assert.deepEqual(back.heartbeat, there.heartbeat);
	const off = await load(`${SERVICE}alerts: { defaults: off, mine: p95 > 1s }`, {});
	assert.deepEqual((await load(printConfig(off), {})).alerts, off.alerts);
});

test('no problem of a channel shows what may be a secret', async () => {
	for (const channel of [
		`slack: { url: ${CANARY} }`,
		`slack: { url: "https://h/${CANARY}" }`,
		`slack: { url: [${CANARY}] }`,
		`pagerduty: { key: ${CANARY} }`,
		`email: { password: ${CANARY} }`,
		`webhook: { url: "http://u:${CANARY}@h/" }`,
		`webhook: { url: "http://h/", headers: { A: "${CANARY}\\n" } }`,
		`webhook: { url: "http://h/", headers: { A: { env: ${CANARY} } } }`,
		`webhook: ${CANARY}`,
	]) {
		using temp = new TempFiles({ 'ballast.yaml': `${SERVICE}channels: { ${channel} }\nheartbeat: ${CANARY}` });
		const result = await loadConfig('ballast.yaml', { cwd: temp.folder, env: {} });
		assert.ok(!result.ok);
		const said = `${formatProblems(result.problems, temp.folder)}`.replaceAll(`\`${CANARY}\` is not set`, '');
		assert.ok(result.problems.length >= 2 && !said.includes(CANARY), said);
	}
});
