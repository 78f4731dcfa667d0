/** Ejection, half-open, panic and slow start of real instances; the workers' part is written on the board. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { DEFAULT_FAILOVER } from '../balancing/failover-config.ts';
import { Guard, Outcome, SlotState } from '../core/board.ts';
import type { OutlierConfig } from '../health/outlier-config.ts';
import type { UrlsConfig } from '../instances/config.ts';
import { TestingHost } from '../instances/run/testing-host.ts';
import { until } from '../instances/testing-watcher.ts';
import { Fleet } from './fleet.ts';
import { config, looping, pool as poolConfig, run, service, TCP, TestingSink } from './fleet-testing.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

const OUTLIERS: OutlierConfig = {
	failures: 5,
	connectFailures: 3,
	flaps: 3,
	successRate: null,
	latency: { factor: 3, leastMs: 100 },
	windowMs: 10_000,
	ejection: { baseMs: 300, mostMs: 1000 },
	most: 0.5,
	panic: 0,
};

const LOOK_MS = 100;

interface Api {
	port: number;
	status: number;
	server: Server;
	close(): void;
}

async function api(port = 0): Promise<Api> {
	const server = createServer((_, response) => response.writeHead(it.status).end('x'));
	await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
	const it: Api = {
		port: (server.address() as AddressInfo).port,
		status: 200,
		server,
		close: () => {
			server.closeAllConnections();
			server.close();
		},
	};
	closing.push(() => it.close());
	return it;
}

const urls = (apis: readonly Api[]): UrlsConfig => ({
	kind: 'urls',
	urls: apis.map(({ port }) => ({ host: '127.0.0.1', port, tls: false, weight: 1 })),
});

/** A pool of so many instances, all ready. */
async function poolOf(count: number, changes: Partial<OutlierConfig> = {}, slowStartMs = 0, lookMs = LOOK_MS) {
	const apis: Api[] = [];
	for (let made = 0; made < count; made++) apis.push(await api());
	const sink = new TestingSink();
	const host = new TestingHost();
	const fleet = new Fleet({ sink, host, lookMs });
	closing.push(
		() => host.close(),
		() => fleet.stop(0),
	);
	const health = { ...TCP, kind: 'http' as const };
	const settings = { health, outliers: { ...OUTLIERS, ...changes }, slowStartMs };
	const apply = (outliers = settings.outliers) =>
		fleet.apply(config(service('api', urls(apis), { ...settings, outliers })));
	await apply();
	await until(() => sink.pickable().length === count);
	// It knows them from its first look on.
	await new Promise((resolve) => setTimeout(resolve, 2 * LOOK_MS));
	const pool = {
		apis,
		sink,
		fleet,
		apply,
		board: sink.board,
		view: (at: number) => fleet.list()[at] as ReturnType<Fleet['list']>[number],
		slot: (at: number) => pool.view(at).slot,
		/** So many attempts end so at an instance, and its worker says what it must. */
		ends: (at: number, outcome: Outcome, times = 1, headMs = 5) => {
			for (let done = 0; done < times; done++) {
				sink.board.ended(pool.slot(at), 0, outcome, outcome === Outcome.connectFailed ? 0 : headMs * 1000);
				if (outcome !== Outcome.ok) fleet.suspect(pool.slot(at));
			}
		},
		/** The one request that tries a half-open instance ends so. */
		trial: (at: number, outcome: Outcome, headMs = 5) => {
			const { board } = sink;
			const slot = pool.slot(at);
			assert.ok(board.moveGuard(slot, Guard.halfOpen, Guard.trial));
			board.ended(slot, 0, outcome, headMs * 1000);
			board.moveGuard(slot, Guard.trial, outcome === Outcome.ok ? Guard.closed : Guard.open);
			fleet.guardChanged(slot);
		},
		state: (at: number) => sink.board.state(pool.slot(at)),
		figures: () => fleet.ready()[0]?.outliers,
	};
	return pool;
}

test('five failures in a row eject at once; after its time one request tries it; a good one closes it', async () => {
	const pool = await poolOf(2);
	const { id, slot } = pool.view(0);
	pool.ends(0, Outcome.status5xx, 4);
	assert.equal(pool.state(0), SlotState.ready);
	pool.ends(0, Outcome.failed);
	await until(() => pool.state(0) === SlotState.down);
	assert.equal(pool.board.guard(slot), Guard.open);
	const { state, note, breaker } = pool.view(0);
	assert.deepEqual([state, note, breaker.state], ['down', 'ejected for 0.3 s: 5 failures in a row', 'open']);
	assert.ok((breaker.until as number) > Date.now() - 1000);
	assert.deepEqual(pool.sink.texts('ejected'), [`${id} ejected for 0.3 s: 5 failures in a row`]);
	assert.equal(pool.sink.texts('down').length, 0);
	assert.deepEqual([pool.figures()?.ejected, pool.figures()?.ejections.failures], [1, 1]);
	assert.equal(pool.board.seen(slot).row, 0);

	await until(() => pool.board.guard(slot) === Guard.halfOpen);
	assert.deepEqual([pool.state(0), pool.view(0).breaker.state], [SlotState.ready, 'half-open']);
	assert.equal(pool.view(0).note, 'half-open: one request at a time tries it');
	assert.match(
		pool.sink.texts('half_open')[0] as string,
		new RegExp(`^${id} half-open after \\d\\.\\d s: one request`),
	);
	pool.trial(0, Outcome.ok);
	assert.deepEqual(pool.sink.texts('returned'), [`${id} returned: its trial went well`]);
	assert.deepEqual([pool.view(0).note, pool.view(0).breaker.state], ['', 'closed']);
	assert.equal(pool.figures()?.ejected, 0);
	assert.equal(pool.view(0).breaker.ejections.failures, 1);
});

test('a failed trial ejects for longer, each time; a worker that died with one leaves it half-open', async () => {
	const pool = await poolOf(2);
	pool.ends(0, Outcome.timedOut, 5);
	for (const length of ['0.6', '0.9', '1.0']) {
		await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen, undefined, 6000);
		pool.trial(0, Outcome.failed);
		assert.equal(pool.sink.texts('ejected').at(-1), `${pool.view(0).id} ejected for ${length} s: its trial failed`);
		assert.equal(pool.state(0), SlotState.down);
	}
	await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen, undefined, 6000);
	pool.board.moveGuard(pool.slot(0), Guard.halfOpen, Guard.trial);
	await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen, undefined, 6000);
	assert.deepEqual(pool.view(0).breaker.ejections, {
		failures: 1,
		connect: 0,
		flaps: 0,
		successRate: 0,
		latency: 0,
		trial: 3,
	});
});

test('no more than the share that may be ejected, the worst first; all alike stay, and it is said once', async () => {
	const pool = await poolOf(4);
	for (let at = 0; at < 3; at++)
		for (let done = 0; done < 5 + at; done++) pool.board.ended(pool.slot(at), 0, Outcome.status5xx, 1000);
	pool.fleet.suspect(pool.slot(0));
	await until(() => pool.figures()?.ejected === 2);
	assert.deepEqual([0, 1, 2, 3].map(pool.state), [SlotState.ready, SlotState.down, SlotState.down, SlotState.ready]);
	assert.deepEqual(pool.sink.texts('outlier_stays'), [
		`api: ${pool.view(0).id} stays: 5 failures in a row, but 2 of 4 are ejected already`,
	]);

	const alike = await poolOf(3);
	for (let at = 0; at < 3; at++) alike.ends(at, Outcome.status5xx, 4);
	for (let at = 0; at < 3; at++) alike.ends(at, Outcome.status5xx, 4);
	await until(() => alike.sink.texts('outlier_stays').length === 1);
	assert.match(
		alike.sink.texts('outlier_stays')[0] as string,
		/stays: \d failures in a row, but no other instance of its pool does better/,
	);
	await new Promise((resolve) => setTimeout(resolve, 3 * LOOK_MS));
	assert.equal(alike.figures()?.ejected, 0);
	assert.equal(alike.sink.texts('outlier_stays').length, 1);
});

test('one that cannot be connected to is down by its probe at once, not ejected, and back with it', async () => {
	const pool = await poolOf(2);
	const [first] = pool.apis as [Api];
	first.close();
	const began = performance.now();
	pool.ends(0, Outcome.failed, 20);
	await until(() => pool.view(0).note.startsWith('its probe failed'));
	assert.ok(performance.now() - began < 1000, `${performance.now() - began} ms`);
	assert.deepEqual([pool.view(0).breaker.state, pool.board.guard(pool.slot(0))], ['closed', Guard.closed]);
	pool.apis[0] = await api(first.port);
	await until(() => pool.state(0) === SlotState.ready);
	assert.equal(pool.board.seen(pool.slot(0)).row, 0);
});

test('one that comes and goes has to wait in the end, longer each time', async () => {
	const pool = await poolOf(2, { ejection: { baseMs: 1000, mostMs: 9000 } });
	const [first] = pool.apis as [Api];
	for (let round = 0; round < 3; round++) {
		first.status = 500;
		await until(() => pool.view(0).state === 'down');
		first.status = 200;
		await until(() => pool.sink.texts('ready').length >= 3 + round);
	}
	await until(() => pool.view(0).breaker.state === 'open');
	assert.equal(pool.view(0).note, 'ejected for 1.0 s: its probes took it out 3 times within a minute');
	assert.equal(pool.view(0).state, 'down');
});

test('being gone ends a first ejection, but no second one soon after it', async () => {
	const pool = await poolOf(2, { ejection: { baseMs: 20_000, mostMs: 60_000 } });
	const [{ port }] = pool.apis as [Api];
	for (const after of ['closed', 'open']) {
		pool.ends(0, Outcome.status5xx, 5);
		await until(() => pool.view(0).breaker.state === 'open');
		pool.apis[0]?.close();
		if (after === 'closed') await until(() => pool.view(0).breaker.state === 'closed');
		else await new Promise((resolve) => setTimeout(resolve, 5 * TCP.intervalMs));
		assert.deepEqual([pool.view(0).breaker.state, pool.state(0)], [after, SlotState.down]);
		pool.apis[0] = await api(port);
		if (after === 'closed') await until(() => pool.state(0) === SlotState.ready);
	}
	await new Promise((resolve) => setTimeout(resolve, 5 * TCP.intervalMs));
	assert.deepEqual([pool.view(0).breaker.state, pool.state(0)], ['open', SlotState.down]);
});

test('slow answers: a few are enough while the others are fast; a slow trial does not bring it back', async () => {
	const pool = await poolOf(3, { ejection: { baseMs: 2000, mostMs: 9000 } });
	const second = async (slowOnes: number) => {
		for (const at of [1, 2]) pool.ends(at, Outcome.ok, 20);
		pool.ends(0, Outcome.ok, slowOnes, 2000);
		await new Promise((resolve) => setTimeout(resolve, 500));
	};
	pool.ends(0, Outcome.ok, 20);
	await second(0);
	for (let looks = 0; looks < 4 && pool.state(0) === SlotState.ready; looks++) await second(1);
	await until(() => pool.state(0) === SlotState.down);
	assert.match(pool.view(0).note, /^ejected for 2\.0 s: answers after 2\.0 s where the others take 5 ms$/);
	await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen);
	pool.trial(0, Outcome.ok, 2000);
	assert.match(pool.view(0).note, /^ejected for 4\.0 s: its trial took 2\.0 s$/);
	await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen);
	pool.trial(0, Outcome.ok, 5);
	assert.equal(pool.view(0).breaker.state, 'closed');
});

test('panic: what is ejected or only answers its probe wrongly is used again, and not when enough are ready', async () => {
	const pool = await poolOf(4, { panic: 0.5, most: 0.5, ejection: { baseMs: 60_000, mostMs: 60_000 } });
	const [one, two, three] = pool.apis as [Api, Api, Api];
	pool.ends(3, Outcome.status5xx, 5);
	one.status = 500;
	await until(() => [0, 3].every((at) => pool.state(at) === SlotState.down));
	assert.equal(pool.figures()?.panic, false);
	two.status = 503;
	await until(() => pool.figures()?.panic === true);
	assert.deepEqual(pool.sink.texts('panic'), [
		'api: panic: 1 of 4 instances is ready, less than 50%; used again, although ejected or failing the probe: 3',
	]);
	assert.deepEqual([0, 1, 2, 3].map(pool.state), Array(4).fill(SlotState.ready));
	assert.deepEqual([pool.view(0).state, pool.fleet.ready()[0]?.ready], ['down', 1]);
	assert.equal(pool.view(0).note, 'its probe failed: GET / answered 500; used all the same, since too few are ready');
	// One that cannot be connected to is no help.
	three.close();
	pool.ends(2, Outcome.connectFailed);
	await until(() => pool.state(2) === SlotState.down);
	pool.apis[2] = await api(three.port);
	one.status = two.status = 200;
	await until(() => pool.sink.texts('panic_ends').length === 1, undefined, 20_000);
	assert.match(pool.sink.texts('panic_ends')[0] as string, /^api: panic ends after \d+ s: 3 of 4 instances are ready$/);
	// What is ejected still is.
	assert.deepEqual([0, 1, 2, 3].map(pool.state), [SlotState.ready, SlotState.ready, SlotState.ready, SlotState.down]);
	assert.equal(pool.figures()?.panics, 1);
});

test('when the last ready one goes, what is ejected is used at once', async () => {
	const pool = await poolOf(2, { panic: 0.5, ejection: { baseMs: 60_000, mostMs: 60_000 } }, 0, 60_000);
	pool.ends(0, Outcome.status5xx, 5);
	await until(() => pool.state(0) === SlotState.down);
	pool.apis[1]?.close();
	const calls = pool.sink.calls.length;
	pool.ends(1, Outcome.connectFailed);
	await until(() => pool.state(0) === SlotState.ready);
	const [gone, used] = pool.sink.calls.slice(calls);
	assert.deepEqual([gone, used], [`down ${pool.view(1).id}`, `ready ${pool.view(0).id}`]);
	assert.deepEqual([pool.view(0).state, pool.view(0).breaker.state, pool.figures()?.panic], ['down', 'open', true]);
});

test('slow start: a tenth of the weight at first, all of it in the end, before it gets its first request', async () => {
	const pool = await poolOf(2, {}, 2000);
	const weights = (at: number) =>
		pool.sink.calls.flatMap((call) =>
			call.startsWith(`weight ${pool.view(at).id} `) ? [Number(call.split(' ')[2])] : [],
		);
	await until(() => pool.board.weight(pool.slot(0)) === 1000, undefined, 5000);
	const before = weights(0).length;
	pool.ends(0, Outcome.failed, 5);
	await until(() => pool.board.guard(pool.slot(0)) === Guard.halfOpen);
	pool.trial(0, Outcome.ok);
	assert.ok(pool.board.weight(pool.slot(0)) <= 200);
	assert.ok(pool.view(0).weight <= 0.2);
	await until(() => pool.board.weight(pool.slot(0)) === 1000, undefined, 5000);
	const ramp = weights(0).slice(before);
	const lastStart = ramp.lastIndexOf(0.1);
	const rise = ramp.slice(lastStart);
	assert.ok(rise.length >= 4, `${rise}`);
	assert.deepEqual(
		rise,
		[...rise].sort((a, b) => a - b),
	);
	// At its return after a probe the weight falls before it is ready.
	(pool.apis[1] as Api).status = 500;
	await until(() => pool.view(1).state === 'down');
	const from = pool.sink.calls.length;
	(pool.apis[1] as Api).status = 200;
	await until(() => pool.view(1).state === 'ready');
	const calls = pool.sink.calls.slice(from).filter((call) => call.includes(pool.view(1).id));
	assert.deepEqual(calls.slice(0, 2), [`weight ${pool.view(1).id} 0.1`, `ready ${pool.view(1).id}`]);
});

test('a reload that switches it off lets all of them back', async () => {
	const pool = await poolOf(2, { ejection: { baseMs: 60_000, mostMs: 60_000 } });
	pool.ends(0, Outcome.status5xx, 5);
	await until(() => pool.state(0) === SlotState.down);
	await pool.apply({ ...OUTLIERS, failures: 0, connectFailures: 0, flaps: 0, latency: null });
	await until(() => pool.state(0) === SlotState.ready);
	assert.equal(pool.board.guard(pool.slot(0)), Guard.closed);
	assert.match(pool.sink.texts('returned')[0] as string, /returned: outlier detection was switched off$/);
});

test('what failed in an earlier life is not held against the next one in the same slot', async () => {
	const sink = new TestingSink();
	const host = new TestingHost();
	const fleet = new Fleet({ sink, host, lookMs: LOOK_MS });
	closing.push(
		() => host.close(),
		() => fleet.stop(0),
	);
	const outliers = {
		...OUTLIERS,
		successRate: { deviations: 1.9, requests: 10 },
		ejection: { baseMs: 60_000, mostMs: 60_000 },
	};
	await fleet.apply(config(service('videos', run(), { scale: { min: 3, max: 3 }, outliers })));
	await until(() => sink.pickable().length === 3);
	const load = looping(sink, 4);
	closing.push(() => load.end());
	const [first] = fleet.list();
	const slot = first?.slot as number;
	for (let done = 0; done < 4; done++) sink.board.ended(slot, 0, Outcome.failed, 0);
	for (let done = 0; done < 100; done++)
		for (const each of sink.pickable()) sink.board.ended(each, 0, Outcome.ok, 5000);
	await new Promise((resolve) => setTimeout(resolve, 2 * LOOK_MS));
	process.kill(first?.pid as number, 'SIGKILL');
	for (let done = 0; done < 20; done++) sink.board.ended(slot, 0, Outcome.connectFailed, 0);
	fleet.suspect(slot);
	await until(
		() =>
			sink.pickable().length === 3 && fleet.list().every(({ state, pid }) => state === 'ready' && pid !== first?.pid),
	);
	assert.ok(
		fleet.list().some((view) => view.slot === slot),
		'the slot was used again, or this shows nothing',
	);
	for (let looks = 0; looks < 6; looks++) {
		for (let done = 0; done < 5; done++)
			for (const each of sink.pickable()) sink.board.ended(each, 0, Outcome.ok, 5000);
		await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
	}
	assert.deepEqual(
		fleet.list().map(({ state, breaker }) => [state, breaker.state]),
		Array(3).fill(['ready', 'closed']),
	);
});

test('no panic where another pool of the service can take over', async () => {
	const [one, two, three, standby] = [await api(), await api(), await api(), await api()];
	const sink = new TestingSink();
	const host = new TestingHost();
	const fleet = new Fleet({ sink, host, lookMs: LOOK_MS });
	closing.push(
		() => host.close(),
		() => fleet.stop(0),
	);
	const pools = [poolConfig('main', urls([one, two, three])), poolConfig('standby', urls([standby]), { priority: 2 })];
	const health = { ...TCP, kind: 'http' as const };
	await fleet.apply(
		config(service('api', null, { pools, failover: DEFAULT_FAILOVER, health, outliers: { ...OUTLIERS, panic: 0.5 } })),
	);
	await until(() => sink.pickable().length === 4);
	await new Promise((resolve) => setTimeout(resolve, 2 * LOOK_MS));
	for (const each of [one, two, three]) each.status = 500;
	await until(() => fleet.ready()[0]?.ready === 0);
	await new Promise((resolve) => setTimeout(resolve, 4 * LOOK_MS));
	assert.equal(fleet.ready()[0]?.outliers.panic, false);
	assert.equal(sink.pickable().length, 1);
	standby.status = 500;
	await until(() => fleet.ready().every(({ outliers }) => outliers.panic));
	assert.equal(sink.pickable().length, 4);
});
