import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Board } from '../core/board.ts';
import { until } from '../instances/testing-watcher.ts';
import { RecordRing } from '../logs/record-ring.ts';
import { MeterGroup } from '../metrics/counts.ts';
import { DetailGroup } from '../metrics/detail.ts';
import type { InstancePlan, Plan } from './plan.ts';
import { ServiceCellsIndex } from './service-cells-index.ts';
import { WorkerGroup } from './worker-group.ts';

const groups: WorkerGroup[] = [];

afterEach(async () => {
	for (const group of groups.splice(0)) await group.end();
});

const plan = (workers: number, generation = 1, trust: string[] = []): Plan => ({
	generation,
	workers,
	columns: workers,
	services: [],
	cdnLoop: null,
	limits: {
		headMs: 1000,
		headBytes: 1000,
		headFields: 10,
		targetBytes: 1000,
		keepAliveMs: 1000,
		connections: 10,
		connectionsPerAddress: 10,
		underscores: 'drop',
		holdRequests: 1000,
		holdBytes: 16_777_216,
		overload: null,
	},
	trust,
	series: {},
	rateLimits: { hashKey: [0, 0], tables: {} },
	cache: null,
	jobs: null,
	recording: { lines: 0, rows: 0, traces: null, spans: false, slowMs: 1000, traceSlowMs: 1000, restart: 'never' },
});

const deed = (id: string): InstancePlan => ({
	slot: 0,
	serial: 1,
	id,
	service: 'app',
	pool: 'main',
	host: '127.0.0.1',
	port: 1,
	tls: false,
});

async function start(workers: number) {
	const board = new Board();
	board.grow();
	const events: string[] = [];
	const started: number[] = [];
	const group = new WorkerGroup({
		board,
		cells: new ServiceCellsIndex(),
		suspect: () => {},
		guardChanged: () => {},
		meters: { routes: new MeterGroup(), instances: new MeterGroup(), details: new DetailGroup() },
		records: () => RecordRing.create(64 * 1024).buffer,
		instances: () => [],
		started: async (id) => void started.push(id),
		event: (level, text) => events.push(`${level}: ${text}`),
		file: new URL('./testing/odd-worker.ts', import.meta.url),
		hungMs: 300,
	});
	groups.push(group);
	await group.start(plan(workers));
	return { group, board, events, started };
}

const restarts = (group: WorkerGroup) => group.view().map((worker) => worker.restarts);
const ready = (group: WorkerGroup) => group.view().every(({ state }) => state === 'ready');

test('a worker that hangs is found by its heartbeat, ended and replaced, while the others go on', async () => {
	const { group, board, events, started } = await start(3);
	assert.deepEqual(started.toSorted(), [0, 1, 2]);
	board.take();
	board.addInFlight(0, 1, 5);
	const began = performance.now();
	// The order that it hangs in is answered all the same, or a reload would wait for ever.
	assert.equal(await group.order(1, { type: 'instance', instance: deed('hang') }), '');
	const took = performance.now() - began;
	assert.ok(took > 250 && took < 10_000, `${took.toFixed(0)} ms`);
	await until(() => restarts(group).join() === '0,1,0' && ready(group));
	assert.deepEqual(started.toSorted(), [0, 1, 1, 2]);
	assert.equal(board.inFlight(0), 0, 'what the dead one had in flight is forgotten');
	assert.deepEqual(events, [
		'error: worker 1 has not moved for 0.3 s and is ended',
		'error: worker 1 ended and is replaced; its connections were lost',
	]);
	assert.equal(await group.order(1, { type: 'instance', instance: deed('nothing') }), '');
});

test('a worker that ends or throws is replaced at once; what it had not answered is settled', async () => {
	const { group, events } = await start(2);
	for (const name of ['exit', 'throw']) {
		assert.equal(await group.order(0, { type: 'instance', instance: deed(name) }), '');
		await until(() => group.view().length === 2 && ready(group));
	}
	assert.deepEqual(restarts(group), [2, 0]);
	assert.ok(events.includes('error: worker 0 failed: on purpose'));
	assert.equal(await group.order(0, { type: 'remove', slot: 1 }), 'unknown');
});

test('workers that only their main thread has not looked after are left alone', async () => {
	const { group, events } = await start(2);
	const until = performance.now() + 700;
	while (performance.now() < until);
	await new Promise((resolve) => setTimeout(resolve, 400));
	assert.deepEqual(events, []);
	assert.deepEqual(restarts(group), [0, 0]);
});

test('a plan that one worker refuses is known as refused', async () => {
	const { group } = await start(2);
	assert.equal(await group.prepare(plan(2, 2, ['refuse'])), 'it refuses');
	group.abort(2);
	assert.equal(await group.prepare(plan(2, 3)), '');
	await group.commit(plan(2, 3));
});

test('a worker that is replaced between prepare and commit serves by the new plan as well', async () => {
	const { group } = await start(2);
	const next = plan(2, 2, ['die 1']);
	assert.equal(await group.prepare(next), '');
	await until(() => group.view().length === 2 && ready(group));
	assert.deepEqual(restarts(group), [0, 1]);
	const committed = await Promise.race([
		group.commit({ ...next, trust: [] }).then(() => 'committed'),
		new Promise((resolve) => setTimeout(resolve, 3000, 'waits for ever')),
	]);
	assert.equal(committed, 'committed');
});

test('the connections of all workers add up, and those of a dead one do not count', async () => {
	const { group } = await start(3);
	assert.equal(group.load().connections, 21);
	await group.end();
	await until(() => group.view().length === 0);
	assert.equal(group.load().connections, 0);
});
