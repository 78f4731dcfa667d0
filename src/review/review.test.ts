import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FigureInfo, FigureQuery, FigureRange, FigureSource } from '../core/metric.ts';
import { observe } from './observe.ts';
import type { InstanceObserved, Level, Observed, RouteObserved, ServiceObserved } from './observed.ts';
import { review } from './review.ts';

const DAY_MS = 86_400_000;
const level = (mean: number, most = mean): Level => ({ mean, most });

function route(more: Partial<RouteObserved> = {}): RouteObserved {
	const parts = { queue: 0, connect: 0, firstByte: 0.0015, transfer: 0.0003, own: 0.0002 };
	const times = { mean: 0.002, p50: 0.0018, p99: 0.01 };
	return { name: 'GET /a', requests: 10, errorRate: 0, ...times, ...parts, budgetLeft: Number.NaN, ...more };
}

function instance(id: string, more: Partial<InstanceObserved> = {}): InstanceObserved {
	const memory = { memoryBefore: 100e6, memoryNow: 101e6 };
	return {
		id,
		local: true,
		requests: 5,
		errorRate: 0,
		p95: 0.005,
		cpu: level(0.3, 0.5),
		...memory,
		restarts: 0,
		...more,
	};
}

function service(more: Partial<ServiceObserved> = {}): ServiceObserved {
	const rates = { retryRate: 0, held: 0, limited: 0, shed: 0, ejections: 0, starts: 0 };
	return {
		name: 'videos',
		ready: 2,
		desired: 2,
		requests: 10,
		errorRate: 0,
		...rates,
		concurrency: null,
		routes: [route()],
		instances: [instance('videos-1'), instance('videos-2')],
		...more,
	};
}

function observed(more: Partial<Observed> = {}): Observed {
	const host = { cores: 4, cpu: level(0.3, 0.6), memory: level(0.4, 0.5), disks: [], lag: level(0.001, 0.01) };
	const range = { fromMs: 0, toMs: DAY_MS };
	return { ...range, host, services: [service()], alerts: [], seriesDropped: 0, logsDropped: 0, ...more };
}

const of = (more: Partial<ServiceObserved>) => review(observed({ services: [service(more)] }));
const texts = (findings: ReturnType<typeof review>) => findings.map(({ kind, text }) => `${kind}: ${text}`);

test('what is well gives nothing to say', () => {
	assert.deepEqual(review(observed()), []);
});

test('a saturated machine', () => {
	const host = {
		cores: 2,
		cpu: level(0.91, 1),
		memory: level(0.8, 0.95),
		disks: [
			{ mount: '/', used: 0.4, fullInS: Number.NaN },
			{ mount: '/data', used: 0.7, fullInS: 3 * 86_400 },
		],
		lag: level(0.08, 1.2),
	};
	assert.deepEqual(texts(review(observed({ host }))), [
		"saturated: The machine's 2 cores were 91 % busy on average and 100 % at most: requests wait for them. More or larger machines, or fewer instances on this one.",
		"saturated: The machine's memory was up to 95 % in use (80 % on average); the system ends processes when nothing is left.",
		'saturated: /data is 70 % full; as it grows now it is full in 3 days. Keep logs for less long (`store`, `logs`), or give it more room.',
		"saturated: Ballast's own event loop was 80 ms late on average and 1.2 s at most: it has too little CPU, or too few workers.",
	]);
});

test('saturated instances: all, or some; a limit that is met', () => {
	const busy = { cpu: level(0.93, 1) };
	assert.deepEqual(texts(of({ instances: [instance('videos-1', busy), instance('videos-2', busy)] })), [
		'saturated: All 2 instances of videos used 93 % of a core on average. Run more of them, or look at what they do: `ballast profile`.',
	]);
	assert.deepEqual(texts(of({ instances: [instance('videos-1', busy), instance('videos-2')] })), [
		'saturated: 1 instance of videos (videos-1) used 93 % of a core on average. The others have room: look at how requests are balanced.',
	]);
	// What Ballast cannot see is not judged.
	assert.deepEqual(of({ instances: [instance('videos-1', { local: false, cpu: level(Number.NaN) })] }), []);
	assert.deepEqual(texts(of({ shed: 0.005, concurrency: { limit: 20, adaptive: false, inFlight: level(5, 20) } })), [
		'saturated: videos had up to 20 requests under way, of 20 that it may have; 18 an hour were refused.',
	]);
});

test('errors name the route that has most of them; little traffic is not judged', () => {
	const routes = [route({ errorRate: 0.2, requests: 1, name: 'GET /b' }), route({ errorRate: 0.05, requests: 9 })];
	const failing = { errorRate: 0.065, retryRate: 0.1, held: 0.5, limited: 0.1, routes };
	assert.deepEqual(texts(of(failing)), [
		'failing: 6.5 % of the requests to videos failed, most of them of GET /a (5 %).',
		'failing: 10 % of the requests to videos were tried again: its instances refuse or drop them.',
		'failing: 1 % of the requests to videos were over a rate limit.',
		'failing: 5 % of the requests to videos had to wait for an instance.',
	]);
	assert.deepEqual(of({ ...failing, requests: 0.001 }), []);
});

test('an objective that is missed, instances that are taken out', () => {
	const routes = [route({ budgetLeft: -0.3 }), route({ name: '*', budgetLeft: 0.4 })];
	assert.deepEqual(texts(of({ routes, ejections: 0.001 })), [
		'failing: Instances of videos were taken out 3.6 an hour because their requests failed. `ballast events service:videos` says which.',
		'failing: GET /a of videos missed its objective: its error budget is spent, and 30 % more.',
	]);
});

test('where the time goes: the routes that cost most, the parts that matter', () => {
	const slow = route({
		name: 'POST /render',
		mean: 0.5,
		p50: 0.05,
		p99: 6,
		queue: 0.2,
		firstByte: 0.28,
		transfer: 0.01,
		own: 0.01,
	});
	const rare = route({ name: 'GET /rare', mean: 2, requests: 0.0005 });
	const found = of({ routes: [route({ mean: 0.006, requests: 1 }), slow, rare] });
	assert.deepEqual(texts(found), [
		'time: videos, POST /render takes 500 ms on average and 100 % of all the time spent on requests: 56 % of that waiting for the first byte of the answer, 40 % of that waiting for an instance. That is the work of its instances: `ballast profile` shows what they do.',
		'time: One in a hundred requests of videos, POST /render takes 6 s or longer, 120 times the usual 50 ms. `ballast logs \'source:access route:"POST /render"\' --top path` may show which they are.',
	]);
	assert.equal(found[0]?.weight, 'advice');
	assert.deepEqual(
		found[0]?.figures.map(({ name }) => name),
		['latency.mean', 'latency.first_byte', 'latency.queue'],
	);
});

test('sizes: too few ready, started all the time, far too many, a limit that protects nothing', () => {
	assert.deepEqual(texts(of({ ready: 0, desired: 2, starts: 0.01 })), [
		'failing: Instances of videos were started 36 an hour: they die, or are scaled up and down all the time. `ballast events service:videos` says which.',
		'small: videos has 0 ready instances of 2: `ballast status` says why.',
	]);
	const idle = Array.from({ length: 8 }, (_, n) => instance(`videos-${n}`, { cpu: level(0.03, 0.1) }));
	const many = { instances: idle, concurrency: { limit: 500, adaptive: false, inFlight: level(1, 4.2) } };
	assert.deepEqual(texts(of(many)), [
		'big: videos has 8 instances that used 3 % of a core on average and 10 % at most; 2 would do.',
		'big: videos may have 500 requests under way and never had more than 5: as a protection the limit is too far away.',
	]);
	// Half an hour says nothing about that.
	assert.deepEqual(review(observed({ toMs: 1_800_000, services: [service(many)] })), []);
});

test('an instance unlike the others; memory that grows', () => {
	const found = of({
		instances: [
			instance('videos-1'),
			instance('videos-2'),
			instance('videos-3', { p95: 0.05, errorRate: 0.03, memoryBefore: 200e6, memoryNow: 900e6 }),
		],
	});
	assert.deepEqual(texts(found).toSorted(), [
		'uneven: videos-3 fails more often than the other instances of videos: 3 % of its requests against 0 %.',
		'uneven: videos-3 is slower than the other instances of videos: p95 of 50 ms against 5 ms.',
		'uneven: videos-3 uses 900 MB of memory, from 200 MB 24 h ago: it may be leaking.',
	]);
});

test('alerts that always, too often, never or cannot fire', () => {
	const alerts = [
		{ name: 'always', overMs: DAY_MS, firedMs: DAY_MS, firings: 1, known: true },
		{ name: 'often', overMs: DAY_MS, firedMs: 3_600_000, firings: 40, known: true },
		{ name: 'never', overMs: 8 * DAY_MS, firedMs: 0, firings: 0, known: true },
		{ name: 'blind', overMs: DAY_MS, firedMs: 0, firings: 0, known: false },
		{ name: 'fine', overMs: DAY_MS, firedMs: 60_000, firings: 1, known: true },
		{ name: 'young', overMs: 60_000, firedMs: 60_000, firings: 1, known: false },
	];
	assert.deepEqual(
		review(observed({ alerts })).map(({ about, weight, text }) => [about.alert, weight, text.slice(0, 46)]),
		[
			['always', 'advice', 'The alert always fired for 100 % of the last 2'],
			['often', 'advice', 'The alert often fired 40 times in 24 h: nobody'],
			['never', 'note', 'The alert never has not fired in 8 days. Does '],
			['blind', 'advice', 'The alert blind cannot fire: nothing was known'],
		],
	);
});

test('what was not seen is said', () => {
	const quiet = service({ requests: 0, routes: [route({ requests: 0 })] });
	const found = review(observed({ services: [quiet, service({ name: 'api' })], seriesDropped: 0.1, logsDropped: 3 }));
	assert.deepEqual(texts(found), [
		'blind: Measured series found no room (6 a minute), so something is not counted: raise `metrics.series`, or use fewer routes.',
		'blind: Log records were dropped (3 a second): the disk is too slow or full, or there are too many.',
		'blind: 1 service had no requests: videos.',
	]);
	assert.deepEqual(texts(review(observed({ services: [quiet] }))), [
		'blind: Nobody asked for anything in the last 24 h.',
	]);
});

test('figures that are not known give no sentence with a NaN in it, whatever is missing', () => {
	const none = level(Number.NaN);
	const empty = route({ requests: 0, mean: Number.NaN, p50: Number.NaN, p99: Number.NaN, errorRate: Number.NaN });
	const host = {
		cores: 1,
		cpu: none,
		memory: none,
		disks: [{ mount: '/', used: Number.NaN, fullInS: Number.NaN }],
		lag: none,
	};
	const blank = { errorRate: Number.NaN, p95: Number.NaN, cpu: none, memoryBefore: Number.NaN, memoryNow: Number.NaN };
	const instances = ['a', 'b', 'c', 'd'].map((id) => instance(id, blank));
	const services = [
		service({ routes: [empty], instances, errorRate: Number.NaN, retryRate: Number.NaN }),
		service({ concurrency: { limit: 100, adaptive: false, inFlight: none } }),
	];
	for (const { text } of review(observed({ host, services }))) assert.doesNotMatch(text, /NaN|undefined|Infinity/);
});

test('gathered from a source of figures: the labels and times asked for, and what is not known', async () => {
	const asked: (FigureQuery | FigureRange)[] = [];
	const known = ['requests', 'p99', 'cpu', 'memory', 'disk.used'];
	const labels: Record<string, string> = { service: 'videos', route: 'GET /a', instance: 'videos-1', mount: '/' };
	const pick = (by: readonly string[]) => Object.fromEntries(by.map((label) => [label, labels[label] ?? '?']));
	const figures: FigureSource = {
		find: (name) => (known.includes(name) ? ({ name } as FigureInfo) : undefined),
		list: () => [],
		at: async (query) => {
			asked.push(query);
			return [{ labels: pick(query.by), value: 3 }];
		},
		range: async (query) => {
			asked.push(query);
			return [{ labels: pick(query.by), fromMs: 0, stepMs: 1, values: [null, 1, 2, null, 6] }];
		},
	};
	const now = {
		name: 'videos',
		ready: 1,
		desired: 1,
		concurrency: { limit: 10, adaptive: true },
		routes: ['GET /a', '*'],
		instances: [{ id: 'videos-1', local: true, restarts: 2 }],
	};
	const source = { figures, cores: 2, services: () => [now], alerts: () => [] };
	const found = await observe(source, { fromMs: 0, toMs: DAY_MS });
	const [first] = found.services;
	assert.deepEqual([first?.requests, first?.errorRate, first?.shed], [3, Number.NaN, 0]);
	assert.deepEqual(
		first?.routes.map(({ requests, p99, mean }) => [requests, p99, mean]),
		[
			[3, 3, Number.NaN],
			[0, Number.NaN, Number.NaN],
		],
	);
	const [one] = first?.instances ?? [];
	assert.deepEqual([one?.cpu, one?.memoryBefore, one?.memoryNow, one?.restarts], [{ mean: 3, most: 6 }, 1, 6, 2]);
	assert.deepEqual([found.host.cpu, found.host.memory.mean], [{ mean: 3, most: 6 }, Number.NaN]);
	assert.deepEqual(found.host.disks, [{ mount: '/', used: 3, fullInS: Number.NaN }]);
	assert.deepEqual(new Set(asked.map(({ figure }) => figure)), new Set(known));
	assert.ok(asked.every(({ overMs }) => overMs > 0 && overMs <= DAY_MS));
	assert.doesNotThrow(() => review(found));
});
