import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'yaml';
import { CACHE_REDIS } from '../cache/cache-policy.ts';
import type { RedisConfig } from '../redis/config.ts';
import { diffConfig, formatDiff } from './diff.ts';
import { maskConfig } from './mask.ts';
import { printConfig } from './print.ts';
import { configOf, problemsOf } from './testing/load-text.ts';

const API = 'services:\n  api:\n    instances: http://h:1\n';
const env = {
	REDIS_URL: 'rediss://me:pass%20word-1@redis.example:7000/3',
	PASSWORD: 'password-2',
	SENTINEL: 'password-3',
	SECRET: 'a-secret-of-24-characters',
	SHORT: 'short',
	BAD: 'http://redis.example',
};
const SECRETS = ['pass%20word-1', 'pass word-1', env.PASSWORD, env.SENTINEL, env.SECRET];
const PLAIN: RedisConfig = {
	place: { kind: 'single', node: { host: '10.0.0.5', port: 6379 } },
	login: { username: null, password: null },
	database: 0,
	tls: null,
	keyPrefix: 'ballast:',
	secrets: [],
};
const stateOf = async (redis: string): Promise<RedisConfig | null> =>
	(await configOf(`state: { redis: ${redis} }\n${API}`, { 'ca.pem': PEM }, { env })).state.redis;
const PEM = '-----BEGIN CERTIFICATE-----\n';

test('a URL, short or long, and one by reference with all that it holds', async () => {
	assert.deepEqual(await stateOf('redis://10.0.0.5'), PLAIN);
	assert.deepEqual(await stateOf('{ url: "valkey://10.0.0.5:6379/0" }'), PLAIN);
	assert.deepEqual(await stateOf('{ url: { env: REDIS_URL }, keyPrefix: "shop:" }'), {
		place: { kind: 'single', node: { host: 'redis.example', port: 7000 } },
		login: { username: 'me', password: 'pass word-1' },
		database: 3,
		tls: { ca: null, caFile: null, name: null },
		keyPrefix: 'shop:',
		secrets: ['pass word-1', env.REDIS_URL],
	});
	assert.deepEqual((await stateOf('{ url: "redis://[::1]:1", tls: { ca: ./ca.pem, name: r } }'))?.tls, {
		ca: PEM,
		caFile: '/folder/ca.pem',
		name: 'r',
	});
});

test('Sentinels and a Cluster', async () => {
	assert.deepEqual(
		await stateOf(
			'{ sentinels: { name: main, nodes: [a, "b:1"], password: { env: SENTINEL } }, password: { env: PASSWORD } }',
		),
		{
			...PLAIN,
			place: {
				kind: 'sentinel',
				name: 'main',
				nodes: [
					{ host: 'a', port: 26_379 },
					{ host: 'b', port: 1 },
				],
				login: { username: null, password: env.SENTINEL },
			},
			login: { username: null, password: env.PASSWORD },
			secrets: [env.PASSWORD, env.SENTINEL],
		},
	);
	const nodes = [
		{ host: 'a', port: 6379 },
		{ host: '::1', port: 2 },
	];
	assert.deepEqual(await stateOf('{ cluster: [a, "[::1]:2"] }'), { ...PLAIN, place: { kind: 'cluster', nodes } });
});

test('what cannot be', async () => {
	const redis = (text: string): string => `state: { redis: ${text} }\n${API}`;
	const wrong: [string, RegExp][] = [
		[redis('{}'), /expected `url`, `sentinels` or `cluster`/],
		[redis('{ url: redis://a, cluster: [a] }'), /expected one of `url`, `sentinels`, `cluster`; there are 2/],
		[redis('http://a'), /expected a URL such as redis:/],
		[redis('{ url: { env: BAD } }'), /expected a URL such as redis:/],
		[redis('redis://a/x'), /expected a URL such as redis:/],
		[redis('redis://:word@a'), /without a password; give it as `password`/],
		[redis('{ url: { env: NONE } }'), /`NONE` is not set/],
		[redis('{ url: redis://a, password: word }'), /env: NAME/],
		[redis('{ cluster: ["a:b"] }'), /expected an address such as/],
		[redis('{ cluster: [a], database: 2 }'), /a cluster has only that database/],
		[redis('{ url: redis://a, keyPrefix: "a{b}" }'), /without blanks and braces/],
		[redis('{ url: redis://a, tls: { ca: ./none.pem } }'), /no such file/],
		[redis('{ uri: redis://a }'), /did you mean `url`/],
		[`cache: { redis: { timeout: 5ms } }\n${API}`, /expected a Redis to keep answers in: `state:/],
		[`cache: { redis: { secret: { env: SHORT } } }\n${redis('redis://a')}`, /at least 16 characters/],
	];
	for (const [text, says] of wrong) {
		const problems = await problemsOf(text, {}, { env });
		assert.match(problems, says, text);
		for (const secret of [...SECRETS, ':word@']) assert.ok(!problems.includes(secret), problems);
	}
});

test('cache.redis: on where there is a Redis, unless it is off', async () => {
	const cacheOf = async (text: string) => (await configOf(`${text}\n${API}`, {}, { env })).cache.redis;
	assert.equal(await cacheOf(''), null);
	assert.deepEqual(await cacheOf('state: { redis: redis://a }'), CACHE_REDIS);
	assert.equal(await cacheOf('state: { redis: redis://a }\ncache: { redis: off }'), null);
	assert.deepEqual(
		await cacheOf(
			'state: { redis: redis://a }\ncache: { redis: { timeout: 20ms, body: 2KiB, life: 1h, alone: off, secret: { env: SECRET } } }',
		),
		{ timeoutMs: 20, bodyBytes: 2048, lifeMs: 3_600_000, aloneMs: 0, secret: env.SECRET },
	);
});

test('what is printed, compared or given away has no secret, and is read as the same', async () => {
	for (const redis of [
		'{ url: { env: REDIS_URL } }',
		'{ sentinels: { name: m, nodes: [a], password: { env: SENTINEL } }, username: u, password: { env: PASSWORD } }',
		'{ cluster: [a], tls: { ca: ./ca.pem }, password: { env: PASSWORD } }',
	]) {
		const text = `state: { redis: ${redis} }\ncache: { redis: { secret: { env: SECRET } } }\n${API}`;
		const config = await configOf(text, { 'ca.pem': PEM }, { env });
		const printed = printConfig(config);
		const shown = [printed, formatDiff(diffConfig(await configOf(API), config)), JSON.stringify(maskConfig(config))];
		for (const one of shown) for (const secret of SECRETS) assert.ok(!one.includes(secret), one);
		const { state, cache } = parse(printed) as Record<string, { redis: Record<string, unknown> }>;
		assert.ok(Object.keys(state?.redis ?? {}).length > 3 && typeof cache?.redis === 'object', printed);
		assert.deepEqual(diffConfig(config, config), []);
	}
	const off = await configOf(`state: { redis: redis://a }\ncache: { redis: off }\n${API}`);
	assert.match(printConfig(off), /redis: off/);
});
