import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { parse } from 'yaml';
import { TempFiles } from '../config/testing/temp-files.ts';
import { main } from './main.ts';
import { recordedTerminal } from './testing/recorded-terminal.ts';

const CONFIG = `services: { api: { instances: http://h:1 } }
alerts: { slow: { service: api, when: p95 > 500ms for 1m } }
channels: { hook: { type: webhook, url: "http://127.0.0.1:1/" }, command: { run: ./x } }
`;

async function run(...args: string[]) {
	using temp = new TempFiles({ 'ballast.yaml': CONFIG });
	const terminal = recordedTerminal();
	const words = args.map((word) => (word === 'FOLDER' ? temp.path('out') : word));
	const code = await main(['export', words[0] as string, temp.path('ballast.yaml'), ...words.slice(1)], terminal);
	const read = (name: string) =>
		existsSync(temp.path(`out/${name}`)) ? readFileSync(temp.path(`out/${name}`), 'utf8') : '';
	return {
		code,
		terminal,
		rules: read('ballast.rules.yml'),
		tests: read('ballast.tests.yml'),
		board: read('dashboards/ballast-overview.json'),
	};
}

test('export: rules, alertmanager.yml, dashboards', async () => {
	const printed = await run('prometheus-rules');
	assert.equal(printed.code, 0);
	const { groups } = parse(printed.terminal.text.out) as {
		groups: { rules: { alert: string; expr: string; for?: string }[] }[];
	};
	const slow = groups[0]?.rules.find(({ alert }) => alert === 'slow');
	assert.equal(slow?.for, '1m');
	assert.match(
		slow?.expr ?? '',
		/^\(histogram_quantile\(0.95, sum by \(le\) \(rate\(ballast_request_duration_seconds_bucket\{service="api"\}\[60s\]\)\)\)\) > 0.5$/,
	);
	const written = await run('prometheus-rules', '--to', 'FOLDER');
	assert.equal(written.rules, printed.terminal.text.out);
	assert.match(written.tests, /rule_files:\n {2}- ballast.rules.yml/);
	const manager = await run('alertmanager');
	assert.match(manager.terminal.text.out, /- name: hook\n/);
	assert.match(manager.terminal.text.err, /left out, since Alertmanager has nothing of the kind: command/);
	assert.match((await run('grafana', '--to', 'FOLDER')).board, /"panels"/);
	assert.match((await run('grafana')).terminal.text.err, /say where with --to FOLDER/);
	const wrong = await run('alertmanger');
	assert.deepEqual([wrong.code, /did you mean `alertmanager`/.test(wrong.terminal.text.err)], [2, true]);
});
