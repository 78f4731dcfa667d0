import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { askOnce, Clients } from './clients.ts';
import { isAlive, pause, start, until } from './running.ts';

test('workers answer on sockets that the keeper holds, and new ones take the place of old ones', async (t) => {
	const keeper = start(t, { plan: { port: 0, slots: 4, workers: 2 } });
	const { port, slots } = await keeper.info();
	assert.equal(slots, 4);
	const clients = new Clients(t, port, { fresh: 4, kept: 2 });
	await until(() => clients.answered > 20);
	const { before, after, files } = await keeper.run('replace', { times: 50 });
	await clients.stop();
	assert.equal(after, before, 'descriptors of sockets leak');
	assert.deepEqual(files, { opened: 50, intact: 50 }, 'a file was closed that was not ours');
	assert.deepEqual([...clients.generations], ['1']);
	// Workers that end take along what they have accepted and nothing else.
	assert.ok(clients.failures.length <= 50 * 6, `${clients.failures.length} of ${clients.answered} failed`);
	assert.equal((await askOnce(port)).at(-1), '1');
});

test('a worker that ends before it listens leaks nothing', async (t) => {
	const keeper = start(t, { plan: { port: 0 } });
	await keeper.info();
	const { before, after } = await keeper.run('neverListen', { times: 10 });
	assert.equal(after, before);
});

test('a core killed with -9 loses only what was in flight; the next one answers what has queued', async (t) => {
	const keeper = start(t, { plan: { port: 0 } });
	const { port } = await keeper.info();
	const clients = new Clients(t, port, { fresh: 8, kept: 8 });
	let pid = 0;
	for (let round = 1; round <= 3; round++) {
		await until(() => clients.generations.has(String(round)));
		await pause(100);
		const now = (await keeper.info()).pid;
		assert.notEqual(now, pid);
		pid = now;
		process.kill(pid, 'SIGKILL');
		// The third restart in a row has to wait.
		await until(() => clients.generations.has(String(round + 1)));
	}
	await pause(100);
	await clients.stop();
	const note = `${clients.failures.length} of ${clients.answered + clients.failures.length}, slowest ${clients.slowestMs} ms`;
	assert.ok(clients.failures.length <= 3 * 16, note);
	assert.ok(clients.answered > 500, note);
	assert.ok(!clients.failures.some((text) => text.includes('ECONNREFUSED')), clients.failures.join());
	t.diagnostic(`failed: ${note}`);
});

test('five upgrades under load lose nothing', async (t) => {
	const keeper = start(t, { plan: { port: 0 } });
	const { port, pid } = await keeper.info();
	const clients = new Clients(t, port, { fresh: 12, kept: 12 });
	await until(() => clients.answered > 100);
	for (let round = 2; round <= 6; round++) {
		const { generation } = await keeper.run('upgrade');
		assert.equal(generation, round);
		await pause(100);
	}
	await until(() => clients.generations.has('6'));
	await clients.stop();
	assert.deepEqual(clients.failures, []);
	assert.deepEqual([...clients.generations], ['1', '2', '3', '4', '5', '6']);
	await until(() => !isAlive(pid));
	t.diagnostic(`${clients.answered} requests, slowest ${clients.slowestMs.toFixed()} ms`);
});

test('a taken port is reported with who has it', async (t) => {
	const taken = net.createServer().listen(0, '127.0.0.1');
	t.after(() => taken.close());
	await until(() => taken.listening);
	const { port } = taken.address() as net.AddressInfo;
	const keeper = start(t, { plan: { port } });
	const { code } = await keeper.exited;
	assert.equal(code, 1);
	assert.match(
		keeper.output,
		new RegExp(`port_taken: 127.0.0.1:${port} is in use by node\\S*.* \\(pid ${process.pid}\\)`),
	);
});

test('two programs with SO_REUSEPORT do not share a port', async (t) => {
	const first = start(t, { plan: { port: 0 } });
	const { port, pid, welcome } = await first.info();
	const second = start(t, { plan: { port } });
	assert.equal((await second.exited).code, 1);
	assert.match(
		second.output,
		new RegExp(`is in use by node\\S* \\S*(ballast.js|core.ts) \\(pid (${welcome.pid}|${pid})\\)`),
	);
});

test('addresses that cannot be listened on say why', async (t) => {
	const keeper = start(t, { plan: {} });
	await keeper.info();
	const messageOf = async (host: string, port: number) => {
		const { code, message } = await keeper.command('bind', { host, port, slots: 1 });
		return `${code}: ${message}`;
	};
	assert.equal(await messageOf('192.0.2.1', 8080), 'bind_failed: 192.0.2.1:8080: this machine has no such address');
	assert.match(await messageOf('no-such-host.invalid', 8080), /bind_failed: no-such-host\.invalid has no address/);
	assert.equal(await messageOf('127.0.0.1', 70_000), 'bind_failed: 127.0.0.1:70000 is no address to listen on');
});

test('listeners come, grow and go', async (t) => {
	const keeper = start(t, { plan: { port: 0 } });
	const { port } = await keeper.info();
	const more = await keeper.run('bind', { host: '127.0.0.1', port, slots: 3 });
	assert.deepEqual(more, { host: '127.0.0.1', port, requested: 0, slots: 3 });
	const fewer = await keeper.run('bind', { host: '127.0.0.1', port, slots: 1 });
	assert.equal(fewer.slots, 3, 'a socket with a queue is never given up');
	const any = await keeper.run('bind', { host: '0.0.0.0', port, slots: 2 });
	assert.deepEqual(any, { host: '0.0.0.0', port, requested: port, slots: 2 });
	await keeper.run('unbind', { host: '0.0.0.0', port });
	await keeper.run('unbind', { host: '127.0.0.1', port });
	// The workers still have their copies of it: an old core that drains keeps on accepting.
	const bound = await keeper.run('bind', { host: 'localhost', port: 0, slots: 1 });
	assert.notEqual(bound.port, port);
});

test('IPv6 works as IPv4 does', async (t) => {
	const keeper = start(t, { plan: { port: 0, host: '::1' } });
	const { port } = await keeper.info();
	assert.equal((await askOnce(port, '::1')).at(-1), '1');
	const second = start(t, { plan: { port, host: '::1' } });
	await second.exited;
	assert.match(second.output, new RegExp(`port_taken: \\[::1\\]:${port} is in use by`));
});

test('what a new core does not ask for is closed when it leads', async (t) => {
	const keeper = start(t, { plan: { port: 0 } });
	const { port } = await keeper.info();
	// The old core drains as long as it likes: nobody may queue where nobody will accept.
	const client = new Clients(t, port, { fresh: 0, kept: 1 });
	await until(() => client.answered > 0);
	const slow = askOnce(port, '127.0.0.1', 'GET /slow/1500 HTTP/1.1\r\nHost: x\r\n\r\n');
	await pause(100);
	keeper.plan({});
	await keeper.run('upgrade');
	const startedAt = performance.now();
	await until(() =>
		askOnce(port).then(
			() => false,
			(error) => error.code === 'ECONNREFUSED',
		),
	);
	// The old core stays as long as its client does, which is longer.
	assert.ok(performance.now() - startedAt < 10_000);
	assert.match(await slow, /200 OK/);
	await client.stop();
});
