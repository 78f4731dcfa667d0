import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { importPeer } from './optional-peer.ts';
import { PlatformError } from './platform-error.ts';
import { complainOfEndpoint, RestClient, retryAfterOf, wordsOf } from './rest-client.ts';

const servers: Server[] = [];
const signal = AbortSignal.timeout(20_000);

afterEach(() => {
	for (const server of servers.splice(0)) {
		server.closeAllConnections();
		server.close();
	}
});

async function serve(listener: RequestListener, limitMs = 5000) {
	const server = createServer(listener);
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const client = new RestClient({
		endpoint,
		limitMs,
		tokens: { token: async (fresh) => (fresh ? 'SECRET-new' : 'SECRET-old') },
		faultOf: ({ status, body }) => new PlatformError('bad_request', `${status} ${JSON.stringify(body)}`),
	});
	return { client, endpoint };
}

const fault = (expected: string, message: RegExp) => (error: PlatformError) => {
	assert.equal(error.fault, expected);
	assert.match(error.message, message);
	assert.doesNotMatch(error.stack ?? '', /SECRET/);
	return true;
};

test('a refused token is got anew once', async () => {
	const seen: (string | undefined)[] = [];
	const { client } = await serve((request, response) => {
		seen.push(request.headers.authorization);
		response.writeHead(request.headers.authorization === 'Bearer SECRET-new' ? 200 : 401).end('{"ok":true}');
	});
	assert.deepEqual((await client.call({ method: 'GET', url: '/x' }, signal)).body, { ok: true });
	assert.deepEqual(seen, ['Bearer SECRET-old', 'Bearer SECRET-new']);
});

test('what repeats the token shows it to nobody', async () => {
	const { client } = await serve((request, response) => {
		response.writeHead(400).end(JSON.stringify({ said: request.headers.authorization }));
	});
	await assert.rejects(client.call({ method: 'GET', url: '/x' }, signal), fault('bad_request', /Bearer \[token\]/));
});

test('a token goes to no other address, by a link or by a redirect', async () => {
	let asked = 0;
	const other = await serve((_, response) => {
		asked++;
		response.end('{}');
	});
	const { client } = await serve((_, response) => response.writeHead(307, { location: `${other.endpoint}/x` }).end());
	const link = client.call({ method: 'GET', url: `${other.endpoint}/x` }, signal);
	await assert.rejects(link, fault('bad_request', /the token is not sent there/));
	await assert.rejects(client.call({ method: 'GET', url: '/x' }, signal), fault('unreachable', /cannot be reached/));
	assert.equal(asked, 0);
});

test('an answer without an end, one that never comes and none at all', async () => {
	const large = Buffer.alloc(1024 * 1024, ' ');
	const endless = await serve((_, response) => {
		const more = () => {
			while (!response.destroyed && response.write(large));
		};
		response.on('drain', more);
		more();
	});
	await assert.rejects(
		endless.client.call({ method: 'GET', url: '/x' }, signal),
		fault('unreachable', /larger than 16 MiB/),
	);
	const silent = await serve(() => {}, 50);
	await assert.rejects(silent.client.call({ method: 'GET', url: '/x' }, signal), fault('unreachable', /in time/));
	await assert.rejects(
		silent.client.call({ method: 'GET', url: '/x' }, AbortSignal.abort()),
		fault('unreachable', /no token came in time|in time/),
	);
	const closed = await serve((request) => request.socket.destroy());
	await assert.rejects(
		closed.client.call({ method: 'GET', url: '/x' }, signal),
		fault('unreachable', /cannot be reached/),
	);
});

test('a page instead of JSON says as much as its status', async () => {
	const { client } = await serve((_, response) => response.writeHead(502).end('<html>'));
	await assert.rejects(client.call({ method: 'GET', url: '/x' }, signal), fault('bad_request', /502 null/));
});

test('Retry-After: seconds, a date, within bounds', () => {
	const of = (text: string) => retryAfterOf(new Headers({ 'retry-after': text }));
	assert.equal(of('7'), 7000);
	assert.equal(of('99999999'), 3_600_000);
	assert.equal(of('Mon, 01 Jan 2001 00:00:00 GMT'), 0);
	assert.equal(of('soon'), null);
	assert.equal(retryAfterOf(new Headers()), null);
});

test('words of a platform are one line, inert and bounded', () => {
	assert.equal(wordsOf('a\n b\u001b[2J'), 'a b\\x1b[2J');
	assert.equal(wordsOf('x'.repeat(5000)).length, 301);
	assert.equal(wordsOf({}), '');
});

test('a token is sent in plain on this machine only', () => {
	assert.equal(complainOfEndpoint('https://management.azure.com'), undefined);
	assert.equal(complainOfEndpoint('http://127.0.0.1:8080'), undefined);
	assert.match(complainOfEndpoint('http://10.0.0.1') ?? '', /plain http is for this machine only/);
	assert.match(complainOfEndpoint('https://user:word@host') ?? '', /without user/);
	assert.match(complainOfEndpoint('nothing') ?? '', /expected a URL/);
});

test('a package that is missing is named with the line that installs it', async () => {
	const name = 'ballast-has-no-such-package';
	await assert.rejects(
		importPeer(name, 'getting tokens'),
		fault('bad_request', /getting tokens needs .*: npm install ballast-has/),
	);
});
