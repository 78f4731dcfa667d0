import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { printConfig } from './print.ts';
import { configOf, problemsOf, warningsOf } from './testing/load-text.ts';

const API = 'services: { api: { instances: http://h:1 } }\n';
const GIB = 1024 ** 3;

test('where the cache keeps what it stores', async () => {
	assert.deepEqual((await configOf(`cache: { memory: 1GiB, disk: 10GiB, warm: true }\n${API}`)).cache, {
		memoryBytes: GIB,
		disk: { bytes: 10 * GIB, folder: null, fromBytes: 1024 * 1024 },
		warm: true,
		redis: null,
	});
	const folder = join(tmpdir(), 'x');
	const long = await configOf(`cache: { disk: { size: 1GiB, folder: ${folder}, from: 64KiB } }\nstore: off\n${API}`);
	assert.deepEqual(long.cache.disk, { bytes: GIB, folder, fromBytes: 65_536 });
	assert.equal((await configOf(`cache: { disk: off }\n${API}`)).cache.disk, null);
});

test('what is to last has a folder', async () => {
	const [disk, warm] = await Promise.all(
		['disk: 1GiB', 'warm: true'].map((key) => problemsOf(`cache: { ${key} }\nstore: off\n${API}`)),
	);
	assert.match(String(disk), /expected a `folder`, since `store` is off/);
	assert.match(String(warm), /expected a `store`: it is off/);
});

test('a disk that no answer is large enough for is said', async () => {
	assert.match(await warningsOf(`cache: { disk: { size: 64MiB, from: 1GiB } }\n${API}`), /nothing can lie on disk/);
	assert.equal(await warningsOf(`cache: { disk: 64MiB }\n${API}`), '');
});

test('a lifetime laid over that of single statuses is the same after it was printed', async () => {
	const api = `services:
  api:
    instances: http://h:1
    cache: { ttl: { 410: 5s } }
    routes: { /a: { cache: { ttl: 1m } }, /b: { cache: { negativeTtl: 2s } } }
`;
	const config = await configOf(api);
	assert.deepEqual(await configOf(printConfig(config)), config);
	assert.equal(config.services[0]?.routeCaches['/a']?.silent.byStatus[410], 5000);
});

test('a key of what instances do not get as it came is refused, and so is a cache of POST alone', async () => {
	const problems = async (cache: string) =>
		String(await problemsOf(`services: { api: { instances: http://h:1, cache: ${cache} } }`));
	assert.match(
		await problems('{ key: { headers: [x-tenant, X-Forwarded-For] } }'),
		/headers\[1\].*\n? *expected a field that instances get as the client sent it: `x-forwarded-for` is written anew/,
	);
	assert.match(
		await problems('{ key: { credential: "header:connection" } }'),
		/credential.*`connection` is written anew/s,
	);
	assert.match(await problems('{ methods: [POST] }'), /methods.*expected GET too/s);
	assert.equal(await problems('{ key: { headers: [host, cookie], credential: off }, methods: [POST, GET] }'), '');
});
