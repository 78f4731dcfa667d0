import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Priority } from '../core/priority.ts';
import { ServiceCell, ServiceColumn } from '../core/service-cells.ts';
import { ADAPTIVE, type ConcurrencyConfig } from '../resilience/overload-config.ts';
import { ServiceLimit } from '../resilience/service-limit.ts';
import { OverloadControl, type WorkerPressure } from './overload-control.ts';
import { ServiceCellsIndex } from './service-cells-index.ts';

const FIXED: ConcurrencyConfig = { kind: 'fixed', limit: 10 };

function setUp() {
	const cells = new ServiceCellsIndex();
	cells.widen(2);
	const said: string[] = [];
	const workers: WorkerPressure[] = [0, 1].map((id) => ({ id, shed: 0, lagMs: 0, heap: 100 }));
	const clock = { now: 1000 };
	const control = new OverloadControl(cells, {
		add: ({ level, subject, text }) => said.push(`${level} ${subject}: ${text}`),
	});
	control.now = () => clock.now;
	control.workers = { pressure: () => workers };
	const adopt = (services: Record<string, ConcurrencyConfig | null>) =>
		control.adopt(Object.entries(services).map(([name, concurrency]) => ({ name, concurrency })));
	const app = cells.of('app');
	return {
		control,
		cells,
		adopt,
		said,
		workers,
		app,
		limits: [0, 1].map((worker) => new ServiceLimit(app, worker, [1000, 1000, 1000])) as [ServiceLimit, ServiceLimit],
		limit: () => app.get(ServiceCell.limit),
		look(ms = 200, times = 1) {
			for (let i = 0; i < times; i++) {
				clock.now += ms;
				control.look();
			}
		},
		/** Answers of this worker, each after so long. */
		answer(worker: number, count: number, ms: number) {
			app.add(worker, ServiceColumn.headCount, count);
			app.add(worker, ServiceColumn.headSumUs, (count * ms * 1000) | 0);
		},
	};
}

test('limits are set, changed and taken away with the configuration', () => {
	const { adopt, limit, cells } = setUp();
	adopt({ app: FIXED, other: null });
	assert.equal(limit(), 10);
	assert.equal(cells.of('other').get(ServiceCell.limit), 0);
	adopt({ app: { kind: 'fixed', limit: 3 } });
	assert.equal(limit(), 3);
	adopt({ app: ADAPTIVE });
	assert.equal(limit(), 100);
	adopt({});
	assert.equal(limit(), 0);
});

test('an adaptive limit grows by what both workers see, is kept over reloads and within new bounds', () => {
	const { adopt, limit, look, answer, limits, control } = setUp();
	adopt({ app: ADAPTIVE });
	for (let i = 0; i < 90; i++) limits[i % 2]?.enter(Priority.normal);
	for (let i = 0; i < 15; i++) {
		answer(i % 2, 400, 20);
		look();
	}
	const grown = limit();
	assert.ok(grown > 150, `${grown}`);
	adopt({ app: { ...ADAPTIVE, tolerance: 2 } });
	assert.equal(limit(), grown);
	adopt({ app: { ...ADAPTIVE, max: 50 } });
	assert.equal(limit(), 50);
	assert.deepEqual(control.found(), { app: grown });
	answer(0, 400, 20);
	look();
	assert.equal(limit(), 50);
});

test('sums that wrap are differences all the same', () => {
	const { adopt, look, answer, app, limits, limit } = setUp();
	adopt({ app: ADAPTIVE });
	for (let i = 0; i < 90; i++) limits[0].enter(Priority.normal);
	app.add(0, ServiceColumn.headSumUs, 0x7fffffff - 1000);
	app.add(0, ServiceColumn.headCount, 0x7fffffff - 1000);
	look();
	for (let i = 0; i < 30; i++) {
		answer(0, 400, 20);
		look();
	}
	assert.ok(limit() > 150, `${limit()}`);
});

test('what a core before found is where this one begins, unless it knows better already', () => {
	const { adopt, control, limit, look, answer, cells } = setUp();
	adopt({ app: ADAPTIVE, fixed: FIXED, constructor: ADAPTIVE });
	control.inherit({ app: 300, fixed: 5, gone: 7 });
	assert.equal(limit(), 300);
	assert.equal(cells.of('fixed').get(ServiceCell.limit), 10);
	assert.equal(cells.of('constructor').get(ServiceCell.limit), 100);
	control.inherit({ app: 5000 });
	assert.equal(limit(), 1000);
	control.inherit(undefined);
	for (let i = 0; i < 20; i++) {
		answer(0, 100, 20);
		look();
	}
	control.inherit({ app: 20 });
	assert.equal(limit(), 1000);
	assert.deepEqual(control.found(), { app: 1000 });
});

test('a service that sheds is told of once, and once more when it is over', () => {
	const { adopt, look, limits, said } = setUp();
	adopt({ app: FIXED });
	for (let i = 0; i < 15; i++) limits[i % 2]?.enter(Priority.normal);
	look();
	for (let i = 0; i < 7; i++) limits[1].enter(Priority.normal);
	look(200, 10);
	assert.deepEqual(said, ['warn app: sheds requests: 10 in flight of at most 10']);
	for (let i = 0; i < 10; i++) limits[i % 2]?.leave();
	look(200, 60);
	assert.deepEqual(said.slice(1), ['info app: sheds no more: 12 were refused within 0.2 s; 0 in flight of at most 10']);
});

test('one that loses its limit while it sheds is told of too', () => {
	const { adopt, look, limits, said } = setUp();
	adopt({ app: { kind: 'fixed', limit: 1 } });
	for (let i = 0; i < 2; i++) limits[0].enter(Priority.normal);
	look();
	adopt({ app: null });
	assert.deepEqual(said.slice(1), ['info app: sheds no more: 1 was refused within 0.1 s; it has no limit any more']);
});

test('workers that shed are told of together; one that was replaced counts from 0 again', () => {
	const { look, workers, said } = setUp();
	const [first, second] = workers as [WorkerPressure, WorkerPressure];
	look();
	Object.assign(first, { shed: 5, lagMs: 812 });
	second.heap = 934;
	look();
	assert.deepEqual(said, [
		'warn ballast: sheds requests: worker 0 is 812 ms late, its heap 10 % full; worker 1 is 0 ms late, its heap 93 % full',
	]);
	first.shed = 2;
	look(200, 60);
	assert.deepEqual(said.slice(1), ['info ballast: sheds no more: 7 were refused within 0.2 s']);
});
