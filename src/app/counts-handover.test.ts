import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MeterGroup } from '../metrics/counts.ts';
import { Meter, nothingSeen, type Observation } from '../metrics/meter.ts';
import { CountsHandover, type Peers } from './counts-handover.ts';

/** A core as far as counts go: one worker's meters, which it reads by shared memory. */
class Core {
	readonly meters = { routes: new MeterGroup(), instances: new MeterGroup() };
	readonly peers: Peers & { sent: unknown[] } = {
		sent: [],
		handOn(counts) {
			// As JSON, as between processes.
			this.sent.push(JSON.parse(JSON.stringify(counts)));
		},
		onCounts: () => {},
	};
	readonly handover: CountsHandover;
	readonly routes: Record<string, number>;
	readonly lives: Record<string, number>;
	readonly #routes = new Meter((index, buffer) => this.meters.routes.chunk(0, index, buffer));
	readonly #instances = new Meter((index, buffer) => this.meters.instances.chunk(0, index, buffer));

	/** Routes and lives stand elsewhere in each core. */
	constructor(routes: Record<string, number>, lives: Record<string, number>) {
		this.routes = routes;
		this.lives = lives;
		this.handover = new CountsHandover(this.meters, this.peers, {
			routes: () => routes,
			instances: () => lives,
		});
	}

	request(route: number, slot: number, change: Partial<Observation> = {}): void {
		const seen = {
			...nothingSeen(),
			status: 200,
			us: 1000,
			bytesIn: 1,
			bytesOut: 10,
			...change,
		};
		this.#routes.observe(route, seen);
		this.#instances.observe(slot, seen);
	}
}

/** As the keeper gives it: through JSON. */
const yielded = (core: Core): unknown => JSON.parse(JSON.stringify(core.handover.yield()));
const drained = async (core: Core): Promise<unknown[]> => {
	await core.handover.drain(() => false);
	return core.peers.sent.splice(0);
};

test('counts go over by name; what the old core counts while it drains comes on top', async () => {
	const old = new Core({ 'a\n/x': 1, 'a\n*': 2 }, { 'a-1 h 1': 0, 'a-2 h 2': 1, 'gone h 3': 2 });
	const next = new Core({ 'a\n*': 1, 'b\n*': 2, 'a\n/x': 30 }, { 'a-2 h 2': 7, 'a-1 h 1': 9 });
	old.request(1, 0, { us: 1000, bytesOut: 100 });
	old.request(1, 1, { status: 503, failed: true, us: 2000 });
	old.request(2, 2, { retries: 2, held: true });
	old.request(0, 0, { status: 0 });
	next.request(30, 9, { us: 4000 });
	next.handover.lead(yielded(old));
	const x = next.meters.routes.counts([30]);
	assert.deepEqual([x.requests, x.status['2xx'], x.status['5xx'], x.failed, x.bytesOut], [3, 2, 1, 1, 120]);
	assert.deepEqual([x.p50Ms, x.p99Ms].map(Math.round), [2, 4]);
	const rest = next.meters.routes.counts([1]);
	assert.deepEqual([rest.requests, rest.retries, rest.held], [1, 2, 1]);
	assert.equal(next.meters.routes.counts([0]).aborted, 1, 'what met no route');
	assert.deepEqual(
		[9, 7].map((slot) => next.meters.instances.counts([slot]).requests),
		[3, 1],
	);

	old.request(1, 0);
	for (const part of await drained(old)) next.peers.onCounts(part);
	assert.equal(next.meters.routes.counts([30]).requests, 4);
	assert.deepEqual(await drained(old), [], 'nothing new, nothing said');
});

test('what was counted before is no rate of now, what comes from a draining core is', async () => {
	const old = new Core({ r: 1 }, {});
	const next = new Core({ r: 1 }, {});
	for (let i = 0; i < 1000; i++) old.request(1, 0);
	for (let second = 0; second < 3; second++) next.meters.routes.sample(2);
	next.handover.lead(yielded(old));
	next.meters.routes.sample(2);
	assert.equal(next.meters.routes.counts([1]).perSecond, 0);
	for (let i = 0; i < 30; i++) old.request(1, 0);
	for (const part of await drained(old)) next.peers.onCounts(part);
	next.meters.routes.sample(2);
	assert.equal(next.meters.routes.counts([1]).perSecond, 30 / 4);
});

test('a core that gets the lead back does not count its own twice', () => {
	const core = new Core({ r: 1 }, {});
	core.handover.lead(null);
	core.request(1, 0);
	const counts = yielded(core);
	core.handover.lead(counts);
	assert.equal(core.meters.routes.counts([1]).requests, 1);
});

test('a slot that another life has taken since begins at nothing', async () => {
	const lives: Record<string, number> = { one: 0 };
	const old = new Core({ r: 1 }, lives);
	const next = new Core({ r: 1 }, { one: 0, two: 1 });
	old.request(1, 0);
	old.request(1, 0);
	next.handover.lead(yielded(old));
	delete lives['one'];
	lives['two'] = 1;
	old.request(1, 1);
	for (const part of await drained(old)) next.peers.onCounts(part);
	assert.deepEqual(
		[0, 1].map((slot) => next.meters.instances.counts([slot]).requests),
		[2, 1],
	);
});

test('what another version or nobody sensible wrote changes nothing', () => {
	const core = new Core({ r: 1 }, {});
	const odd: unknown[] = [null, 7, 'x', [], {}, { version: 2, routes: { r: { counters: [1], buckets: [] } } }];
	const figures = [null, {}, { counters: ['1'], buckets: [] }, { counters: [-1], buckets: [] }, { counters: [1] }];
	for (const value of figures) odd.push({ version: 1, routes: { r: value, unknown: value }, instances: 3 });
	odd.push({ version: 1, routes: { r: { counters: Array(33).fill(1), buckets: [] } } });
	for (const counts of odd) core.handover.lead(counts);
	assert.equal(core.meters.routes.counts([1]).requests, 0);
	core.handover.lead({ version: 1, routes: { r: { counters: [2], buckets: [1e9, 5, 0.5, 5] } } });
	assert.equal(core.meters.routes.counts([1]).requests, 2);
});

test('over any number of upgrades, with any of them still draining, each request is counted once', async () => {
	const steps = fc.array(fc.constantFrom('request', 'late', 'part', 'upgrade', 'end'), { maxLength: 40 });
	await fc.assert(
		fc.asyncProperty(steps, async (acts) => {
			const one = (core: Core): void => core.request(core.routes['r'] as number, core.lives['life'] as number);
			let leader = new Core({ r: 1 }, { life: 0 });
			leader.handover.lead(null);
			let draining: Core[] = [];
			let requests = 0;
			const passOn = async (core: Core): Promise<void> => {
				for (const part of await drained(core))
					for (const other of [leader, ...draining]) if (other !== core) other.peers.onCounts(part);
			};
			for (const [at, act] of acts.entries()) {
				const old = draining[at % draining.length];
				if (act === 'request') one(leader);
				else if (act === 'late' && old !== undefined) one(old);
				if (act === 'request' || (act === 'late' && old !== undefined)) requests++;
				if (act === 'part' && old !== undefined) await passOn(old);
				if (act === 'end' && old !== undefined) {
					await passOn(old);
					draining = draining.filter((core) => core !== old);
				}
				if (act === 'upgrade') {
					const next = new Core({ other: 1, r: 2 + at }, { life: at });
					const counts = yielded(leader);
					// A part that the keeper passes on while the lead is under way is for the old one.
					for (const core of draining.slice(0, 1))
						for (const part of await drained(core)) for (const core of [leader, next]) core.peers.onCounts(part);
					next.handover.lead(counts);
					draining.push(leader);
					leader = next;
					await passOn(draining.at(-1) as Core);
				}
			}
			for (const core of draining) await passOn(core);
			const counts = leader.handover.yield();
			assert.equal(counts.routes['r']?.counters[0] ?? 0, requests);
			assert.equal(counts.instances['life']?.counters[0] ?? 0, requests);
		}),
		{ numRuns: 300 },
	);
});
