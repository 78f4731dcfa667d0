import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskConfig } from './mask.ts';
import { printConfig } from './print.ts';
import { configOf, loadText, serviceOf } from './testing/load-text.ts';

const env = { HEYGEN_TEST_KEY: 'key-of-the-first', HEYGEN_TEST_SECRET: 'whsec_of-the-endpoint' };
const options = [{}, { env }] as const;

const file = (rest: object = {}): string =>
	JSON.stringify({
		services: {
			heygen: {
				preset: 'heygen',
				accounts: [{ key: { env: 'HEYGEN_TEST_KEY' } }, { name: 'other', key: { env: 'HEYGEN_TEST_KEY' }, maxJobs: 3 }],
				webhooks: { secret: { env: 'HEYGEN_TEST_SECRET' } },
				...rest,
			},
		},
	});

test('the preset gives a plain service: places by account, stable keys, and how jobs are asked for', async () => {
	const service = await serviceOf(file(), ...options);
	const videos = service.routeOffloads['POST /v3/videos'] ?? assert.fail();
	assert.deepEqual(
		videos.lanes.map(({ name, concurrency, headers }) => [name, concurrency, headers]),
		[
			['account-1', 10, [['X-Api-Key', 'key-of-the-first']]],
			['other', 3, [['X-Api-Key', 'key-of-the-first']]],
		],
	);
	// Of the places alone depends how many are under way.
	assert.equal(videos.limits.concurrency, 0);
	assert.deepEqual(
		[videos.upstreamKey?.header, videos.upstreamKey?.lifeMs, videos.timeLimitMs],
		['Idempotency-Key', 86_400_000, 120_000],
	);
	assert.deepEqual([videos.external?.status.most, videos.external?.result?.ready], [100, '/data/video_url']);
	assert.deepEqual(videos.external?.webhook?.signature?.secrets, ['whsec_of-the-endpoint']);
	// All that makes jobs of an account shares its slots.
	const queues = Object.values(service.routeOffloads).flatMap((policy) => policy?.queue ?? []);
	assert.deepEqual(queues, ['heygen', 'heygen', 'heygen']);
	assert.deepEqual(service.requestHeaders.set, [['X-Api-Key', 'key-of-the-first']]);
	assert.ok(service.routeCaches['GET /v3/voices'] !== null);
});

test('what the service says itself is laid over it', async () => {
	const { pools, routeOffloads } = await serviceOf(
		file({
			instances: 'http://127.0.0.1:9480',
			routes: { 'POST /v3/videos': { offload: { external: { result: { fresh: '1h' } } } } },
		}),
		...options,
	);
	assert.equal(pools[0]?.instances.kind, 'urls');
	const { result, id } = routeOffloads['POST /v3/videos']?.external ?? assert.fail();
	assert.deepEqual([result?.freshMs, result?.waitMs, id], [3_600_000, 30_000, '/data/video_id']);
});

test('what is left is asked for, and what jobs cost is counted; limits hold for all that makes jobs', async () => {
	const policies = async (rest: object) =>
		Object.values((await serviceOf(file(rest), ...options)).routeOffloads).filter((one) => one !== null);
	for (const policy of await policies({})) {
		const { credit, spend } = policy;
		assert.deepEqual([credit?.path, credit?.below, credit?.left.length], ['/v3/users/me', 20, 3]);
		assert.deepEqual([spend?.perTenant, spend?.total, spend?.per], [null, null, 'day']);
	}
	const said = { credit: { below: 250 }, spend: { perTenant: 20, per: 'hour', price: { otherwise: 5 } } };
	const [videos, templates, translations] = await policies(said);
	for (const policy of [videos, templates, translations])
		assert.deepEqual(
			[policy?.credit?.below, policy?.credit?.path, policy?.spend?.perTenant, policy?.spend?.per],
			[250, '/v3/users/me', 20_000_000, 'hour'],
		);
	assert.deepEqual(videos?.spend?.price, {
		each: 0,
		perCharacter: 5600,
		text: ['/script'],
		otherwise: 5_000_000,
		times: null,
	});
	assert.deepEqual([templates?.spend?.price.text, translations?.spend?.price.each], [['/variables'], 4_000_000]);
	assert.equal(translations?.spend?.price.times, '/output_languages', 'each language costs');
	const [off] = await policies({ credit: 'off', spend: 'off' });
	assert.deepEqual([off?.credit, off?.spend], [null, null]);
});

test('beside a limit nothing that is not counted is made', async () => {
	const refused = async (rest: object): Promise<(string | undefined)[]> => {
		const { routes } = await serviceOf(file(rest), ...options);
		return routes.filter(({ respond }) => respond !== null).map(({ name }) => name);
	};
	for (const rest of [{}, { spend: 'off' }, { spend: { per: 'hour' } }, { spend: { perTenant: 'off' } }])
		assert.deepEqual(await refused(rest), []);
	for (const spend of [{ perTenant: 20 }, { total: 0 }, { tenants: { acme: 1 } }])
		assert.deepEqual(await refused({ spend }), ['POST /v3/*']);
});

test('no secret is shown', async () => {
	const config = await configOf(file(), ...options);
	for (const shown of [JSON.stringify(maskConfig(config)), printConfig(config)])
		assert.doesNotMatch(shown, /key-of-the-first|of-the-endpoint/);
});

test('what belongs together is asked for, and a key that is not there once', async () => {
	const problems = async (service: object, of: { env?: NodeJS.ProcessEnv } = { env }): Promise<string[]> => {
		const result = await loadText(JSON.stringify({ services: { heygen: service } }), {}, of);
		return result.ok ? [] : result.problems.map(({ message }) => message);
	};
	const { preset, ...rest } = JSON.parse(file()).services.heygen;
	assert.match((await problems({ ...rest, instances: 'http://h:1' }))[0] ?? '', /preset: heygen/);
	assert.match((await problems({ preset }))[0] ?? '', /needs `accounts`/);
	assert.match((await problems({ instances: 'http://h:1', credit: { below: 5 } }))[0] ?? '', /preset: heygen/);
	const [, other] = rest.accounts;
	assert.match((await problems({ preset, accounts: [other, other] }))[0] ?? '', /another account/);
	assert.equal((await problems({ preset, ...rest }, {})).length, 3);
	assert.match((await problems({ instances: 'http://h:1', offload: { external: { id: '/id' } } }))[0] ?? '', /`path`/);
});

test('two services do not share the path of a webhook by chance, nor the routes of a queue different places', async () => {
	const external = (secret: string) => ({
		id: '/id',
		status: { path: '/v/{id}', state: '/state', done: ['d'], failed: ['f'] },
		webhook: {
			path: '/hook',
			signature: { header: 'x-signature', secret: { env: secret } },
			id: '/id',
			word: '/w',
			done: ['d'],
			failed: ['f'],
		},
	});
	const service = (match: string, secret: string, more: object = {}) => ({
		match,
		instances: 'http://h:1',
		routes: { [`POST ${match}`]: { offload: { external: external(secret), ...more } } },
	});
	const check = async (services: object): Promise<string[]> => {
		const result = await loadText(JSON.stringify({ services }), {}, { env: { ONE: '1', TWO: '2' } });
		return result.ok ? [] : result.problems.map(({ message }) => message);
	};
	assert.deepEqual(await check({ a: service('/a', 'ONE'), b: service('/b', 'ONE') }), []);
	assert.match((await check({ a: service('/a', 'ONE'), b: service('/b', 'TWO') })).join(), /another webhook/);
	const a = service('/a', 'ONE', { lanes: { one: {} } });
	const both = { ...a, routes: { ...a.routes, 'POST /a/b': { offload: { lanes: { one: {}, two: {} } } } } };
	assert.match((await check({ a: both })).join(), /other places/);
});

test('all that makes jobs is copied where the preset says so; direct calls get a place, the first account', async () => {
	const policies = async (rest: object) =>
		Object.values((await serviceOf(file(rest), ...options)).routeOffloads).filter((one) => one !== null);
	for (const { external, when, lanes } of await policies({})) {
		assert.deepEqual([external?.result?.media, external?.cancel?.method], [null, 'DELETE']);
		assert.deepEqual(when, { ms: 60_000, lane: lanes[0]?.name });
	}
	for (const { external } of await policies({ media: { to: './films', room: '1GiB' } })) {
		const { media } = external?.result ?? assert.fail();
		assert.ok(media?.to.kind === 'disk' && /^\/.*\/films$/.test(media.to.folder));
		assert.deepEqual([media.roomBytes, media.mostBytes, media.keepMs], [1024 ** 3, 2 * 1024 ** 3, 2_592_000_000]);
	}
	const key = { env: 'HEYGEN_TEST_KEY' };
	const to = { bucket: 'films', endpoint: 'https://s3.example/', accessKeyId: key, secretAccessKey: key };
	const [videos] = await policies({ media: { to } });
	const place = videos?.external?.result?.media?.to;
	assert.ok(place?.kind === 's3' && place.endpoint === 'https://s3.example' && place.secretAccessKey !== '');
	const whole = await configOf(file({ media: { to } }), ...options);
	assert.doesNotMatch(JSON.stringify(maskConfig(whole)), /key-of-the-first/);
});
