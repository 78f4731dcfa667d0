import assert from 'node:assert/strict';
import test from 'node:test';
import { diffConfig, formatDiff } from './diff.ts';
import { printConfig } from './print.ts';
import { configOf, problemsOf, serviceOf } from './testing/load-text.ts';

const API = 'services:\n  api:\n    instances: http://h:1\n';
const env = { TOKEN: 'a-token-of-24-characters', CF: 'cloudflare-secret', HOOK: 'https://hooks.example/s3cret' };

test('trust: ranges, files and fields, in one list', async () => {
	const trust =
		'trust: [private, 192.0.2.1, 192.0.2.1, { file: ./e.txt, header: CF-Connecting-IP }, { ranges: 10.0.0.0/8 }]\n';
	const config = await configOf(trust + API, { 'e.txt': '173.245.48.0/20\n' });
	assert.deepEqual(config.trust.slice(-3), [
		'192.0.2.1/32',
		{ ranges: ['173.245.48.0/20'], file: '/folder/e.txt', header: 'cf-connecting-ip' },
		{ ranges: ['10.0.0.0/8'], file: null, header: null },
	]);
	assert.equal(config.trust.filter((one) => one === '192.0.2.1/32').length, 1);
});

test('trust: what cannot be', async () => {
	const wrong: [string, RegExp][] = [
		['trust: { file: ./none.txt }', /there is no such file/],
		['trust: { file: ./bad.txt }', /expected a file of address ranges; number 1 is no range of addresses/],
		['trust: [{ header: X-Real-IP }]', /expected `ranges`, or a `file` of them/],
		['trust: { ranges: 10.0.0.0/8, header: X-Forwarded-For }', /read without being named/],
		['trust: { ranges: 10.0.0.0/8, header: real_ip }', /`underscores` drops/],
		['trust: { ranges: 10.0.0.0/8, header: "a b" }', /./],
		['trust: { ranges: 10.0.0.0/8, file: ./bad.txt }', /write two elements for both/],
		['trust: { range: 10.0.0.0/8 }', /did you mean `ranges`/],
	];
	for (const [text, says] of wrong)
		assert.match(await problemsOf(`${text}\n${API}`, { 'bad.txt': '<html>' }), says, text);
});

test('a file of ranges that changes is a change', async () => {
	const load = (text: string) => configOf(`trust: { file: ./e.txt }\n${API}`, { 'e.txt': text });
	const [before, after] = [await load('10.0.0.0/8'), await load('10.0.0.0/8\n192.0.2.0/24')];
	assert.deepEqual(diffConfig(before, before), []);
	const text = formatDiff(diffConfig(before, after));
	assert.match(text, /~ trust: \/folder\/e\.txt \(1 ranges\) → \/folder\/e\.txt \(2 ranges\)/);
});

test('cdn: seconds, inherited and switched off', async () => {
	const { cdn, routes } = await serviceOf(
		`${API}    cdn: { maxAge: 1h, staleIfError: 1d, tags: Cache-Tag }
    routes:
      /a: {}
      /b: { cdn: off }
      /c: { cdn: { maxAge: 1m, field: s-maxage, statuses: [200], override: true } }
      /d: { cdn: { tags: off } }
`,
	);
	const lifetime = {
		maxAge: 3600,
		browserMaxAge: 0,
		staleWhileRevalidate: null,
		staleIfError: 86_400,
		field: 'CDN-Cache-Control',
		statuses: [200, 203, 204, 206, 301, 304, 308, 404, 410],
		override: false,
	};
	assert.deepEqual(cdn, { lifetime, tags: 'Cache-Tag' });
	const [a, b, c, d] = routes.map((route) => route.cdn);
	assert.deepEqual(a, cdn);
	assert.equal(b, null);
	const { maxAge, field, statuses, override } = c?.lifetime ?? {};
	assert.deepEqual(
		{ maxAge, field, statuses, override },
		{ maxAge: 60, field: 's-maxage', statuses: [200], override: true },
	);
	assert.deepEqual(d, { lifetime: null, tags: 'off' });
	assert.match(await problemsOf(`${API}    cdn: { browserMaxAge: 1m }\n`), /expected `maxAge` beside it/);
	assert.match(await problemsOf(`${API}    cdn: {}\n`), /expected `maxAge` or `tags`/);
});

const PURGE = `cdnLoop: Edge-1
purge:
  token: { env: TOKEN }
  targets:
    cloudflare: { zone: 023e105f, token: { env: CF } }
    fast: { type: fastly, service: SU1Z, token: { env: CF }, rate: 0 }
    other: { type: ballast, url: http://10.0.0.3:9900/, token: { env: TOKEN } }
    webhook: { url: { env: HOOK }, method: PURGE, headers: { Key: { env: CF } }, secret: { env: CF } }
`;

test('purge: the targets and their secrets', async () => {
	const config = await configOf(PURGE + API, {}, { env });
	assert.equal(config.cdnLoop, 'edge-1');
	const { token, targets } = config.purge;
	assert.equal(token, env.TOKEN);
	assert.deepEqual(
		targets.map(({ name, perMinute, to }) => [name, perMinute, to.type, to.url]),
		[
			['cloudflare', 5, 'cloudflare', 'https://api.cloudflare.com/client/v4'],
			['fast', 0, 'fastly', 'https://api.fastly.com'],
			['other', 600, 'ballast', 'http://10.0.0.3:9900'],
			['webhook', 60, 'webhook', env.HOOK],
		],
	);
	for (const shown of [printConfig(config), formatDiff(diffConfig(await configOf(API), config))])
		for (const secret of Object.values(env)) assert.ok(!shown.includes(secret), shown);
});

test('purge: what cannot be', async () => {
	const target = (text: string): string => `purge: { targets: { ${text} } }\n${API}`;
	const wrong: [string, RegExp][] = [
		[`purge: { token: secret }\n${API}`, /env: NAME/],
		[`purge: { token: { env: SHORT } }\n${API}`, /at least 16 characters/],
		[target('edge: { url: "https://a.example" }'), /expected a `type`/],
		[target('cloudflare: { zone: abc }'), /expected `token`: a target of type cloudflare needs it/],
		[target('cloudflare: { zone: a/../b, token: { env: CF } }'), /the id of a zone: letters and digits/],
		[target('cloudflare: { zone: a, token: { env: CF }, method: GET }'), /expected nothing here/],
		[target('webhook: { url: "https://{item}/x" }'), /in the path or the query/],
		[target('webhook: { url: "https://a.example/{url}" }'), /expected \{kind\} or \{item\}; `\{url\}` is neither/],
		[target('webhook: { url: "ftp://a.example/" }'), /expected a URL such as/],
		[target('webhook: { url: "https://a:b@a.example/" }'), /without a name and a password/],
		[`cdnLoop: "a b"\n${API}`, /expected a name such as edge-1/],
	];
	for (const [text, says] of wrong)
		assert.match(await problemsOf(text, {}, { env: { ...env, SHORT: 'short' } }), says, text);
});
