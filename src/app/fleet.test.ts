import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import type { UrlInstance, UrlsConfig } from '../instances/config.ts';
import { TestingDns } from '../instances/dns/testing-dns.ts';
import { TestingHost } from '../instances/run/testing-host.ts';
import { until } from '../instances/testing-watcher.ts';
import { Fleet } from './fleet.ts';
import { config, looping, service, TCP, TestingSink } from './fleet-testing.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

interface Api extends UrlInstance {
	server: Server;
	status: number;
	headers: Record<string, string>;
	delayMs: number;
}

/** An instance that something else runs. */
async function api(): Promise<Api> {
	const server = createServer((_, response) => {
		setTimeout(() => response.writeHead(state.status, state.headers).end(String(state.port)), state.delayMs);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const state = { host: '127.0.0.1', port, tls: false, weight: 1, server, status: 200, headers: {}, delayMs: 0 };
	closing.push(() => {
		server.closeAllConnections();
		server.close();
	});
	return state;
}

const urls = (...apis: UrlInstance[]): UrlsConfig => ({
	kind: 'urls',
	urls: apis.map(({ host, port, tls, weight }) => ({ host, port, tls, weight })),
});
const id = (it: UrlInstance) => `api@127.0.0.1:${it.port}`;

function fleetOf(): { fleet: Fleet; sink: TestingSink } {
	const sink = new TestingSink();
	const host = new TestingHost();
	const fleet = new Fleet({ sink, host });
	closing.push(
		() => host.close(),
		() => fleet.stop(0),
	);
	return { fleet, sink };
}

const states = (fleet: Fleet) => Object.fromEntries(fleet.list().map((view) => [view.id, view.state]));

test('urls: known to the workers, probed at once, ready; twenty of them cost a few ms', async () => {
	const { fleet, sink } = fleetOf();
	const it = await api();
	const many = Array.from({ length: 20 }, (_, at) => ({ ...it, host: `127.0.0.${at + 1}` }));
	await fleet.apply(config(service('warm', urls(it))));
	// By the processor's time: a busy machine says nothing of the fleet.
	const began = process.cpuUsage();
	await fleet.apply(config(service('api', urls(...many))));
	const { user, system } = process.cpuUsage(began);
	assert.ok(user + system < 60_000, `apply took ${(user + system) / 1000} ms`);
	await until(() => fleet.list().some((view) => view.id === id(it) && view.state === 'ready'));
	const view = fleet.list().find((each) => each.id === id(it));
	assert.deepEqual(
		{ ...view, since: 0, breaker: view?.breaker.state },
		{
			id: id(it),
			service: 'api',
			pool: 'main',
			host: '127.0.0.1',
			port: it.port,
			tls: false,
			weight: 1,
			state: 'ready',
			pid: null,
			since: 0,
			note: '',
			restarts: 0,
			slot: view?.slot,
			breaker: 'closed',
		},
	);
	assert.ok((view?.slot as number) >= 0 && sink.pickable().includes(view?.slot as number));
	assert.deepEqual(
		sink.texts('ready').filter((text) => text.startsWith(id(it))),
		[`${id(it)} ready on 127.0.0.1:${it.port}`],
	);
});

test('probes take an instance out, say why, and back in; one may ask to be drained', async () => {
	const { fleet, sink } = fleetOf();
	const [one, two] = [await api(), await api()];
	const health = { ...TCP, kind: 'http' as const, path: '/healthz', intervalMs: 100 };
	await fleet.apply(config(service('api', urls(one, two), { health })));
	await until(() => fleet.ready()[0]?.ready === 2);
	one.status = 500;
	await until(() => states(fleet)[id(one)] === 'down');
	assert.equal(fleet.list()[0]?.note, 'its probe failed: GET /healthz answered 500');
	assert.deepEqual(sink.texts('down'), [`${id(one)} down: its probe failed: GET /healthz answered 500`]);
	const [{ outliers: _, probes, ...readiness } = { outliers: null, probes: null }] = fleet.ready();
	assert.ok(probes !== null && probes.seconds > 0 && probes.failed.answer >= 1);
	assert.ok(probes.count >= 3 && probes.failed.silent + probes.failed.unreachable === 0);
	assert.deepEqual(readiness, {
		service: 'api',
		pool: 'main',
		ready: 1,
		total: 2,
		desired: 2,
		out: 0,
		drained: false,
		starting: 0,
		startMs: null,
		startTimeMs: null,
		sleeps: false,
		trouble: null,
		permissionMissing: false,
	});
	one.status = 200;
	await until(() => states(fleet)[id(one)] === 'ready');
	assert.match(sink.texts('ready').at(-1) as string, /ready again on/);
	two.status = 503;
	two.headers = { 'x-ballast-drain': '1' };
	await until(() => states(fleet)[id(two)] === 'draining');
	assert.deepEqual(sink.texts('draining'), [`${id(two)} draining: it asks for no more requests`]);
});

test('a reload leaves unchanged services alone, drains what is gone, and applies weights in place', async () => {
	const { fleet, sink } = fleetOf();
	const [one, two, three] = [await api(), await api(), await api()];
	const other = service('other', urls(three));
	await fleet.apply(config(service('api', urls(one, two)), other));
	await until(() => fleet.ready().every((each) => each.ready === each.total));
	const calls = sink.calls.length;
	await fleet.apply(config(service('api', urls(one, two)), other));
	await new Promise((resolve) => setTimeout(resolve, 30));
	assert.equal(sink.calls.length, calls);

	two.delayMs = 150;
	const slow = sink.request(sink.pickable().findIndex((slot) => sink.known.get(slot)?.id === id(two)));
	await fleet.apply(config(service('api', urls({ ...one, weight: 5 })), other));
	assert.equal(states(fleet)[id(two)], 'draining');
	assert.equal(await slow, `200 ${two.port}`);
	await until(() => fleet.list().length === 2);
	assert.deepEqual(sink.calls.slice(calls), [`weight ${id(one)} 5`, `draining ${id(two)}`, `remove ${id(two)}`]);

	await fleet.apply(config(other));
	await until(() => fleet.list().length === 1);
	assert.throws(() => fleet.orders.scale('api', 1), { code: 'unknown_service' });
	assert.equal(sink.known.size, 1);
});

test('all addresses replaced at once under load: the old serve until a new one is ready', async () => {
	const { fleet, sink } = fleetOf();
	const [one, two, three] = [await api(), await api(), await api()];
	await fleet.apply(config(service('api', urls(one, two))));
	await until(() => fleet.ready()[0]?.ready === 2);
	const load = looping(sink, 4);
	closing.push(() => load.end());
	three.delayMs = 100;
	const health = { ...TCP, kind: 'http' as const };
	await fleet.apply(config(service('api', urls(three), { health })));
	assert.equal(states(fleet)[id(one)], 'ready');
	await until(() => fleet.list().length === 1);
	const answers = await load.end();
	assert.ok(
		[...answers.keys()].every((answer) => answer.startsWith('200 ')),
		JSON.stringify([...answers]),
	);
	assert.ok((answers.get(`200 ${three.port}`) as number) > 0);
});

test('changed probes are taken up without losing the verdict', async () => {
	const { fleet, sink } = fleetOf();
	const it = await api();
	await fleet.apply(config(service('api', urls(it))));
	await until(() => fleet.ready()[0]?.ready === 1);
	it.status = 404;
	await fleet.apply(config(service('api', urls(it), { health: { ...TCP, kind: 'http', path: '/gone' } })));
	assert.equal(states(fleet)[id(it)], 'ready');
	await until(() => states(fleet)[id(it)] === 'down');
	assert.ok(!sink.calls.includes(`starting ${id(it)}`));
});

test('another kind of instances takes over: dns for urls', async () => {
	const { fleet, sink } = fleetOf();
	const it = await api();
	const dns = await TestingDns.start({ a: ['127.0.0.1'] });
	closing.push(() => dns.close());
	await fleet.apply(config(service('api', urls({ ...it, host: '127.0.0.2' }, it))));
	await until(() => fleet.ready()[0]?.ready === 1);
	const load = looping(sink, 2);
	closing.push(() => load.end());
	const instances = { kind: 'dns', name: 'api.internal', port: it.port, tls: false, resolveMs: 50, family: 4 } as const;
	await fleet.apply(config(service('api', { ...instances, resolver: dns.address })));
	await until(() => fleet.list().length === 1 && fleet.ready()[0]?.ready === 1);
	assert.deepEqual([...(await load.end()).keys()], [`200 ${it.port}`]);
	dns.zone = 'nxdomain';
	await until(() => sink.texts('dns_failed').length === 1);
	assert.equal(fleet.ready()[0]?.ready, 1);
});

test('drain takes one out until undrain; it waits for what is in flight, and a snapshot carries it', async () => {
	const { fleet, sink } = fleetOf();
	const it = await api();
	const apiConfig = config(service('api', urls(it)));
	await fleet.apply(apiConfig);
	await until(() => fleet.ready()[0]?.ready === 1);
	it.delayMs = 150;
	const slow = sink.request(0);
	const lines: string[] = [];
	await fleet.orders.drain(id(it), (line) => lines.push(line));
	assert.equal(await slow, `200 ${it.port}`);
	assert.deepEqual(lines, [`${id(it)} takes no more requests; 1 in flight`, `${id(it)} is drained and keeps running`]);
	assert.equal(fleet.list()[0]?.note, 'drained by the operator');

	const next = fleetOf();
	next.fleet.adopt(JSON.parse(JSON.stringify(fleet.snapshot())));
	await next.fleet.apply(apiConfig);
	await until(() => states(next.fleet)[id(it)] === 'draining');
	next.fleet.orders.undrain(id(it));
	await until(() => states(next.fleet)[id(it)] === 'ready');
	await assert.rejects(
		fleet.orders.drain('api@nowhere:1', () => {}),
		{ code: 'unknown_instance' },
	);
});

test('what Ballast does not run it does not restart or scale, and says so', async () => {
	const { fleet } = fleetOf();
	const it = await api();
	await fleet.apply(config(service('api', urls(it)), service('fixed', null)));
	await assert.rejects(
		fleet.orders.restart('api', () => {}),
		/api cannot be restarted: it has instances of the kind 'urls'/,
	);
	await assert.rejects(
		fleet.orders.restart(null, () => {}),
		{ code: 'bad_command' },
	);
	assert.throws(() => fleet.orders.scale('api', 2), { code: 'bad_command' });
	assert.throws(() => fleet.orders.scale('fixed', 2), /fixed cannot be scaled: it has no instances/);
	for (const count of [-1, 1.5, 1001]) assert.throws(() => fleet.orders.scale('api', count), { code: 'bad_command' });
	await assert.rejects(
		fleet.orders.restart('nope', () => {}),
		/no service 'nope'; there are: api, fixed/,
	);
});

test('workers that do not take an address are asked again', async () => {
	const { fleet, sink } = fleetOf();
	const it = await api();
	const add = sink.add.bind(sink);
	let failures = 1;
	sink.add = async (view) => {
		if (failures-- > 0) throw new Error('a worker is gone');
		return add(view);
	};
	await fleet.apply(config(service('api', urls(it))));
	await until(() => sink.pickable().length === 1);
	assert.deepEqual(sink.texts('internal'), [`${id(it)} could not be made known to the workers: a worker is gone`]);
});
