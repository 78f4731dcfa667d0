import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Ended } from '../../src/app/rollout-run.ts';
import type { ServiceStatus } from '../../src/app/status.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { connect } from '../support/raw-client.ts';
import { eventually, get, post, statusOf } from '../support/suite.ts';

/** Keeps a session in a signed token of the client's, and nothing in the instance. */
const SESSION_JS = `
const { createHmac, timingSafeEqual } = require('node:crypto');
const sign = (text) => createHmac('sha256', process.env.SESSION_KEY).update(text).digest('base64url');
const seal = (session) => {
	const text = Buffer.from(JSON.stringify(session)).toString('base64url');
	return text + '.' + sign(text);
};
const open = (token) => {
	const [text = '', mac = ''] = token.split('.');
	const [a, b] = [Buffer.from(sign(text)), Buffer.from(mac)];
	return a.length === b.length && timingSafeEqual(a, b) ? JSON.parse(Buffer.from(text, 'base64url')) : null;
};
const server = require('node:http').createServer((request, response) => {
	request.resume();
	const url = new URL(request.url, 'http://localhost');
	const token = /(?:^|; )session=([^;]*)/.exec(request.headers.cookie ?? '')?.[1];
	const session = url.pathname === '/login' ? { user: url.searchParams.get('user'), seen: 0 } : open(token ?? '');
	if (session === null) return response.writeHead(401).end('who are you?');
	session.seen++;
	response.setHeader('Set-Cookie', 'session=' + seal(session) + '; HttpOnly');
	response.end(JSON.stringify({ ...session, version: process.argv[2], instance: process.env.BALLAST_INSTANCE }));
});
server.keepAliveTimeout = 60_000;
process.on('SIGTERM', () => server.close(() => process.exit(0)) && server.closeIdleConnections());
server.listen(process.env.PORT, '127.0.0.1');
`;

interface Seen {
	user: string;
	seen: number;
	version: string;
	instance: string;
}

/** A browser: it keeps the cookies that it is given. */
class Browser {
	readonly #port: number;
	readonly #cookies = new Map<string, string>();

	constructor(port: number) {
		this.#port = port;
	}

	async ask(request: (...lines: string[]) => string): Promise<Seen> {
		const client = await connect(this.#port);
		const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
		client.send(request(...(cookies === '' ? [] : [`Cookie: ${cookies}`])));
		const answer = await client.answer({ withinMs: 10_000 }).finally(() => client.destroy());
		for (const value of answer.fields('set-cookie')) {
			const found = /^([^=]+)=([^;]*)/.exec(value);
			if (found !== null) this.#cookies.set(found[1] as string, found[2] as string);
		}
		assert.equal(answer.status, 200, answer.text);
		return answer.json<Seen>();
	}

	login = (user: string) => this.ask((...lines) => post(`/login?user=${user}`, '', ...lines));
	look = () => this.ask((...lines) => get('/me', ...lines));
}

for (const balance of ['round-robin', 'cookie'])
	describe(`sessions survive, balanced by ${balance}`, () => {
		let ballast: Ballast;
		const config = (version: string) => ({
			workers: 2,
			stop: '1s',
			services: {
				app: {
					instances: {
						run: `node session.js ${version}`,
						grace: '3s',
						env: { SESSION_KEY: { env: 'TEST_SESSION_KEY' } },
					},
					scale: 3,
					balance,
					health: { interval: '300ms' },
					deploy: { steps: ['50%'], every: '200ms', requests: 10, errors: '50%', latency: 'off' },
				},
			},
		});
		const service = async () => (await statusOf(ballast)).services[0] as ServiceStatus;
		before(async () => {
			const env = { TEST_SESSION_KEY: 'only-for-tests' };
			ballast = await startBallast(config('one'), { files: { 'session.js': SESSION_JS }, env });
			await eventually(service, ({ ready }) => ready === 3, 10_000);
		});
		after(async () => {
			await ballast?.stop();
		});

		test('the instance that began one is killed: another goes on with it', async () => {
			const browser = new Browser(ballast.port);
			const first = await browser.login('ada');
			const seen = [first, await browser.look(), await browser.look()];
			assert.deepEqual(
				seen.map(({ user, seen }) => [user, seen]),
				[
					['ada', 1],
					['ada', 2],
					['ada', 3],
				],
			);
			if (balance === 'cookie') assert.equal(new Set(seen.map(({ instance }) => instance)).size, 1);
			const killed = (await service()).instances.find(({ id }) => id === first.instance);
			process.kill(killed?.pid as number, 'SIGKILL');
			for (let i = 4; i < 10; i++) {
				const next = await browser.look();
				assert.deepEqual([next.user, next.seen], ['ada', i]);
				if (i === 4) assert.notEqual(next.instance, first.instance);
			}
			await eventually(service, ({ ready }) => ready === 3, 10_000);
		});

		test('a new version takes over in the middle: it goes on with sessions of the old one', async () => {
			const browsers = await Promise.all(
				Array.from({ length: 12 }, async (_, i) => {
					const browser = new Browser(ballast.port);
					await browser.login(`user-${i}`);
					return browser;
				}),
			);
			ballast.configure(config('two'));
			const deployed = ballast.control('deploy', { service: 'app' }) as Promise<Ended>;
			let ended = false;
			void deployed.finally(() => (ended = true));
			const versions = new Set<string>();
			for (let round = 2; !ended || round < 6; round++) {
				for (const [i, browser] of browsers.entries()) {
					// New visitors come too: with affinity only they can be shared out.
					if (!ended) await new Browser(ballast.port).login('passing');
					const { user, seen, version } = await browser.look();
					assert.deepEqual([user, seen], [`user-${i}`, round]);
					versions.add(version);
				}
			}
			assert.equal((await deployed).outcome, 'promoted', (await deployed).text);
			for (const [i, browser] of browsers.entries()) {
				const { user, version } = await browser.look();
				assert.deepEqual([user, version], [`user-${i}`, 'two']);
				versions.add(version);
			}
			assert.ok(versions.has('one') && versions.has('two'), [...versions].join());
		});
	});
