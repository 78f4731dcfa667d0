/** Ends of jobs, told by signed webhooks. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually, get, post, statusOf, suite } from '../support/suite.ts';

interface Delivery {
	path: string;
	headers: IncomingHttpHeaders;
	body: string;
}

const ASYNC = 'Prefer: respond-async';
const [NEW, OLD, FIXED] = [0, 1, 2].map(() => `whsec_${randomBytes(32).toString('base64')}`) as [
	string,
	string,
	string,
];

/** As a receiver does it, from https://www.standardwebhooks.com: any of the signatures will do. */
function verified({ headers, body }: Delivery, secret: string): boolean {
	const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
	const expected = createHmac('sha256', Buffer.from(secret.replace('whsec_', ''), 'base64'))
		.update(signed)
		.digest();
	const sent = String(headers['webhook-signature']).split(' ');
	const late = Math.abs(Date.now() / 1000 - Number(headers['webhook-timestamp']));
	return (
		late < 300 && sent.some((one) => one.startsWith('v1,') && equal(Buffer.from(one.slice(3), 'base64'), expected))
	);
}

const equal = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** What each path answers, in turn; the last one for ever. `hold`: nothing; a URL: a redirect to it. */
class Receiver {
	readonly deliveries: Delivery[] = [];
	readonly answers = new Map<string, (number | string)[]>();
	readonly #server: Server;

	constructor() {
		this.#server = createServer((request, response) => {
			const path = request.url ?? '';
			let body = '';
			request.on('data', (piece) => (body += piece));
			request.on('end', () => {
				this.deliveries.push({ path, headers: request.headers, body });
				const answers = this.answers.get(path) ?? [204];
				const answer = answers.length > 1 ? answers.shift() : answers[0];
				if (typeof answer === 'string' && answer !== 'hold') response.writeHead(307, { location: answer }).end();
				else if (answer !== 'hold') response.writeHead(answer as number).end();
			});
		});
	}

	async start(): Promise<void> {
		await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
	}

	get host(): string {
		return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	of(path: string): Delivery[] {
		return this.deliveries.filter((one) => one.path === path);
	}

	/** Until so many came. */
	came(path: string, count = 1): Promise<Delivery[]> {
		return eventually(
			async () => this.of(path),
			(found) => found.length >= count,
			20_000,
		);
	}

	stop(): void {
		this.#server.closeAllConnections();
		this.#server.close();
	}
}

const NAME = 'hooks.rebind.example';
/** Stands for the system's resolver, as whoever has a domain may have it answer. */
const RESOLVER = (zone: string): string => `
import { readFileSync, writeFileSync } from 'node:fs';
import { promises as dns } from 'node:dns';
const { lookup } = dns;
dns.lookup = async (host, options) => {
	if (host !== ${JSON.stringify(NAME)}) return lookup(host, options);
	const [address, ...others] = readFileSync(${JSON.stringify(zone)}, 'utf8').split(' ');
	if (others.length > 0) writeFileSync(${JSON.stringify(zone)}, others.join(' '));
	return [{ address, family: 4 }];
};
`;

describe('webhooks', () => {
	const receiver = new Receiver();
	const env: Record<string, string> = { NEW_SECRET: NEW, OLD_SECRET: OLD, FIXED_SECRET: FIXED };
	/** What the program is told of names: the addresses of the next look-ups, the last one for ever. */
	const folder = mkdtempSync(join(tmpdir(), 'ballast-zone-'));
	const zone = join(folder, 'zone');
	const resolver = join(folder, 'resolver.mjs');
	before(() => {
		writeFileSync(zone, '127.0.0.1');
		writeFileSync(resolver, RESOLVER(zone));
		env['NODE_OPTIONS'] = `--import=${resolver}`;
		return receiver.start();
	});
	after(() => {
		receiver.stop();
		rmSync(folder, { recursive: true });
	});
	const it = suite(
		({ url }) => {
			env['FIXED_URL'] = `http://${receiver.host}/fixed`;
			return {
				workers: 2,
				jobs: {
					webhooks: {
						secret: [{ env: 'NEW_SECRET' }, { env: 'OLD_SECRET' }],
						allow: ['127.0.0.1'],
						http: [receiver.host, `${NAME}:${new URL(`http://${receiver.host}`).port}`],
						retries: ['100ms', '100ms', '100ms'],
					},
				},
				services: {
					app: {
						instances: [url],
						offload: { webhook: 'asked', attempts: 1 },
						routes: {
							'POST /fixed': { offload: { webhook: { url: { env: 'FIXED_URL' }, secret: { env: 'FIXED_SECRET' } } } },
							'POST /none': { offload: { webhook: 'off' } },
						},
					},
				},
			};
		},
		{ env },
	);
	const made = async (path: string, hook: string, ...lines: string[]): Promise<string> => {
		const answer = await it.ask(post(path, 'x', ASYNC, `Webhook-URL: http://${receiver.host}${hook}`, ...lines));
		assert.equal(answer.status, 202, answer.raw);
		return (answer.field('location') as string).slice('/jobs/'.length);
	};
	const figures = async () => (await statusOf(it.ballast)).jobs?.webhooks;

	test('tried again after a 500 under the same id, signed with both secrets', async () => {
		receiver.answers.set('/flaky', [500, 302, 204]);
		const id = await made('/render', '/flaky');
		const [first, second, third] = (await receiver.came('/flaky', 3)) as [Delivery, Delivery, Delivery];
		for (const one of [first, second, third]) {
			assert.ok(verified(one, NEW) && verified(one, OLD));
			assert.ok(!verified({ ...one, body: `${one.body} ` }, NEW));
			assert.equal(one.headers['webhook-id'], first.headers['webhook-id']);
			assert.equal(one.body, first.body);
		}
		assert.equal(third.headers['content-type'], 'application/json');
		const { type, timestamp, data } = JSON.parse(third.body);
		assert.equal(type, 'job.succeeded');
		assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000);
		assert.deepEqual(data, {
			id,
			state: 'succeeded',
			location: `/jobs/${id}`,
			result: `/jobs/${id}/result`,
			status: 200,
			attempts: 1,
			error: null,
		});
		await eventually(figures, (of) => of?.sent === 1 && of.failed === 2 && of.waiting === 0);
		const [sent] = it.upstream.requests.filter(({ path }) => path === '/render');
		assert.equal(sent?.field('webhook-url'), undefined);
	});

	test('a failed and a cancelled job, too; 410 is the last try', async () => {
		it.upstream.on('/broken', 'HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n');
		receiver.answers.set('/gone', [410]);
		const before = (await figures())?.givenUp ?? 0;
		await made('/broken', '/gone');
		const [gone] = await receiver.came('/gone');
		assert.deepEqual(
			[JSON.parse(gone?.body ?? '').type, JSON.parse(gone?.body ?? '').data.status],
			['job.failed', 400],
		);
		await eventually(figures, (of) => of?.givenUp === before + 1 && of.waiting === 0);
		assert.equal(receiver.of('/gone').length, 1);
		// For the jobs behind it, too, over a restart, until somebody takes that back.
		process.kill((await statusOf(it.ballast)).core.pid, 'SIGKILL');
		await eventually(
			() => figures().catch(() => null),
			(of) => of?.gone === 1 && of.givenUp === 0,
			20_000,
		);
		await made('/broken', '/gone');
		await eventually(figures, (of) => of?.givenUp === 1 && of.waiting === 0);
		assert.equal(receiver.of('/gone').length, 1);
		const { receivers } = (await it.ballast.control('jobs', { do: 'receivers' })) as { receivers: { host: string }[] };
		assert.deepEqual(
			receivers.map(({ host }) => host),
			['127.0.0.1'],
		);
		assert.deepEqual(await it.ballast.control('jobs', { do: 'enable', receiver: '127.0.0.1' }), { enabled: 1 });
		await made('/broken', '/gone');
		await receiver.came('/gone', 2);
		it.upstream.on('/long', () => new Promise(() => {}));
		const id = await made('/long', '/cancelled');
		assert.equal((await it.ask(`DELETE /jobs/${id} HTTP/1.1\r\nHost: test\r\n\r\n`, 'DELETE')).status, 200);
		const [cancelled] = await receiver.came('/cancelled');
		assert.equal(JSON.parse(cancelled?.body ?? '').type, 'job.cancelled');
	});

	test('a name that leads elsewhere a moment later gains nothing, nor does a redirect', async () => {
		const port = new URL(`http://${receiver.host}`).port;
		// Not allowed, and on this machine: whoever is called there was led astray.
		const victim = createServer((_, response) => {
			called++;
			response.end();
		});
		let called = 0;
		await new Promise<void>((resolve, reject) =>
			victim.once('error', reject).listen(Number(port), '127.0.0.9', resolve),
		);
		try {
			const givenUp = (id: string): Promise<boolean> =>
				eventually(
					async () => it.ballast.output().includes(`nobody was told that job ${id} is succeeded`),
					(is) => is,
				);
			const asked = async (path: string): Promise<string> => {
				const answer = await it.ask(post('/render', 'x', ASYNC, `Webhook-URL: http://${NAME}:${port}${path}`));
				assert.equal(answer.status, 202, answer.raw);
				return (answer.field('location') as string).slice('/jobs/'.length);
			};
			// Judged when it is connected to, each time anew, and that very address is called.
			writeFileSync(zone, '127.0.0.9');
			await givenUp(await asked('/astray'));
			writeFileSync(zone, '127.0.0.1 127.0.0.9');
			await asked('/right');
			await receiver.came('/right');
			writeFileSync(zone, '127.0.0.1 127.0.0.9');
			receiver.answers.set('/moved', [`http://127.0.0.9:${port}/`]);
			await givenUp(await asked('/moved'));
			assert.deepEqual([called, receiver.of('/moved').length, receiver.of('/astray').length], [0, 1, 0]);
		} finally {
			victim.closeAllConnections();
			victim.close();
		}
	});

	test('a URL that is not to be called is refused with the reason, and nothing is stored', async () => {
		for (const [url, reason] of [
			['http://hooks.example.com/', 'scheme'],
			['https://a:b@hooks.example.com/', 'credentials'],
			['https://hooks.example.com:22/', 'port'],
			['https://169.254.169.254/', 'metadata'],
			['https://[::ffff:10.0.0.1]/', 'private'],
			['https://0x7f.2/', 'loopback'],
			['nonsense', 'not_a_url'],
		] as const) {
			const answer = await it.ask(post('/refused', 'x', ASYNC, `Webhook-URL: ${url}`));
			assert.equal(answer.status, 422, url);
			const problem = answer.json<{ code: string; reason: string; detail: string }>();
			assert.deepEqual([problem.code, problem.reason], ['webhook_refused', reason], url);
			assert.ok(problem.detail.length > 0);
		}
		assert.equal(it.upstream.count('/refused'), 0);
	});

	test('a route may say who is told; where none is, the field is the API’s', async () => {
		assert.equal((await it.ask(post('/fixed', 'x', ASYNC))).status, 202);
		const [fixed] = await receiver.came('/fixed');
		assert.ok(verified(fixed as Delivery, FIXED) && !verified(fixed as Delivery, NEW));
		assert.equal((await it.ask(post('/none', 'x', ASYNC, 'Webhook-URL: nonsense'))).status, 202);
		await eventually(
			async () => it.upstream.count('/none'),
			(count) => count === 1,
		);
		assert.equal(it.upstream.requests.find(({ path }) => path === '/none')?.field('webhook-url'), 'nonsense');
	});

	test('kill -9 between the end of a job and its telling: told by the next one, under the same id', async () => {
		receiver.answers.set('/held', ['hold', 204]);
		const id = await made('/render', '/held');
		await receiver.came('/held');
		process.kill((await statusOf(it.ballast)).core.pid, 'SIGKILL');
		const [first, second] = (await receiver.came('/held', 2)) as [Delivery, Delivery];
		assert.equal(second.headers['webhook-id'], first.headers['webhook-id']);
		assert.equal(second.body, first.body);
		assert.ok(verified(second, NEW));
		await eventually(
			async () => (await it.ask(get(`/jobs/${id}`))).json<{ state: string }>(),
			({ state }) => state === 'succeeded',
		);
		await eventually(figures, (of) => of?.waiting === 0 && of.sent === 1);
	});
});
