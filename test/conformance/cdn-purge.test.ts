import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { PurgeTargetConfig } from '../../src/cdn/config.ts';
import { type PurgeEvent, PurgeQueue, type PurgeQueueOptions } from '../../src/cdn/purge-queue.ts';
import { targetOf } from '../../src/cdn/targets/target-of.ts';
import { FakeCloudflare, ZONE } from '../fakes/cdn/fake-cloudflare.ts';

const urls = (count: number): string[] => Array.from({ length: count }, (_, i) => `https://www.example.com/p/${i}`);

describe('Cloudflare', () => {
	let cloudflare: FakeCloudflare;
	let events: PurgeEvent[] = [];
	/** Pauses of the queue, none of which is waited for. */
	let pauses: number[] = [];
	before(async () => {
		cloudflare = await FakeCloudflare.start();
	});
	after(async () => {
		await cloudflare.close();
	});
	beforeEach(() => {
		events = [];
		pauses = [];
		cloudflare.cached = [];
		cloudflare.calls.length = cloudflare.violations.length = 0;
		cloudflare.tokens = Number.POSITIVE_INFINITY;
		for (const url of urls(250)) cloudflare.keep(url, 'page', `page-${url.split('/').at(-1)}`);
		cloudflare.keep('https://www.example.com/other', 'Other');
	});

	function queue(changes: Partial<PurgeQueueOptions> = {}, token: string = cloudflare.token): PurgeQueue {
		const config: PurgeTargetConfig = {
			name: 'edge',
			perMinute: 0,
			to: { type: 'cloudflare', zone: ZONE, token, url: cloudflare.url },
			secrets: [token],
		};
		return new PurgeQueue({
			name: 'edge',
			target: targetOf(config),
			perMinute: 0,
			say: (event) => events.push(event),
			random: () => 0.5,
			wait: (ms) => {
				pauses.push(ms);
				return Promise.resolve();
			},
			...changes,
		});
	}
	const bodies = (): string[] => cloudflare.calls.map(({ body }) => Object.keys(body).join());

	test('URLs go a hundred a call, each once', async () => {
		const own = queue();
		assert.deepEqual(await own.push({ urls: [...urls(250), ...urls(10)] }, false), { state: 'done' });
		assert.deepEqual(cloudflare.fresh, ['https://www.example.com/other']);
		assert.deepEqual(
			cloudflare.calls.map(({ body }) => (body['files'] as string[]).length),
			[100, 100, 50],
		);
		assert.deepEqual(cloudflare.violations, []);
		assert.equal(own.view().purged, 250);
		assert.deepEqual(events, []);
	});

	test('tags, prefixes, hosts and all', async () => {
		await queue().push({ tags: ['page-1', 'other'] }, false);
		assert.equal(cloudflare.fresh.length, 249);
		await queue().push({ prefixes: ['www.example.com/p/24', 'www.example.com/p/1'] }, false);
		assert.ok(!cloudflare.fresh.some((url) => /\/p\/(?:24|1)/.test(url)));
		await queue().push({ prefixes: ['www.example.com/'] }, false);
		assert.deepEqual(cloudflare.fresh, []);
		cloudflare.keep('https://www.example.com/again');
		await queue().push({ everything: true }, false);
		assert.deepEqual(cloudflare.fresh, []);
		assert.deepEqual(bodies(), ['tags', 'prefixes', 'hosts', 'purge_everything']);
		assert.deepEqual(cloudflare.violations, []);
	});

	test('a soft purge leaves what is there, stale', async () => {
		await queue().push({ tags: ['page'] }, true);
		assert.deepEqual(cloudflare.fresh, ['https://www.example.com/other']);
		assert.equal(cloudflare.cached.length, 251);
		assert.match(cloudflare.calls[0]?.path ?? '', /invalidate_cache$/);
	});

	test('what fails is tried again with a growing pause, and told once', async () => {
		cloudflare.faults.push(500, 'reset', 'unsuccessful', 429);
		const own = queue();
		assert.deepEqual(await own.push({ urls: ['https://www.example.com/other'] }, false), { state: 'done' });
		assert.deepEqual(pauses, [1000, 2000, 4000, 8000]);
		assert.deepEqual(
			events.map(({ severity, text }) => `${severity} ${text}`),
			[
				'warn purge target edge: failed and is tried again: answered 500: 1000: internal error',
				'info purge target edge: works again',
			],
		);
		const { failed, lost, waiting } = own.view();
		assert.deepEqual({ failed, lost, waiting }, { failed: 4, lost: 0, waiting: 0 });
	});

	test('how long it asks to be left alone is kept to', async () => {
		cloudflare.faults.push(429);
		await queue({ random: () => -0.4 }).push({ everything: true }, false);
		assert.deepEqual(pauses, [1000], 'Retry-After, more than the pause of its own');
	});

	test('one URL that is not of the zone does not take the others with it', async () => {
		const asked = ['https://foreign.example/x', ...urls(20)];
		const outcome = await queue().push({ urls: asked }, false);
		assert.equal(outcome.state, 'lost');
		assert.match(outcome.state === 'lost' ? outcome.why : '', /1092: Invalid URL/);
		assert.ok(!cloudflare.fresh.some((url) => urls(20).includes(url)));
		const lost = events.filter((event) => event.lost !== undefined);
		assert.deepEqual(
			lost.map((event) => event.lost),
			[1],
		);
		assert.match(lost[0]?.text ?? '', /https:\/\/foreign\.example\/x is not purged there/);
		assert.ok(cloudflare.calls.length < 14, `${cloudflare.calls.length} calls`);
	});

	test('a token that is refused loses nothing, and is not shown', async () => {
		let now = 1_000_000;
		const own = queue({ now: () => (now += 200_000) }, 'wrong-and-secret-token');
		const outcome = await own.push({ urls: ['https://www.example.com/other'] }, false);
		assert.equal(outcome.state, 'lost', 'given up after an hour');
		assert.ok(pauses.length > 2);
		assert.match(events[0]?.text ?? '', /403: 10000: Authentication error/);
		assert.ok(!JSON.stringify(events).includes('wrong-and-secret'));
	});

	test('calls keep to the rate: those of a bucket at once, then by and by', async () => {
		let now = 1_000_000;
		const own = queue({
			perMinute: 5,
			now: () => now,
			wait: (ms) => {
				pauses.push(ms);
				now += ms;
				return Promise.resolve();
			},
		});
		cloudflare.tokens = 27;
		const all = Array.from({ length: 27 }, (_, i) =>
			// Kinds in turn, so that none goes with another.
			own.push(i % 2 === 0 ? { tags: [`t${i}`] } : { urls: [`https://www.example.com/x/${i}`] }, i % 4 < 2),
		);
		await Promise.all(all);
		assert.ok(
			pauses.every((ms) => ms === 12_000),
			JSON.stringify(pauses),
		);
		assert.deepEqual(cloudflare.violations, []);
	});

	test('while one call is under way the rest gathers, and all of it supersedes it', async () => {
		const own = queue();
		const first = own.push({ urls: ['https://www.example.com/other'] }, false);
		const more = urls(30).map((url) => own.push({ urls: [url] }, false));
		const all = own.push({ everything: true }, false);
		await Promise.all([first, ...more, all]);
		assert.deepEqual(bodies(), ['files', 'purge_everything']);
	});

	test('what does not fit is lost, and counted', async () => {
		cloudflare.faults.push('silent');
		const own = queue();
		void own.push({ urls: ['https://www.example.com/held'] }, false);
		await own.push({ urls: [] }, false);
		const many = Array.from({ length: 10_050 }, (_, i) => `https://www.example.com/m/${i}`);
		void own.push({ urls: many }, false);
		assert.equal(own.view().lost, 50);
		assert.match(events.at(-1)?.text ?? '', /and 47 more are not purged there: too many wait/);
		assert.equal(own.hand().length, 10_001, 'what is under way is left to whoever goes on');
	});

	test('the next core goes on with what waits', async () => {
		cloudflare.faults.push('silent');
		const before = queue();
		void before.push({ urls: ['https://www.example.com/other'] }, false);
		void before.push({ tags: ['page-7'] }, true);
		const next = queue();
		next.adopt([]);
		next.adopt(JSON.parse(JSON.stringify(before.left())));
		before.hand();
		await next.push({ tags: ['page-8'] }, true);
		assert.equal(next.view().purged, 3);
		assert.equal(cloudflare.fresh.length, 248);
	});
});

interface Received {
	method: string;
	url: string;
	headers: IncomingHttpHeaders;
	body: string;
}

describe('webhooks and Fastly', () => {
	const received: Received[] = [];
	const server = createServer((request, response) => {
		const parts: Buffer[] = [];
		request.on('data', (part: Buffer) => parts.push(part));
		request.on('end', () => {
			const { method = '', url = '', headers } = request;
			received.push({ method, url, headers, body: Buffer.concat(parts).toString() });
			response.end('{"status":"ok"}');
		});
	});
	let base = '';
	before(async () => {
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	});
	after(() => server.close());
	beforeEach(() => received.splice(0));

	const target = (to: PurgeTargetConfig['to']) => targetOf({ name: 'hook', perMinute: 0, to, secrets: [] });

	test('a webhook gets signed JSON', async () => {
		const hook = { type: 'webhook', method: 'POST', headers: [['X-Key', 'k']] } as const;
		const own = target({ ...hook, url: `${base}/purge/{kind}`, secret: `whsec_${btoa('key of the hook')}` });
		await own.purge({ tags: ['a', 'b'] }, true);
		const [{ url, headers, body }] = received as [Received];
		assert.equal(url, '/purge/tags');
		assert.equal(headers['x-key'], 'k');
		const { timeMs, ...rest } = JSON.parse(body) as Record<string, unknown>;
		assert.deepEqual(rest, { kind: 'tags', tags: ['a', 'b'], soft: true });
		assert.ok(Math.abs(Number(timeMs) - Date.now()) < 60_000);
		const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
		const expected = createHmac('sha256', 'key of the hook').update(signed).digest('base64');
		assert.equal(headers['webhook-signature'], `v1,${expected}`);
	});

	test('with {item} each item has a call, by any method', async () => {
		const url = `${base}/purge?url={item}`;
		const own = target({ type: 'webhook', method: 'PURGE', headers: [], url, secret: null });
		assert.equal(own.most.urls, 1);
		await own.purge({ urls: ['https://www.example.com/a?b=1&c=$&'] }, false);
		assert.equal(received[0]?.method, 'PURGE');
		assert.equal(received[0]?.url, '/purge?url=https%3A%2F%2Fwww.example.com%2Fa%3Fb%3D1%26c%3D%24%26');
		assert.equal(received[0]?.headers['webhook-signature'], undefined);
	});

	test('Fastly: by key in one call, by URL, all; not by prefix', async () => {
		const own = target({ type: 'fastly', service: 'SU1Z0', token: 'fastly-token', url: base });
		await own.purge({ tags: ['a', 'b'] }, true);
		await own.purge({ urls: ['https://www.example.com/a?b=1'] }, false);
		await own.purge({ everything: true }, true);
		assert.deepEqual(
			received.map(({ method, url, headers, body }) => [method, url, headers['fastly-soft-purge'], body]),
			[
				['POST', '/service/SU1Z0/purge', '1', '{"surrogate_keys":["a","b"]}'],
				['POST', '/purge/www.example.com/a?b=1', undefined, ''],
				['POST', '/service/SU1Z0/purge_all', undefined, ''],
			],
		);
		assert.ok(received.every(({ headers }) => headers['fastly-key'] === 'fastly-token'));
		const events: PurgeEvent[] = [];
		const queue = new PurgeQueue({ name: 'fastly', target: own, perMinute: 0, say: (event) => events.push(event) });
		const outcome = await queue.push({ prefixes: ['www.example.com/a'] }, false);
		assert.deepEqual(outcome, { state: 'lost', why: 'prefixes cannot be purged there' });
		assert.equal(events.length, 1);
	});
});
