import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { levelOfHeap, levelOfLag, NodePressure, type SheddingLevel, sustained } from './node-pressure.ts';

const SETTINGS = { lagMs: 500, heap: 0.9 };
const TICK = 50;

/** A worker whose ticks come so late, and whose heap is so full. */
function worker(settings: typeof SETTINGS | null = SETTINGS) {
	let nowMs = 1000;
	const heap = { share: 0.1 };
	const pressure = new NodePressure(settings, TICK, () => heap.share);
	pressure.tick(nowMs);
	return {
		pressure,
		heap,
		/** Ticks with these lags, ms; the level after each. */
		late: (...lags: number[]) => lags.map((lag) => pressure.tick((nowMs += TICK + lag))),
		/** Ticks in time for so long. */
		calm(seconds: number): SheddingLevel {
			for (let i = 0; i < (seconds * 1000) / TICK; i++) pressure.tick((nowMs += TICK));
			return pressure.level;
		},
	};
}

test('one stall, and a process that was stopped and goes on, shed nothing', () => {
	const { late, calm } = worker();
	assert.deepEqual(late(3000, 0, 0, 60_000, 0, 3000, 3000, 3000, 0), Array(9).fill(0));
	assert.equal(calm(1), 0);
	assert.deepEqual(late(600, 0, 600, 0, 600, 0, 600, 0), Array(8).fill(0));
});

test('four late ticks in a row shed low priority, twice as late normal too, four times all; the least counts', () => {
	assert.deepEqual(worker().late(500, 9000, 9000, 9000, 9000), [0, 0, 0, 1, 3]);
	assert.deepEqual(worker().late(999, 999, 999, 999), [0, 0, 0, 1]);
	assert.deepEqual(worker().late(1000, 1000, 1000, 1000), [0, 0, 0, 2]);
	assert.deepEqual(worker().late(2000, 2000, 2000, 2000), [0, 0, 0, 3]);
	assert.deepEqual(worker().late(499, 499, 499, 499, 499), [0, 0, 0, 0, 0]);
});

test('one tick in time is not yet the end: all four must be', () => {
	const { late } = worker();
	late(2500, 2500, 2500, 2500);
	assert.deepEqual(late(0, 0, 600, 0, 0, 0, 0), [3, 3, 3, 1, 1, 1, 0]);
});

test('a heap nearly full at two reads sheds; each half of the rest is one level more', () => {
	const { heap, calm } = worker();
	heap.share = 0.92;
	assert.equal(calm(1), 0);
	assert.equal(calm(1), 1);
	heap.share = 0.96;
	assert.equal(calm(2), 2);
	heap.share = 0.98;
	assert.equal(calm(2), 3);
	heap.share = 0.2;
	assert.equal(calm(1), 3, 'one low read may be chance');
	assert.equal(calm(1), 0);
});

test('switched off it sheds nothing, from that moment on', () => {
	const { pressure, late } = worker();
	late(2000, 2000, 2000, 2000);
	assert.equal(pressure.level, 3);
	pressure.configure(null);
	assert.equal(pressure.level, 0);
	assert.deepEqual(late(2000, 2000, 2000, 2000, 2000), Array(5).fill(0));
	assert.deepEqual(worker(null).late(5000, 5000, 5000, 5000, 5000), Array(5).fill(0));
});

test('property: the level is what all of the last values reach, or between that and the highest of them', () => {
	const level = fc.constantFrom<SheddingLevel>(0, 1, 2, 3);
	fc.assert(
		fc.property(level, fc.array(level, { minLength: 1, maxLength: 6 }), (before, levels) => {
			const after = sustained(before, levels);
			assert.ok(after >= Math.min(...levels) && after <= Math.max(...levels, before));
			assert.ok(after <= Math.max(...levels));
			assert.equal(sustained(after, levels), after);
		}),
	);
	fc.assert(
		fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }), (a, b) => {
			const [less, more] = a < b ? [a, b] : [b, a];
			assert.ok(levelOfLag(less, SETTINGS) <= levelOfLag(more, SETTINGS));
			assert.ok(levelOfHeap(less / 1e6, SETTINGS) <= levelOfHeap(more / 1e6, SETTINGS));
		}),
	);
});

/** A worker thread as ours: it ticks by an interval and tells each level; it can be kept busy, and its heap be filled. */
const THREAD = `
const { workerData, parentPort } = require('node:worker_threads');
Promise.all(workerData.modules.map((module) => import(module))).then(([{ NodePressure }, { heapInUse }]) => {
	const pressure = new NodePressure({ lagMs: 100, heap: 0.5 }, 20, heapInUse);
	const levels = new Int32Array(workerData.levels);
	setInterval(() => Atomics.store(levels, 0, pressure.tick(performance.now()) + 1), 20);
	const kept = [];
	let busy;
	parentPort.on('message', (what) => {
		clearInterval(busy);
		if (what === 'busy') busy = setInterval(() => { for (const end = performance.now() + 250; performance.now() < end;); }, 0);
		if (what === 'fill') while (heapInUse() < 0.6) kept.push(new Array(1000).fill(0).map(() => ({ of: kept.length })));
	});
});
`;

test('a real thread: busy it sheds, let alone it ends; the same with its heap', async () => {
	const modules = ['./node-pressure.ts', './heap-in-use.ts'].map((path) => new URL(path, import.meta.url).href);
	const levels = new Int32Array(new SharedArrayBuffer(4));
	const thread = new Worker(THREAD, {
		eval: true,
		workerData: { modules, levels: levels.buffer },
		resourceLimits: { maxOldGenerationSizeMb: 128 },
	});
	/** One more than the level; 0 before the first tick. */
	const until = async (holds: (level: number) => boolean) => {
		const most = performance.now() + 20_000;
		while (!holds(Atomics.load(levels, 0) - 1)) {
			assert.ok(performance.now() < most, `it stays at level ${Atomics.load(levels, 0) - 1}`);
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	};
	try {
		await until((level) => level === 0);
		thread.postMessage('busy');
		await until((level) => level > 0);
		thread.postMessage('rest');
		await until((level) => level === 0);
		thread.postMessage('fill');
		await until((level) => level > 0);
	} finally {
		await thread.terminate();
	}
});
