import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { connect } from '../support/raw-client.ts';
import { type Echo, type RawUpstream, startUpstream } from '../support/raw-upstream.ts';
import { eventually, get, statusOf } from '../support/suite.ts';

const NAMES = ['a', 'b', 'c', 'd'];

describe('balancing over the whole node', () => {
	const upstreams: RawUpstream[] = [];
	let ballast: Ballast;

	const config = () => {
		const urls = upstreams.map(({ url }) => url);
		const service = (name: string, balance: unknown, instances: unknown = urls) => ({
			match: `/${name}/*`,
			instances,
			balance,
		});
		return {
			workers: 2,
			stop: '0s',
			trust: '127.0.0.1/32',
			services: {
				round: service('round', 'round-robin'),
				weighted: service('weighted', 'weighted-round-robin', { urls: urls.map((url, i) => ({ url, weight: i + 1 })) }),
				least: service('least', 'least-connections'),
				random: service('random', 'random-two'),
				ewma: service('ewma', 'peak-ewma'),
				ip: service('ip', 'ip-hash'),
				header: service('header', { by: 'consistent-hash', key: 'header:x-tenant', loadFactor: 0 }),
				cookie: service('cookie', { by: 'consistent-hash', key: 'cookie:session', loadFactor: 0 }),
				query: service('query', { by: 'consistent-hash', key: 'query:user', loadFactor: 0 }),
				sticky: service('sticky', { by: 'cookie', cookie: { name: 'at', ttl: '1h' } }),
			},
		};
	};
	before(async () => {
		for (const name of NAMES) {
			const upstream = await startUpstream();
			upstream.name = name;
			upstreams.push(upstream);
		}
		ballast = await startBallast(config());
	});
	after(async () => {
		await ballast?.stop();
		for (const upstream of upstreams) await upstream.close();
	});

	/** By a connection of its own, so that both workers get some. */
	async function ask(request: string) {
		const client = await connect(ballast.port);
		client.send(request);
		const answer = await client.answer();
		client.destroy();
		assert.equal(answer.status, 200, answer.text);
		return { name: answer.json<Echo>().name, cookie: answer.field('set-cookie') };
	}
	async function shares(request: string, count: number): Promise<Record<string, number>> {
		const found: Record<string, number> = {};
		for (let i = 0; i < count; i++) {
			const { name } = await ask(request);
			found[name] = (found[name] ?? 0) + 1;
		}
		return found;
	}

	test('round-robin is fair though two workers take turns by themselves', async () => {
		const found = await shares(get('/round/x'), 80);
		for (const name of NAMES) assert.ok(Math.abs((found[name] ?? 0) - 20) <= 2, JSON.stringify(found));
	});

	test('weights hold', async () => {
		const found = await shares(get('/weighted/x'), 100);
		for (const [i, name] of NAMES.entries())
			assert.ok(Math.abs((found[name] ?? 0) - 10 * (i + 1)) <= 5, JSON.stringify(found));
	});

	test('least-connections sees what the other worker has in flight', async () => {
		for (const upstream of upstreams) upstream.on('/least/held', () => sleep(5000, undefined, { ref: false }));
		const holders = await Promise.all(Array.from({ length: 12 }, () => connect(ballast.port)));
		for (const [i, client] of holders.entries()) {
			client.send(get('/least/held'));
			await eventually(
				() => upstreams.reduce((sum, upstream) => sum + upstream.count('/least/held'), 0),
				(count) => count === i + 1,
			);
		}
		assert.deepEqual(
			upstreams.map((upstream) => upstream.count('/least/held')),
			[3, 3, 3, 3],
		);
		const { services } = await statusOf(ballast);
		assert.deepEqual(
			services.find(({ name }) => name === 'least')?.instances.map((instance) => instance.inFlight),
			[3, 3, 3, 3],
		);
		for (const client of holders) client.destroy();
	});

	test('random-two and peak-ewma use all instances', async () => {
		for (const path of ['/random/x', '/ewma/x']) {
			const found = await shares(get(path), 80);
			for (const name of NAMES) assert.ok((found[name] ?? 0) >= 1, `${path}: ${JSON.stringify(found)}`);
		}
	});

	test('the same key meets the same instance on each worker; keys spread', async () => {
		const keyed: Record<string, (key: string) => string> = {
			ip: (key) => get('/ip/x', `X-Forwarded-For: 10.0.${key}.7`),
			header: (key) => get('/header/x', `X-Tenant: tenant-${key}`),
			cookie: (key) => get('/cookie/x', `Cookie: other=1; session=s-${key}`),
			query: (key) => get(`/query/x?a=b&user=u-${key}`),
		};
		for (const [name, request] of Object.entries(keyed)) {
			const used = new Set<string>();
			for (let key = 0; key < 16; key++) {
				const met = await shares(request(String(key)), 4);
				assert.equal(Object.keys(met).length, 1, `${name}: key ${key} met ${JSON.stringify(met)}`);
				for (const one of Object.keys(met)) used.add(one);
			}
			assert.ok(used.size >= 3, `${name}: only ${[...used].join(', ')} took part`);
		}
	});

	test('a cookie keeps a client at its instance, also over a restart of Ballast, and moves when that is gone', async () => {
		const cookies = new Map<string, string>();
		for (let i = 0; i < 12; i++) {
			const { name, cookie } = await ask(get('/sticky/x'));
			assert.match(cookie ?? '', /^at=[0-9a-f]{1,8}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/);
			cookies.set(name, cookie?.split(';')[0] as string);
		}
		assert.ok(cookies.size >= 2);
		const stays = async () => {
			for (const [name, cookie] of cookies) {
				for (let i = 0; i < 4; i++) {
					assert.deepEqual(await ask(get('/sticky/x', `Cookie: x=1; ${cookie}`)), { name, cookie: undefined });
				}
			}
		};
		await stays();
		await ballast.stop();
		ballast = await startBallast(config());
		await stays();
		const [[name, cookie] = ['', '']] = cookies;
		const { services } = await statusOf(ballast);
		const upstream = upstreams.find((each) => each.name === name) as RawUpstream;
		const id =
			services.find((service) => service.name === 'sticky')?.instances.find(({ port }) => port === upstream.port)?.id ??
			'';
		await ballast.control('drain', { instance: id });
		const moved = await ask(get('/sticky/x', `Cookie: ${cookie}`));
		assert.notEqual(moved.name, name);
		assert.match(moved.cookie ?? '', /^at=/);
		assert.deepEqual(await ask(get('/sticky/x', `Cookie: ${moved.cookie?.split(';')[0]}`)), {
			name: moved.name,
			cookie: undefined,
		});
		assert.match((await ask(get('/sticky/x', 'Cookie: at=zzz'))).cookie ?? '', /^at=/);
	});
});
