/** The cache's level in Redis, and the purges over it, against a real one: alone, with Sentinels, and as a Cluster. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FillState } from '../../src/cache/answer-store.ts';
import { AnswerMemory } from '../../src/cache/memory/answer-memory.ts';
import { type MemoryStore, openAnswerStore } from '../../src/cache/memory/memory-store.ts';
import { cacheKey, storedAnswer } from '../../src/cache/memory/testing/answers.ts';
import { PurgeTables } from '../../src/cache/purges/purge-tables.ts';
import type { SharedPurge } from '../../src/cache/purges/purge-times.ts';
import { LevelCounts } from '../../src/cache/redis/level-counts.ts';
import { PurgeStream } from '../../src/cache/redis/purge-stream.ts';
import { RedisKeys, sharedSecrets } from '../../src/cache/redis/redis-keys.ts';
import { RedisLevel } from '../../src/cache/redis/redis-level.ts';
import { SharedClock } from '../../src/cache/redis/shared-clock.ts';
import type { StoredAnswer } from '../../src/cache/stored-answer.ts';
import { parseAddress, type RedisNode } from '../../src/redis/address.ts';
import type { RedisConfig, RedisPlace } from '../../src/redis/config.ts';
import { RedisLink, type RedisState } from '../../src/redis/redis-link.ts';
import { Certificates } from '../support/certificates.ts';
import { freePorts } from '../support/free-ports.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { PRIMARY, RedisCluster, RedisSentinels } from '../support/redis-groups.ts';
import { eventually } from '../support/suite.ts';

const skip = NO_REDIS;
const NOBODY = { username: null, password: null };
const WAIT_MS = 30_000;

const configOf = (place: RedisPlace, login: RedisConfig['login'] = NOBODY): RedisConfig => ({
	place,
	login,
	database: 0,
	tls: null,
	keyPrefix: 'ballast:',
	secrets: [],
});
const nodesOf = (addresses: readonly string[]): RedisNode[] =>
	addresses.map((one) => parseAddress(one, 0) as RedisNode);
const single = ({ port }: RedisServer): RedisConfig => configOf({ kind: 'single', node: { host: '127.0.0.1', port } });

/** What of a node has to do with the shared cache, in this process. */
class Node {
	readonly level: RedisLevel;
	readonly stream: PurgeStream;
	readonly clock: SharedClock;
	readonly counts: SharedArrayBuffer = LevelCounts.create(1);
	readonly store: MemoryStore = openAnswerStore(AnswerMemory.create(4 * 1024 * 1024), 0);
	readonly applied: SharedPurge[] = [];
	missed = 0;
	/** Of them, because purges were lost. */
	lost = 0;
	alone = 0;
	readonly states: RedisState[] = [];

	constructor(config: RedisConfig, { aloneMs = 0 } = {}) {
		const [clock, purges] = [SharedClock.create(), PurgeTables.create()];
		const keys = new RedisKeys(config.keyPrefix);
		this.clock = new SharedClock(clock);
		const tables = new PurgeTables(purges);
		this.stream = new PurgeStream({
			commands: new RedisLink({ config }),
			reader: new RedisLink({ config, onState: (state) => this.states.push(state) }),
			key: keys.purges,
			clock: this.clock,
			tables,
			apply: (purge) => this.applied.push(purge),
			missed: (lost) => {
				this.missed++;
				if (lost) this.lost++;
			},
			alone: () => this.alone++,
			aloneMs,
		});
		this.level = new RedisLevel({
			link: new RedisLink({ config }),
			keys,
			secret: sharedSecrets(null).sign,
			clock: this.clock,
			purges: tables,
			counts: new LevelCounts(this.counts, 0),
			// Long enough for any machine.
			timeoutMs: 10_000,
			bodyMost: 1000,
			lifeMostMs: 60_000,
			tell: (changed) => void this.stream.tell({ changed }, false, 10_000),
		});
	}

	keep(key: string, body: string, changes: Partial<StoredAnswer> = {}): void {
		const entry = this.store.begin(cacheKey(key));
		assert.ok(entry !== null);
		const nowMs = Date.now();
		entry.setAnswer(storedAnswer({ requestMs: nowMs, responseMs: nowMs, length: body.length, ...changes }));
		entry.append(Buffer.from(body), 0, body.length);
		entry.complete(null);
		assert.equal(entry.state, FillState.whole);
		this.level.keep({ key: cacheKey(key), entry, lifeMs: 60_000, variantsMost: 32 });
		entry.release();
	}

	async find(key: string, vary: StoredAnswer['vary'] = []): Promise<string | null> {
		const found = await this.level.find({ key: cacheKey(key), suits: () => true, vary: () => vary });
		return found == null ? null : Buffer.concat([...(found.body as Iterable<Buffer>)]).toString();
	}

	get sums(): ReturnType<typeof LevelCounts.sum> {
		return LevelCounts.sum(this.counts);
	}

	/** Kept, and found again. */
	async works(key: string): Promise<boolean> {
		this.keep(key, key);
		return (await this.find(key)) === key;
	}

	async close(): Promise<void> {
		this.stream.close();
		await this.level.close();
	}
}

async function withNodes(config: RedisConfig, use: (...nodes: [Node, Node]) => Promise<void>): Promise<void> {
	const nodes: [Node, Node] = [new Node(config), new Node(config)];
	try {
		for (const [at, node] of nodes.entries()) await eventually(() => node.works(`hi ${at}`), Boolean, WAIT_MS);
		await use(...nodes);
	} finally {
		await Promise.all(nodes.map((node) => node.close()));
	}
}

/** Told by one, heard by the other. */
async function tells(one: Node, other: Node, tag: string): Promise<void> {
	void one.stream.tell({ tags: [tag] }, false, 0);
	const heard = ({ applied }: Node): boolean => applied.some((purge) => 'tags' in purge && purge.tags[0] === tag);
	await eventually(() => heard(other) || other.missed > 0, Boolean, WAIT_MS);
}

test('one Redis: answers, variants, what is no answer, purges', { skip }, async () => {
	const server = await RedisServer.start();
	try {
		await withNodes(single(server), async (one, two) => {
			one.keep('k', 'plain', { tags: ['t'] });
			await eventually(
				() => two.find('k'),
				(body) => body === 'plain',
				WAIT_MS,
			);
			// In the place of the one before, in two variants.
			const de = [{ name: 'accept-language', value: 'de' }];
			const fr = [{ name: 'accept-language', value: 'fr' }];
			one.keep('k', 'deutsch', { vary: de });
			one.keep('k', 'francais', { vary: fr });
			await eventually(
				() => two.find('k', fr),
				(body) => body === 'francais',
				WAIT_MS,
			);
			assert.equal(await two.find('k', de), 'deutsch');
			assert.equal(await two.find('k', []), null);
		});
	} finally {
		await server.end();
	}
});

test('one Redis: what is there may be damaged, of another kind or too large, and is no answer then', {
	skip,
}, async () => {
	const server = await RedisServer.start();
	try {
		await withNodes(single(server), async (one, two) => {
			const name = new RedisKeys('ballast:').answer(cacheKey('k'));
			const put = new RedisLink({ config: single(server) });
			try {
				await eventually(() => put.ready, Boolean, WAIT_MS);
				for (const [value, damaged] of [
					['no value of ours', 1],
					[Buffer.alloc(8 * 1024 * 1024, 'BCA1'), 2],
				] as const) {
					await put.run(name, ['SET', name, value], { timeoutMs: 10_000 });
					assert.equal(await two.find('k'), null);
					assert.equal(two.sums.damaged, damaged);
				}
				await put.run(name, ['DEL', name]);
				await put.run(name, ['LPUSH', name, 'a list']);
				assert.equal(await two.find('k'), null);
				assert.equal(two.sums.errors, 1);
				// It is written over, and one that is too large is not written.
				one.keep('k', 'good');
				await eventually(
					() => two.find('k'),
					(body) => body === 'good',
					WAIT_MS,
				);
				const { lost } = one.sums;
				one.keep('large', 'x'.repeat(1001));
				assert.equal(one.sums.lost, lost + 1);
				one.level.drop(cacheKey('k'));
				await eventually(
					() => two.find('k'),
					(body) => body === null,
					WAIT_MS,
				);
			} finally {
				put.close();
			}
		});
	} finally {
		await server.end();
	}
});

test('one Redis: a purge is heard by all, and what was asked for before it does not come back', { skip }, async () => {
	const server = await RedisServer.start();
	try {
		await withNodes(single(server), async (one, two) => {
			const beforeMs = Date.now();
			one.keep('k', 'old', { tags: ['t'] });
			await eventually(
				() => two.find('k'),
				(body) => body === 'old',
				WAIT_MS,
			);
			assert.equal(await one.stream.tell({ tags: ['t'] }, false, 10_000), true);
			assert.equal(await one.find('k'), null, 'at once where it was purged');
			await eventually(
				() => two.find('k'),
				(body) => body === null,
				WAIT_MS,
			);
			assert.deepEqual(two.applied, [{ tags: ['t'] }]);
			assert.deepEqual(one.applied, [], 'its own purge is not told to a node');
			// Asked for before the purge, and whole only now.
			const { kept } = two.sums;
			two.keep('k', 'old', { tags: ['t'], requestMs: beforeMs, responseMs: beforeMs });
			two.keep('other', 'new');
			await eventually(
				() => two.sums.kept,
				(now) => now > kept,
				WAIT_MS,
			);
			assert.equal(await one.find('k'), null);
			await eventually(
				async () => {
					two.keep('k', 'new', { tags: ['t'] });
					return one.find('k');
				},
				(body) => body === 'new',
				WAIT_MS,
			);
			one.level.changed(cacheKey('k'));
			await eventually(
				() => two.find('k'),
				(body) => body === null,
				WAIT_MS,
			);
			await eventually(
				() => two.applied.length,
				(count) => count === 2,
				WAIT_MS,
			);
			assert.deepEqual(two.applied[1], { changed: ['k'] });
		});
	} finally {
		await server.end();
	}
});

test('one Redis: killed, what was told meanwhile is told later; one that lost the stream is told of by `missed`', {
	skip,
}, async () => {
	const server = await RedisServer.start();
	try {
		await withNodes(single(server), async (one, two) => {
			await server.end();
			assert.equal(await one.stream.tell({ tags: ['later'] }, false, 0), false);
			await one.stream.drain(1);
			const left = [{ purge: { tags: ['later'] }, soft: false }];
			assert.deepEqual(one.stream.left(), left, 'it would be kept if this node ended now');
			await eventually(
				() => two.states.at(-1)?.up,
				(up) => up === false,
				WAIT_MS,
			);
			assert.equal(await two.find('hi 0'), null);
			await server.begin();
			// It has come back empty: nobody knows what was told in it before it died.
			await eventually(
				() => two.lost,
				(lost) => lost > 0,
				WAIT_MS,
			);
			await tells(one, two, 'later');
			await one.stream.drain(WAIT_MS);
			assert.equal(one.stream.waiting, 0);
			for (const node of [one, two]) await eventually(() => node.works('again'), Boolean, WAIT_MS);
			await eventually(
				() => two.states.at(-1)?.up,
				(up) => up === true,
				WAIT_MS,
			);
			assert.deepEqual(
				two.states.map(({ up }) => up),
				[true, false, true],
				'told once for an outage',
			);
			assert.match(two.states[1]?.why ?? '', /^(ECONNREFUSED|ECONNRESET|it closed the connection|not connected)$/);
		});
	} finally {
		await server.end();
	}
});

test('one Redis: stopped, it is left alone after a few tries; a node that hears nothing says so', {
	skip,
}, async () => {
	const server = await RedisServer.start();
	const node = new Node(single(server), { aloneMs: 200 });
	try {
		await eventually(() => node.works('k'), Boolean, WAIT_MS);
		server.freeze();
		await eventually(
			() => node.alone,
			(times) => times > 1,
			WAIT_MS,
		);
		server.thaw();
		await eventually(() => node.works('again'), Boolean, WAIT_MS);
		assert.equal(node.missed, 0, 'the stream is still there');
	} finally {
		server.thaw();
		await node.close();
		await server.end();
	}
});

test('one Redis: out of memory, what is there is given, nothing is kept, and purges are told later', {
	skip,
}, async () => {
	const server = await RedisServer.start();
	try {
		await withNodes(single(server), async (one, two) => {
			one.keep('k', 'there');
			await eventually(
				() => two.find('k'),
				(body) => body === 'there',
				WAIT_MS,
			);
			await server.ask('CONFIG', 'SET', 'maxmemory', '1');
			const { lost } = one.sums;
			one.keep('more', 'more');
			await eventually(
				() => one.sums.lost,
				(now) => now > lost,
				WAIT_MS,
			);
			assert.equal(await two.find('k'), 'there');
			assert.equal(await one.stream.tell({ tags: ['t'] }, false, 100), false);
			assert.equal(one.stream.waiting, 1);
			await server.ask('CONFIG', 'SET', 'maxmemory', '0');
			await eventually(
				() => two.applied.length,
				(count) => count === 1,
				WAIT_MS,
			);
			assert.ok(await eventually(() => one.works('again'), Boolean, WAIT_MS));
		});
	} finally {
		await server.end();
	}
});

test('a password: right, and wrong, which stands in no state', { skip }, async () => {
	const server = await RedisServer.start(['--requirepass', 'right-one']);
	const place = single(server).place;
	const states: RedisState[] = [];
	const wrong = new RedisLink({
		config: configOf(place, { username: null, password: 'wrong-one' }),
		onState: (state) => states.push(state),
	});
	try {
		await withNodes(configOf(place, { username: null, password: 'right-one' }), async (one) => {
			assert.ok(await one.works('k'));
		});
		await eventually(
			() => states.length,
			(count) => count > 0,
			WAIT_MS,
		);
		assert.deepEqual(states[0], { up: false, why: 'WRONGPASS' });
	} finally {
		wrong.close();
		await server.end();
	}
});

test('TLS: with the authority that signed its certificate, and without', { skip }, async () => {
	const certificates = new Certificates();
	const [port] = (await freePorts(1)) as [number];
	const { cert, key } = certificates.issue('redis.test');
	const server = await RedisServer.start([
		...['--tls-port', `${port}`, '--tls-cert-file', cert, '--tls-key-file', key],
		...['--tls-ca-cert-file', certificates.authorityFile, '--tls-auth-clients', 'no'],
	]);
	const config = configOf({ kind: 'single', node: { host: '127.0.0.1', port } });
	const tls = { ca: certificates.authority, caFile: certificates.authorityFile, name: 'redis.test' };
	const states: RedisState[] = [];
	const strange = new RedisLink({
		config: { ...config, tls: { ...tls, ca: null } },
		onState: (state) => states.push(state),
	});
	try {
		await withNodes({ ...config, tls }, async (one) => assert.ok(await one.works('k')));
		await eventually(
			() => states.length,
			(count) => count > 0,
			WAIT_MS,
		);
		assert.equal(states[0]?.up, false);
		assert.match(states[0]?.why ?? '', /^[A-Z_]+$/);
	} finally {
		strange.close();
		await server.end();
		certificates.remove();
	}
});

test('Sentinels: the primary is killed, another one takes over, and no purge is lost', { skip }, async () => {
	const group = await RedisSentinels.start();
	try {
		const place = { kind: 'sentinel', name: PRIMARY, nodes: nodesOf(group.addresses), login: NOBODY } as const;
		await withNodes(configOf(place), async (one, two) => {
			one.keep('k', 'old', { tags: ['t'] });
			await eventually(
				() => two.find('k'),
				(body) => body === 'old',
				WAIT_MS,
			);
			const [primary] = group.servers as [RedisServer];
			await primary.end();
			await tells(one, two, 't');
			for (const node of [one, two]) await eventually(() => node.works('again'), Boolean, WAIT_MS);
			assert.notEqual(await two.find('k'), 'old');
		});
	} finally {
		await group.end();
	}
});

test('a Cluster of three: keys lie at all of them, one of them may die', { skip }, async () => {
	const group = await RedisCluster.start();
	try {
		await withNodes(configOf({ kind: 'cluster', nodes: nodesOf(group.addresses) }), async (one, two) => {
			const keys = Array.from({ length: 12 }, (_, at) => `key ${at}`);
			for (const key of keys) one.keep(key, key, { tags: ['t'] });
			for (const key of keys)
				await eventually(
					() => two.find(key),
					(body) => body === key,
					WAIT_MS,
				);
			const sizes = await Promise.all(group.servers.map((server) => server.ask('DBSIZE')));
			assert.ok(
				sizes.every((size) => !size.startsWith(':0')),
				sizes.join(' '),
			);
			await tells(one, two, 't');
			for (const key of keys) assert.equal(await two.find(key), null);
			// Not the one that has the stream.
			const streams = await Promise.all(group.servers.map((server) => server.ask('EXISTS', 'ballast:cache:purges')));
			const other = group.servers[streams.findIndex((exists) => !exists.startsWith(':1'))] as RedisServer;
			await other.end();
			await tells(one, two, 'still');
			// What lies at others is kept and found still.
			const found = await Promise.all(
				keys.map(async (key) => {
					one.keep(key, key);
					return (await one.find(key)) === key;
				}),
			);
			assert.ok(found.some(Boolean), JSON.stringify(found));
		});
	} finally {
		await group.end();
	}
});
