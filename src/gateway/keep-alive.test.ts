import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { StreamTransport } from '../wire/stream-transport.ts';
import { TICK_MS } from '../wire/timer-wheel.ts';
import { ClientConnection } from './client-connection.ts';
import { Requests } from './requests.ts';
import { bareRequests } from './testing/bare-plane.ts';

test('a connection that may not be idle at all is closed by the next tick, and not kept for ever', async () => {
	const { plane } = bareRequests();
	plane.limits = { ...plane.limits, keepAliveMs: 0 };
	const ok = Buffer.from('HTTP/1.1 204 No Content\r\n');
	const requests = new Requests(plane, (exchange) => exchange.answerLocally(204, ok, Buffer.alloc(0)));
	const server = net.createServer({ allowHalfOpen: true }, (socket) => {
		const connection = new ClientConnection(requests, false);
		connection.attach(new StreamTransport(socket, connection), '127.0.0.1');
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
	client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
	const [answer] = await once(client, 'data');
	assert.match(String(answer), /^HTTP\/1.1 204/);
	// Whoever stops finds it, too.
	assert.equal(plane.wheel.owners().length, 1);
	const closed = once(client, 'close');
	plane.wheel.advance(plane.wheel.nowMs + 4 * TICK_MS);
	await closed;
	server.close();
});
