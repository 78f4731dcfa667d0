import assert from 'node:assert/strict';
import test from 'node:test';
import type { LogsConfig } from '../logs/config.ts';
import type { Config } from './config.ts';
import { diffConfig } from './diff.ts';
import { printConfig } from './print.ts';
import { configOf, loadText } from './testing/load-text.ts';

const API = 'services: { api: { instances: http://h:1 } }\n';
const logs = async (form: string): Promise<LogsConfig> => (await configOf(`logs: ${form}\n${API}`)).logs;
const problem = async (form: string): Promise<string> => {
	const result = await loadText(`logs: ${form}\n${API}`);
	return result.ok ? '' : result.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
};
const ROTATE = { bytes: 100_000_000, ageMs: 0, keep: 5, gzip: false };

test('the access log: off, stdout, a path, an object', async () => {
	assert.equal((await logs('{ access: off }')).access, null);
	assert.equal((await logs('{ access: false }')).access, null);
	assert.deepEqual((await logs('{ access: stdout }')).access, { path: null, format: 'json', rotate: null, sample: 1 });
	assert.deepEqual((await logs('{ access: ./a.log }')).access, {
		path: '/folder/a.log',
		format: 'json',
		rotate: ROTATE,
		sample: 1,
	});
	assert.deepEqual((await logs('{ access: { to: logs/a, format: combined, rotate: off, sample: 5% } }')).access, {
		path: '/folder/logs/a',
		format: 'combined',
		rotate: null,
		sample: 0.05,
	});
	assert.deepEqual(
		(await logs('{ access: { to: /a.log, rotate: { size: 1MB, every: 1d, keep: 2, gzip: true } } }')).access?.rotate,
		{
			bytes: 1_000_000,
			ageMs: 86_400_000,
			keep: 2,
			gzip: true,
		},
	);
});

test('what is redacted, kept, sampled and passed on', async () => {
	assert.equal((await logs('{ redact: off }')).redact, null);
	assert.deepEqual((await logs('{ redact: ["a+"] }')).redact, { patterns: ['a+'], keys: [] });
	assert.deepEqual((await logs('{ redact: { keys: [voucher] } }')).redact, { patterns: [], keys: ['voucher'] });
	const kept = async (form: string) => {
		const { keepMs, keepBytes } = await logs(`{ keep: ${form} }`);
		return [keepMs / 86_400_000, keepBytes / 1e9];
	};
	assert.deepEqual(await kept('30d'), [30, 2]);
	assert.deepEqual(await kept('5GB'), [7, 5]);
	assert.deepEqual(await kept('{ time: 1d, size: 1GB }'), [1, 1]);
	const { slowMs, sample } = await logs('{ slow: 500ms, sample: 100% }');
	assert.deepEqual([slowMs, sample], [500, 1]);
	assert.deepEqual((await logs('{ forward: ./all.log }')).forward, [
		{ kind: 'file', only: '', path: '/folder/all.log', rotate: ROTATE },
	]);
	assert.deepEqual(
		(await logs('{ forward: ["syslog://h", { to: "syslog+tcp://[::1]:99", only: "level:warn" }] }')).forward,
		[
			{ kind: 'syslog', only: '', transport: 'udp', host: 'h', port: 514 },
			{ kind: 'syslog', only: 'level:warn', transport: 'tcp', host: '::1', port: 99 },
		],
	);
});

test('all of it is told again, and a reload sees what changed', async () => {
	const forms = [
		'{}',
		'{ access: stdout, redact: off }',
		'{ access: { to: /a.log, format: combined, rotate: off, sample: 5% }, redact: ["a+"], keep: 30d }',
		'{ access: { to: /a.log, rotate: { size: 1MB, every: 1d, keep: 2, gzip: false } }, redact: { keys: [voucher] } }',
		'{ keep: 5GB, slow: 500ms, sample: 100%, forward: ["syslog://h", { to: "syslog+tcp://[::1]:99", only: "level:warn" }] }',
		'{ forward: [/all.log, { to: /b.log, only: a, rotate: off }] }',
	];
	const configs = await Promise.all(forms.map((form) => configOf(`logs: ${form}\n${API}`)));
	for (const config of configs) assert.deepEqual((await configOf(printConfig(config))).logs, config.logs);
	for (const [at, config] of configs.slice(1).entries()) {
		const changes = diffConfig(configs[at] as Config, config);
		assert.ok(changes.length > 0, String(at));
		assert.ok(changes.every(({ path, effect }) => path.startsWith('logs.') && effect.startsWith('holds for what is')));
	}
});

test('what cannot be meant is refused', async () => {
	const refused: [string, RegExp][] = [
		['{ access: stdot }', /logs.access: .*did you mean `stdout`\?/],
		['{ access: { to: stdout, rotate: {} } }', /logs.access.rotate: expected nothing here: only a file is rotated/],
		['{ redact: ["(a+)+"] }', /a repetition within a repetition/],
		['{ redact: ["("] }', /not valid/],
		['{ keep: 7 }', /expected a duration such as 7d, a size such as 2GB/],
		['{ sample: 0.1 }', /write `10%`/],
		['{ forward: "syslog+tls://h" }', /expected syslog:\/\/host:514/],
		['{ forward: { to: ./a.log, only: "level:wran" } }', /did you mean `warn`/],
		['{ forward: { to: "syslog://h", rotate: {} } }', /only a file is rotated/],
		['{ access: ./a.log, forward: ./a.log }', /expected a file of its own/],
		['{ acess: off }', /access/],
	];
	for (const [form, expected] of refused) assert.match(await problem(form), expected, form);
});
