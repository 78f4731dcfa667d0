import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { DEFAULT_RULE_NAMES } from '../alerts/default-rules.ts';
import { diffConfig, formatDiff } from './diff.ts';
import { loadConfig } from './load.ts';
import { maskConfig } from './mask.ts';
import { printConfig } from './print.ts';
import { formatProblems } from './problem.ts';
import { configOf } from './testing/load-text.ts';
import { TempFiles } from './testing/temp-files.ts';

const SERVICE = 'services: { videos: { instances: http://h:1, routes: { "GET /v1/*": {} } } }\n';
const alertsOf = async (yaml: string) => (await configOf(`${SERVICE}${yaml}`)).alerts.rules;

test('the default set is on, can be switched off, and changed in parts', async () => {
	const all = await alertsOf('');
	assert.deepEqual(
		DEFAULT_RULE_NAMES.filter((name) => !all.some((rule) => rule.name === name)),
		// This version makes no backups.
		['backup_old'],
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

/** What is wrong with rules by name, without where. */
async function wrongWith(rules: Record<string, string>, more = ''): Promise<string[]> {
	const yaml = `services: { videos: { instances: http://h:1, routes: { "GET /v1/*": {} }${more} } }\nalerts: ${JSON.stringify(rules)}`;
	using temp = new TempFiles({ 'ballast.yaml': yaml });
	const result = await loadConfig('ballast.yaml', { cwd: temp.folder, env: {} });
	return result.ok ? [] : result.problems.map(({ message }) => message);
}

test('a rule that nothing that is there could ever meet is refused', async () => {
	const fine = {
		a: 'p95 route:"GET /v1/*" by route > 1s',
		b: 'requests route:* class:5* > 1/s and p95 > 1s',
		c: 'p95 service:vid* instance:whatever > 1s',
		d: 'requests route:"*" > 1/s',
		backup_old: 'off',
	};
	assert.deepEqual(await wrongWith(fine), []);
	for (const [rule, message] of [
		['p95 route:"GET /nope" > 1s', /^there is no route `GET \/nope`; there are GET \/v1\/\* or \*/],
		['p95 route:"GET /v2/*" > 1s', /^there is no route `GET \/v2\/\*`; did you mean `GET \/v1\/\*`\?/],
		['p95 > 1s and requests service:vidoes > 1/s', /^there is no service `vidoes`; did you mean `videos`\?/],
		['cpu pool:spare by pool > 50%', /^there is no pool `spare`; there are main/],
		['requests class:5x > 1/s', /^there is no class `5x`; did you mean `5xx`\?/],
		['ballast_backup_age_seconds > 2d', /not measured in this version/],
		['p95 > 1s and backup.age > 1h', /^`backup.age` is not measured in this version: it makes no backups$/],
	] as const) {
		const found = await wrongWith({ one: rule });
		assert.equal(found.length, 1, `${rule}: ${found.join('; ')}`);
		assert.match(found[0] ?? '', message);
	}
	using temp = new TempFiles({ 'ballast.yaml': `${SERVICE}alerts: { backup_old: { severity: info } }` });
	const result = await loadConfig('ballast.yaml', { cwd: temp.folder, env: {} });
	assert.match(result.ok ? '' : formatProblems(result.problems), /`backup.age` is not measured in this version/);
});

test('metrics under their own names are figures of rules: our own, and those of instances where they are read', async () => {
	assert.deepEqual(
		await wrongWith({ a: 'ballast_retries_total by service > 5/s', b: 'ballast_request_duration_seconds > 2s' }),
		[],
	);
	const scraped = ', scrape: [{ path: /metrics }]';
	const theirs = {
		a: 'my_queue_depth service:videos > 100 for 1m',
		b: 'jobs_done_total shard:a* by instance < 5/s over 5m and p95 > 1s',
		c: 'queue_age_seconds by service > 30s',
	};
	assert.deepEqual(await wrongWith(theirs, scraped), []);
	for (const [rule, more, message] of [
		[
			'my_queue_depth > 100',
			'',
			/^there is no figure `my_queue_depth`; a metric of your instances is one where `scrape` or `receive` reads it$/,
		],
		['ballast_retires_total > 5/s', '', /did you mean `ballast_retries_total`\?/],
		['eror_rate > 5%', scraped, /did you mean `error_rate`\?/],
		['ballast_nonsense_total > 5/s', scraped, /^there is no figure `ballast_nonsense_total`/],
		['http_server_request_duration_seconds > 1s', '', /stands at \/metrics only.*ask for p95/],
		['my_queue_depth > 100 over 2h', scraped, /expected a duration from 1s to 1h/],
		['my_queue_depth up 50% against 1w', scraped, /to 1h \(|from .* to 1h/],
	] as const) {
		const found = await wrongWith({ one: rule }, more);
		assert.equal(found.length, 1, `${rule}: ${found.join('; ')}`);
		assert.match(found[0] ?? '', message);
	}
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
	// Of addresses the path is not printed.
	const pathless = (value: unknown): unknown =>
		JSON.parse(JSON.stringify(value).replaceAll(/(https?:\/\/[^/"]+)\/[^"]*"/g, '$1/…"'));
	assert.deepEqual(pathless(back.channels), pathless(there.channels));
	assert.deepEqual(pathless(back.heartbeat), pathless(there.heartbeat));
	const off = await load(`${SERVICE}alerts: { defaults: off, mine: p95 > 1s }`, {});
	assert.deepEqual((await load(printConfig(off), {})).alerts, off.alerts);
});

test('a diff and what is printed show of an address only the host: what is behind it may be its secret', async () => {
	const of = (path: string) =>
		load(
			`${SERVICE}channels: { webhook: { url: "https://hooks.example.com/${path}" } }\nheartbeat: { url: "https://hc.example.com/${path}" }`,
			{},
		);
	const shown = formatDiff(diffConfig(await of(CANARY), await of(`${CANARY}2`)));
	assert.match(shown, /channels\.webhook\.url: https:\/\/hooks\.example\.com\/… → https:\/\/hooks\.example\.com\/…/);
	assert.match(shown, /heartbeat\.url: https:\/\/hc\.example\.com\/…/);
	assert.ok(!shown.includes(CANARY), shown);
	const added = formatDiff(diffConfig(await load(SERVICE, {}), await of(CANARY)));
	assert.ok(added.includes('hooks.example.com') && !added.includes(CANARY), added);
	assert.equal(formatDiff(diffConfig(await of('a'), await of('a'))), 'nothing changes');
	const printed = printConfig(await of(`x?token=${CANARY}`));
	assert.ok(printed.includes('https://hooks.example.com/…') && !printed.includes(CANARY), printed);
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
