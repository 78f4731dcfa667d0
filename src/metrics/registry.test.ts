import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BallastError } from '../core/errors.ts';
import { Registry } from './registry.ts';

const REQUESTS = { name: 'a_total', kind: 'counter', unit: 'number', help: 'A', labels: ['x'] } as const;
const SIZE = { name: 'b', kind: 'gauge', unit: 'number', help: 'B', labels: ['x'] } as const;
const TIME = { name: 'c_seconds', kind: 'histogram', unit: 'seconds', help: 'C', labels: [] } as const;

test('a series is the same one each time it is asked for', () => {
	const registry = new Registry();
	const metric = registry.define(REQUESTS);
	assert.equal(metric.series('1'), metric.series('1'));
	assert.notEqual(metric.series('1'), metric.series('2'));
	assert.equal(registry.define(REQUESTS), metric);
	assert.throws(() => registry.define({ ...REQUESTS, labels: ['y'] }), BallastError);
	assert.throws(() => registry.define({ ...REQUESTS, name: 'no good' }), BallastError);
	assert.throws(() => metric.series(), BallastError);
});

test('what finds no room is written to nowhere, counted once, and found room for later', () => {
	const registry = new Registry({ series: 2 });
	const dropped = registry.find('ballast_series_dropped_total');
	const metric = registry.define(REQUESTS);
	const values = (): unknown => dropped?.all.map((series) => 'value' in series && series.value);
	metric.series('1').add(1);
	metric.series('2').add(1);
	assert.deepEqual(values(), [0]);
	for (let i = 0; i < 5; i++) metric.series('3').add(1);
	assert.deepEqual(values(), [1]);
	assert.deepEqual(
		metric.all.map((series) => series.values),
		[['1'], ['2']],
	);
	metric.remove('1');
	metric.series('3').add(1);
	assert.deepEqual(
		metric.all.map((series) => series.values[0]),
		['2', '3'],
	);
	assert.equal(registry.size, 3);
	registry.resize(10);
	metric.series('4');
	assert.deepEqual(values(), [1]);
});

test('those not asked for in a refresh are removed, and go on where they were when they come back', () => {
	const registry = new Registry();
	const metric = registry.define(REQUESTS);
	const kept = metric.series('1');
	kept.read(100);
	metric.series('2');
	metric.refresh(() => void metric.series('2'));
	assert.deepEqual(
		metric.all.map((series) => series.values[0]),
		['2'],
	);
	const back = metric.series('1');
	assert.equal(back, kept);
	back.read(130);
	assert.equal(back.value, 130);
});

test('values of labels are cut to a length', () => {
	const metric = new Registry().define(SIZE);
	metric.series('x'.repeat(10_000)).set(1);
	assert.equal(metric.all[0]?.values[0]?.length, 200);
});

test('a counter that is read goes on when its source began anew', () => {
	const series = new Registry().define(REQUESTS).series('1');
	series.read(100);
	series.read(150);
	series.read(20);
	series.read(Number.NaN);
	assert.equal(series.value, 170);
	series.add(-5);
	assert.equal(series.value, 170);
});

test('a histogram that is read takes differences by cell, over a wrap and a new begin', () => {
	const series = new Registry().define(TIME).series();
	const cells = new Float64Array(896);
	const read = (count: number, sum: number): void => series.read({ cells, count, sum });
	cells[600] = 3;
	read(3, 1.5);
	assert.deepEqual(series.added, { cells: [600], counts: [3] });
	read(3, 1.5);
	assert.deepEqual(series.added, { cells: [], counts: [] });
	assert.equal(series.count, 3);
	// The count was read before the cell was written: the next look finds it.
	cells[600] = 4;
	cells[10] = 2 ** 32 - 1;
	read(5, 2);
	cells[10] = 1;
	read(7, 2);
	assert.equal(series.count, 4 + 2 ** 32 + 1);
	cells.fill(0);
	cells[600] = 1;
	read(1, 0.25);
	assert.equal(series.count, 4 + 2 ** 32 + 2);
	assert.equal(series.sum, 2.25);
	assert.equal(series.cells[600], 5);
	assert.equal(
		series.explicit.reduce((sum, count) => sum + count, 0),
		series.count,
	);
	series.observe(0.3);
	assert.equal(series.explicit[7], 1);
});

test('a collector that throws does not stop the others', () => {
	const failures: unknown[] = [];
	const registry = new Registry({ failed: (error) => failures.push(error) });
	const gauge = registry.define(SIZE).series('1');
	registry.collect(() => {
		throw new Error('no');
	});
	const stop = registry.collect(() => gauge.set(4));
	registry.sample();
	assert.equal(gauge.value, 4);
	assert.equal(failures.length, 1);
	gauge.set(0);
	stop();
	registry.sample();
	assert.equal(gauge.value, 0);
});
