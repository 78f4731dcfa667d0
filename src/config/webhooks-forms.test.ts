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
	assert.deepEqual(offload?.webhook, { url: null, asked: true });
	assert.deepEqual(
		Object.values(routeOffloads).map((policy) => policy?.webhook),
		[
			{ url: null, asked: true },
			{ url: 'https://b.example/in', asked: true },
			{ url: 'https://c.example/in', asked: false },
			null,
		],
	);
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
	] as const) {
		const problems = await problemsOf(text, {}, { env });
		assert.match(problems, expected);
		for (const value of Object.values(env))
			assert.ok(!problems.includes(value.slice(6)) || value === 'other', problems);
	}
});
