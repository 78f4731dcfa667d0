/** The forms in which Redis is given: an address with a password, a client, a cluster; and what stands in it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cluster, Redis } from 'ioredis';
import { type CacheOptions, createCache } from '../../cache.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { eventually } from '../support/suite.ts';

const skip = NO_REDIS;

/** Two instances of one cache share values and hear invalidations. */
async function share(redis: NonNullable<CacheOptions['redis']>): Promise<void> {
	const [one, two] = [await createCache({ redis }), await createCache({ redis })];
	const of = (cache: typeof one, gives: string) => cache.cached('a', { ttl: '1h', tags: ['t'] }, () => gives);
	try {
		await eventually(
			async () => {
				await one.delete('a');
				await of(one, 'first');
				return of(two, 'second');
			},
			(value) => value === 'first',
			10_000,
		);
		await two.invalidate('t');
		await eventually(
			() => of(one, 'third'),
			(value) => value === 'third',
		);
	} finally {
		await Promise.all([one.close(), two.close()]);
	}
}

test('an address with a password, which stands in no error', { skip }, async () => {
	const server = await RedisServer.start(['--requirepass', 'a-pass-word']);
	try {
		await share(`redis://:a-pass-word@127.0.0.1:${server.port}`);
	} finally {
		await server.end();
	}
});

test('a client of the application, which stays open', { skip }, async () => {
	const server = await RedisServer.start();
	const client = new Redis(server.url);
	try {
		await share(client);
		assert.equal(await client.ping(), 'PONG');
	} finally {
		client.disconnect();
		await server.end();
	}
});

test('a cluster', { skip }, async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-redis-'));
	const server = await RedisServer.start([
		'--cluster-enabled',
		'yes',
		'--cluster-announce-ip',
		'127.0.0.1',
		'--dir',
		folder,
	]);
	const client = new Redis(server.url);
	await client.call('cluster', 'addslotsrange', '0', '16383');
	await eventually(
		async () => String(await client.call('cluster', 'info')),
		(info) => info.includes('cluster_state:ok'),
		10_000,
	);
	const cluster = new Cluster([{ host: '127.0.0.1', port: server.port }]);
	try {
		await share(cluster);
	} finally {
		cluster.disconnect();
		client.disconnect();
		await server.end();
		rmSync(folder, { recursive: true, force: true });
	}
});

test('what others have written under a key is no value', { skip }, async () => {
	const server = await RedisServer.start();
	const client = new Redis(server.url);
	const cache = await createCache({ redis: server.url });
	try {
		for (const [at, text] of [
			'',
			'x',
			'{}',
			'{"at":"now"}\n1',
			'[]\n1',
			`${'{'.repeat(20_000)}\n`,
			'{"at":1,"end":1e99}\nnot JSON',
		].entries()) {
			await client.set(`ballast:app:v:k${at}`, text);
			assert.equal(await cache.cached(`k${at}`, '1h', () => 'loaded'), 'loaded', text.slice(0, 20));
		}
		await client.publish(
			'bentocache.notifications:texts',
			'{"from":"x","message":{"keys":[1],"type":"set","namespace":"ballast:app"}}',
		);
		await client.publish('bentocache.notifications:texts', 'no JSON');
		assert.equal(await cache.cached('after', '1h', () => 'well'), 'well');
	} finally {
		await cache.close();
		client.disconnect();
		await server.end();
	}
});
