import assert from 'node:assert/strict';
import {
	createServer,
	get,
	type IncomingMessage,
	type Server,
	type ServerResponse,
	setGlobalProxyFromEnv,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import test from 'node:test';
import { callWebhook, type Resolve, type WebhookAnswer } from './call-webhook.ts';
import { WebhookJudge } from './webhook-rules.ts';

const HOST = 'hooks.example';
/** Longer than any test waits. */
const LONG_MS = 60_000;

interface Stage extends AsyncDisposable {
	port: number;
	/** Bodies that came. */
	bodies: string[];
	/** Calls it under its name. */
	call(of?: { resolve?: Resolve; waitMs?: number; allow?: string[] }): Promise<WebhookAnswer>;
}

const at =
	(...addresses: string[]): Resolve =>
	async () =>
		addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

async function receiver(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Stage> {
	const bodies: string[] = [];
	const server: Server = createServer((request, response) => {
		let text = '';
		request.setEncoding('utf8').on('data', (piece) => (text += piece));
		request.on('end', () => {
			bodies.push(text);
			answer(request, response);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		port,
		bodies,
		call: ({ resolve = at('127.0.0.1'), waitMs = LONG_MS, allow = ['127.0.0.1/32'] } = {}) => {
			const judge = new WebhookJudge({ allow, http: [`${HOST}:${port}`], ports: [443] });
			const call = { url: `http://${HOST}:${port}/in`, headers: { 'webhook-id': 'msg_1' }, body: '{"é":1}', waitMs };
			return callWebhook(call, judge, resolve);
		},
		async [Symbol.asyncDispose]() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

test('what was judged is called by its name, once looked up', async () => {
	let seen: IncomingMessage | undefined;
	await using stage = await receiver((request, response) => {
		seen = request;
		response.writeHead(202).end('thanks');
	});
	let asked = 0;
	const resolve: Resolve = (host) => {
		asked++;
		return at('127.0.0.1')(host);
	};
	assert.deepEqual(await stage.call({ resolve }), { kind: 'answered', status: 202, retryAfter: undefined });
	assert.equal(asked, 1);
	assert.deepEqual(stage.bodies, ['{"é":1}']);
	const { host, 'webhook-id': id, 'content-type': type } = seen?.headers ?? {};
	assert.deepEqual([seen?.method, host, id, type], ['POST', `${HOST}:${stage.port}`, 'msg_1', 'application/json']);
});

test('one address that is not public among others: nobody is connected to', async () => {
	await using stage = await receiver((_, response) => response.end());
	for (const [bad, reason] of [
		['127.0.0.2', 'loopback'],
		['::ffff:127.0.0.2', 'loopback'],
		['::1', 'loopback'],
		['10.0.0.1', 'private'],
		['64:ff9b::a9fe:a9fe', 'metadata'],
	] as const)
		assert.deepEqual(await stage.call({ resolve: at('127.0.0.1', bad) }), { kind: 'refused', reason });
	assert.deepEqual(await stage.call({ allow: [] }), { kind: 'refused', reason: 'loopback' });
	assert.deepEqual(stage.bodies, []);
});

test('a literal address is judged again', async () => {
	const judge = new WebhookJudge({ allow: [], http: [], ports: [443] });
	const call = { url: 'https://[::ffff:7f00:1]/', headers: {}, body: '', waitMs: LONG_MS };
	const never: Resolve = () => assert.fail('nothing is looked up');
	assert.deepEqual(await callWebhook(call, judge, never), { kind: 'refused', reason: 'loopback' });
});

test('a redirect is an answer, and not followed', async () => {
	await using victim = await receiver((_, response) => response.end());
	await using stage = await receiver((_, response) =>
		response.writeHead(307, { location: `http://127.0.0.1:${victim.port}/` }).end(),
	);
	assert.deepEqual(await stage.call(), { kind: 'answered', status: 307, retryAfter: undefined });
	assert.deepEqual(victim.bodies, []);
});

test('proxies of the environment are not asked', async () => {
	await using proxy = await receiver((_, response) => response.end());
	await using stage = await receiver((_, response) => response.writeHead(204).end());
	const restore = setGlobalProxyFromEnv({ http_proxy: `http://127.0.0.1:${proxy.port}` });
	try {
		// What others send goes there.
		await new Promise((resolve) => get('http://elsewhere.example/', (answer) => answer.resume().once('end', resolve)));
		assert.equal(proxy.bodies.length, 1);
		assert.deepEqual(await stage.call(), { kind: 'answered', status: 204, retryAfter: undefined });
	} finally {
		restore();
	}
	assert.equal(proxy.bodies.length, 1);
});

test('of an answer without an end only the begin is read', async () => {
	await using stage = await receiver((_, response) => {
		const go = (): void => {
			while (!response.destroyed && response.write('x'.repeat(8192)));
			response.once('drain', go);
		};
		response.writeHead(200, { 'retry-after': '7' });
		go();
	});
	assert.deepEqual(await stage.call(), { kind: 'answered', status: 200, retryAfter: '7' });
});

test('who does not answer, or has no address, or cannot be found', async () => {
	await using stage = await receiver(() => {});
	assert.deepEqual(await stage.call({ waitMs: 50 }), { kind: 'failed', why: 'did not answer in time' });
	assert.deepEqual(await stage.call({ resolve: at() }), { kind: 'failed', why: 'has no address' });
	const silent: Resolve = () => new Promise(() => {});
	assert.deepEqual(await stage.call({ resolve: silent, waitMs: 50 }), {
		kind: 'failed',
		why: 'did not answer in time',
	});
	const unknown: Resolve = () => Promise.reject(Object.assign(new Error('secret.example'), { code: 'ENOTFOUND' }));
	assert.deepEqual(await stage.call({ resolve: unknown }), { kind: 'failed', why: 'cannot be reached (ENOTFOUND)' });
});

test('who closes, sends no HTTP or switches protocols', async () => {
	for (const [said, why] of [
		['', /cannot be reached|closed the connection/],
		['SSH-2.0-OpenSSH_9.6\r\n', /cannot be reached/],
		[`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, /cannot be reached/],
		['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', /switch|closed|reached/],
	] as const) {
		const server = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(said)));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const { port } = server.address() as AddressInfo;
		const judge = new WebhookJudge({ allow: ['127.0.0.1'], http: [`127.0.0.1:${port}`], ports: [443] });
		const call = { url: `http://127.0.0.1:${port}/`, headers: {}, body: '{}', waitMs: LONG_MS };
		const answer = await callWebhook(call, judge);
		assert.match(answer.kind === 'failed' ? answer.why : answer.kind, why);
		server.close();
	}
});
