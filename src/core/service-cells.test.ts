import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ServiceCells, ServiceColumn } from './service-cells.ts';

const { inFlight, shed } = ServiceColumn;

test('no more than allowed are taken over all workers, and what is given back can be taken again', () => {
	const cells = new ServiceCells(3);
	const taken = [0, 1, 2, 0, 1, 2].map((worker) => cells.take(worker, inFlight, 4));
	assert.deepEqual(taken, [true, true, true, true, false, false]);
	assert.equal(cells.sum(inFlight), 4);
	cells.give(1, inFlight);
	assert.equal(cells.take(2, inFlight, 4), true);
	assert.equal(cells.take(2, inFlight, Number.POSITIVE_INFINITY), true);
	assert.equal(cells.sum(inFlight), 5);
});

test('a limit that fell below what is under way lets nothing in until enough have left', () => {
	const cells = new ServiceCells(1);
	for (let i = 0; i < 10; i++) cells.take(0, inFlight, 10);
	for (let i = 0; i < 6; i++) {
		assert.equal(cells.take(0, inFlight, 5), false);
		cells.give(0, inFlight);
	}
	assert.equal(cells.take(0, inFlight, 5), true);
});

test('what a dead worker had under way is forgotten, what it counted is not', () => {
	const cells = new ServiceCells(2);
	cells.take(0, inFlight, 9);
	cells.take(1, inFlight, 9);
	cells.add(1, shed, 3);
	cells.clearWorker(1);
	assert.equal(cells.sum(inFlight), 1);
	assert.equal(cells.sum(shed), 3);
});

/** Takes and gives as fast as it can; while it has one it looks how many there are in all. */
const HAMMER = `
const { workerData, parentPort } = require('node:worker_threads');
import(workerData.module).then(({ ServiceCells }) => {
	const { worker, buffer, most, cell, times, held } = workerData;
	const cells = new ServiceCells(4, buffer);
	const count = new Int32Array(held);
	let taken = 0, highest = 0;
	for (let i = 0; i < times; i++) {
		if (!cells.take(worker, cell, most)) continue;
		taken++;
		highest = Math.max(highest, Atomics.add(count, 0, 1) + 1);
		Atomics.sub(count, 0, 1);
		cells.give(worker, cell);
	}
	parentPort.postMessage({ taken, highest });
});
`;

test('four threads at once: never more than the limit, and most of the time the limit is reached', async () => {
	const cells = new ServiceCells(4);
	const held = new SharedArrayBuffer(4);
	const most = 3;
	const module = new URL('./service-cells.ts', import.meta.url).href;
	const results = await Promise.all(
		[0, 1, 2, 3].map(
			(worker) =>
				new Promise<{ taken: number; highest: number }>((resolve, reject) => {
					const workerData = { module, worker, buffer: cells.buffer, most, cell: inFlight, times: 300_000, held };
					new Worker(HAMMER, { eval: true, workerData }).once('message', resolve).once('error', reject);
				}),
		),
	);
	assert.equal(cells.sum(inFlight), 0);
	for (const { taken, highest } of results) {
		assert.ok(taken > 0, 'each got its turn');
		assert.ok(highest <= most, `${highest} at once`);
	}
});
