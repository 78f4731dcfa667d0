import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { connect } from './raw-client.ts';
import { eventually } from './suite.ts';

/** Sends back what comes; what begins with `!` makes it send a megabyte instead. */
const server = net.createServer((socket) => {
	socket.on('error', () => {});
	socket.on('data', (bytes: Buffer) => socket.write(bytes[0] === 33 ? Buffer.alloc(1_000_000, 'x') : bytes));
});
let proxy: FaultProxy;
before(async () => {
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	proxy = await startFaultProxy((server.address() as net.AddressInfo).port);
});
beforeEach(() => proxy.heal());
after(() => {
	proxy[Symbol.dispose]();
	server.close();
});

test('without a fault all passes, both ways, and ends pass too', async () => {
	const client = await connect(proxy.port);
	client.send('hello');
	assert.equal((await client.read(5)).toString(), 'hello');
	client.send('!');
	assert.equal((await client.read(1_000_000)).length, 1_000_000);
	client.finish();
	await client.until(() => client.ended, 'FIN');
	assert.equal(client.error, '');
	await eventually(
		() => proxy.open,
		(open) => open === 0,
	);
});

test('latency holds each piece back, in order, on a connection that was open before', async () => {
	const client = await connect(proxy.port);
	client.send('a');
	await client.read(1);
	proxy.latencyMs = 60;
	const sent = performance.now();
	for (let i = 0; i < 20; i++) {
		client.send(String.fromCharCode(97 + i));
		await sleep(1);
	}
	assert.equal((await client.read(20)).toString(), 'abcdefghijklmnopqrst');
	assert.ok(performance.now() - sent >= 118, 'both ways');
	client.destroy();
});

test('a narrow line takes its time', async () => {
	proxy.bytesPerSecond = 4_000_000;
	const client = await connect(proxy.port);
	const sent = performance.now();
	client.send('!');
	await client.read(1_000_000);
	assert.ok(performance.now() - sent >= 240);
	client.destroy();
});

test('silence: accepts, takes, says nothing, passes no end on; the reset comes with the healing', async () => {
	const client = await connect(proxy.port);
	client.send('a');
	await client.read(1);
	proxy.silent = true;
	client.send('b');
	const late = await connect(proxy.port);
	late.send('c');
	await sleep(80);
	assert.deepEqual([client.at, client.received.length, client.closed, late.received.length], [1, 1, false, 0]);
	await proxy.heal();
	await client.until(() => client.closed, 'the reset');
	assert.equal(client.error, 'ECONNRESET');
	late.destroy();
});

test('a connection that its client leaves in silence counts as open no more', async () => {
	proxy.silent = true;
	const client = await connect(proxy.port);
	await eventually(
		() => proxy.open,
		(open) => open === 1,
	);
	client.finish();
	await eventually(
		() => proxy.open,
		(open) => open === 0,
	);
});

test('a reset after so many bytes: they arrive, then ECONNRESET', async () => {
	for (const bytes of [0, 1, 1000, 600_000]) {
		proxy.resetAfter(null);
		const client = await connect(proxy.port);
		client.send('hello');
		await client.read(5);
		proxy.resetAfter(bytes);
		client.send('!');
		await client.until(() => client.closed, 'the reset');
		assert.deepEqual([client.received.length - 5, client.error], [bytes, 'ECONNRESET']);
	}
});

test('its port is given to nobody while it refuses', async () => {
	proxy.refuse();
	const servers = Array.from({ length: 200 }, () => net.createServer());
	await Promise.all(servers.map((each) => new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve))));
	const ports = servers.map((each) => (each.address() as net.AddressInfo).port);
	for (const each of servers) each.close();
	assert.equal(ports.includes(proxy.port), false);
	await assert.rejects(connect(proxy.port), /ECONNREFUSED/);
});

test('refused, dead, cut and back again', async () => {
	const open = await connect(proxy.port);
	proxy.refuse();
	await assert.rejects(connect(proxy.port), /ECONNREFUSED/);
	open.send('x');
	assert.equal((await open.read(1)).toString(), 'x');
	proxy.die();
	await open.until(() => open.closed, 'the reset');
	assert.equal(open.error, 'ECONNRESET');
	await proxy.accept();
	const again = await connect(proxy.port);
	again.send('y');
	assert.equal((await again.read(1)).toString(), 'y');
	proxy.cut();
	await again.until(() => again.ended, 'FIN');
	assert.equal(again.error, '');
});
