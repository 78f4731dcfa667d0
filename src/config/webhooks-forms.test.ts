import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { diffConfig, formatDiff } from './diff.ts';
import { maskConfig } from './mask.ts';
import { printConfig } from './print.ts';
import { configOf, problemsOf } from './testing/load-text.ts';

const secretOf = (byte: number): string => `whsec_${Buffer.alloc(24, byte).toString('base64')}`;
const env = {
	NEW: secretOf(1),
	OLD: secretOf(2),
	SHORT: `whsec_${Buffer.alloc(23).toString('base64')}`,
	OTHER: 'other',
};
const file = (webhooks: unknown, webhook: unknown = 'asked', routes: unknown = {}): string =>
	JSON.stringify({
		...(webhooks === undefined ? {} : { jobs: { webhooks } }),
		services: { api: { instances: 'http://h:1', offload: { webhook }, routes } },
	});

test('one secret, or several; all that is left out is as the standard says', async () => {
	const one = await configOf(file({ secret: { env: 'NEW' } }), {}, { env });
	assert.deepEqual(one.jobs.webhooks, {
		secrets: [env.NEW],
		receivers: [],
		concurrency: 32,
		perHost: 4,
		rules: { allow: [], http: [], ports: [443] },
		timeLimitMs: 20_000,
		pausesMs: [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map((seconds) => seconds * 1000),
	});
	const long = {
		secret: [{ env: 'NEW' }, { file: './old' }],
		allow: ['10.0.0.0/8', 'hooks.internal'],
		retries: ['1s'],
	};
	const { webhooks } = (await configOf(file(long), { old: `${env.OLD}\n` }, { env })).jobs;
	assert.deepEqual(
		[webhooks?.secrets, webhooks?.rules.allow, webhooks?.pausesMs],
		[[env.NEW, env.OLD], ['10.0.0.0/8', 'hooks.internal'], [1000]],
	);
});

test('who is told: asked, a URL, both, none; a route keeps what it does not say', async () => {
	const routes = {
		'POST /a': {},
		'POST /b': { offload: { webhook: { url: 'https://b.example/in' } } },
		'POST /c': { offload: { webhook: 'https://c.example/in' } },
		'POST /d': { offload: { webhook: 'off' } },
	};
	const config = await configOf(file({ secret: { env: 'NEW' } }, 'asked', routes), {}, { env });
	const { offload, routeOffloads } = config.services[0] ?? assert.fail();
	const own = { secrets: [], hidden: false };
	assert.deepEqual(offload?.webhook, { url: null, asked: true, ...own });
	assert.deepEqual(
		Object.values(routeOffloads).map((policy) => policy?.webhook),
		[
			{ url: null, asked: true, ...own },
			{ url: 'https://b.example/in', asked: true, ...own },
			{ url: 'https://c.example/in', asked: false, ...own },
			null,
		],
	);
});

test('each receiver its own secret: by its host, or at the route, whose URL may be a reference', async () => {
	const receivers = [
		{ host: 'A.example', secret: { env: 'NEW' } },
		{ host: '*.b.example', secret: [{ env: 'OLD' }, { env: 'NEW' }] },
	];
	const webhook = { url: { env: 'HOOK_URL' }, secret: [{ env: 'NEW' }, { env: 'OLD' }] };
	const routes = { 'POST /a': { offload: { webhook: 'https://x.b.example/in' } }, 'POST /b': { offload: { webhook } } };
	const hookUrl = 'https://hooks.example/T0/secret-path';
	const config = await configOf(file({ receivers }, 'off', routes), {}, { env: { ...env, HOOK_URL: hookUrl } });
	assert.deepEqual(config.jobs.webhooks?.secrets, []);
	assert.deepEqual(config.jobs.webhooks?.receivers, [
		{ host: 'a.example', secrets: [env.NEW] },
		{ host: '*.b.example', secrets: [env.OLD, env.NEW] },
	]);
	const { routeOffloads } = config.services[0] ?? assert.fail();
	assert.deepEqual(routeOffloads['POST /b']?.webhook, {
		url: hookUrl,
		asked: false,
		secrets: [env.NEW, env.OLD],
		hidden: true,
	});
	const other = await configOf(file({ receivers }, 'off', routes), {}, { env: { ...env, HOOK_URL: `${hookUrl}/2` } });
	const diff = formatDiff(diffConfig(other, config));
	for (const text of [printConfig(config), diff, inspect(maskConfig(config), { depth: null })])
		for (const secret of [env.NEW.slice(6), env.OLD.slice(6), 'secret-path']) assert.ok(!text.includes(secret), text);
});

test('what is printed tells no secret', async () => {
	const config = await configOf(file({ secret: [{ env: 'NEW' }, { env: 'OLD' }] }), {}, { env });
	const other = await configOf(file({ secret: { env: 'OLD' } }), {}, { env });
	const diff = formatDiff(diffConfig(other, config));
	assert.match(diff, /jobs/);
	for (const text of [printConfig(config), diff, inspect(maskConfig(config), { depth: null })])
		for (const secret of [env.NEW, env.OLD]) assert.ok(!text.includes(secret.slice(6)), text);
});

test('no secret, a bad one, a URL that is not to be called', async () => {
	for (const [text, expected] of [
		[file(undefined), /offload\.webhook[\s\S]*expected `jobs: \{ webhooks/],
		[file({ secret: { env: 'SHORT' } }), /jobs\.webhooks\.secret[\s\S]*base64 of 24 to 64 bytes/],
		[file({ secret: [{ env: 'NEW' }, { env: 'OTHER' }] }), /jobs\.webhooks\.secret\[1\]/],
		[file({ secret: env.NEW }), /expected `\{ env: NAME \}`/],
		[file({ secret: { env: 'NEW' }, allow: ['10.0.0.0/33'] }), /expected an address, a range/],
		[file({ secret: { env: 'NEW' } }, 'http://a.example/'), /is not called: its scheme is not https/],
		[file({ secret: { env: 'NEW' } }, 'https://10.0.0.1/'), /leads to a private address/],
		[file({ secret: { env: 'NEW' } }, {}), /expected `url`, or `asked: true`/],
		[file({}), /expected `secret`, or `receivers`/],
		[file({ receivers: [{ host: 'https://a', secret: { env: 'NEW' } }] }), /expected a host such as/],
		[file({ receivers: [{ host: 'a.example', secret: { env: 'SHORT' } }] }), /receivers\[0\]\.secret[\s\S]*24 to 64/],
		[
			file({ receivers: [{ host: 'a.example', secret: { env: 'NEW' } }] }, 'https://b.example/'),
			/is not called: its host knows no secret/,
		],
		[file({ secret: { env: 'NEW' } }, { asked: true, secret: { env: 'OLD' } }), /expected `url` too/],
		[file({ secret: { env: 'NEW' } }, { url: { env: 'NONE' } }), /`NONE` is not set/],
	] as const) {
		const problems = await problemsOf(text, {}, { env });
		assert.match(problems, expected);
		for (const value of Object.values(env))
			assert.ok(!problems.includes(value.slice(6)) || value === 'other', problems);
	}
});
