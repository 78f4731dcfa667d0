import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type AnswerEntry, FillState } from '../answer-store.ts';
import { AnswerMemory, Control, STRIPES } from './answer-memory.ts';
import { Cell } from './entry-record.ts';
import { openAnswerStore } from './memory-store.ts';
import { cacheKey, storedAnswer } from './testing/answers.ts';
import { byteAt, type FillerStart, RACED } from './testing/filler.ts';
import type { RandomLoad, RandomLoadReport } from './testing/random-load.ts';

const MIB = 1024 * 1024;

function start(script: string, workerData: RandomLoad | FillerStart): Worker {
	return new Worker(new URL(`./testing/${script}.ts`, import.meta.url), { workerData });
}

test('three workers at random: every byte is right, the bound holds, and all memory comes back', async () => {
	const buffer = AnswerMemory.create(2 * MIB);
	const load = { buffer, steps: 4000, keys: 200, bodyMost: 40_000, purges: true };
	const workers = [1, 2, 3].map((worker) => start('random-load', { ...load, worker }));
	const reports = await Promise.all(
		workers.map(async (worker) => (await once(worker, 'message'))[0] as RandomLoadReport),
	);
	const sum = (of: (report: RandomLoadReport) => number): number =>
		reports.reduce((all, report) => all + of(report), 0);
	assert.ok(sum(({ hits }) => hits) > 1000, JSON.stringify(reports));
	assert.ok(sum(({ followed }) => followed) > 0, JSON.stringify(reports));
	const most = Math.max(...reports.map(({ usedMost }) => usedMost));
	assert.ok(most <= 2 * MIB && buffer.byteLength <= 2 * MIB && most > 1.9 * MIB, `${most}`);
	const store = openAnswerStore(buffer, 0);
	await store.purge({ everything: true }, false);
	assert.deepEqual(store.usage, { bytes: store.memory.arena, most: buffer.byteLength, entries: 0 });
});

test('what one worker fills others read while it grows', async () => {
	const buffer = AnswerMemory.create(8 * MIB);
	const store = openAnswerStore(buffer, 0);
	const filling = store.begin(cacheKey('k'));
	assert.ok(filling !== null);
	const readers = [1, 2].map((worker) => start('filler', { buffer, worker, role: 'reader' }));
	const texts = readers.map(async (reader) => (await once(reader, 'message'))[0] as string);
	const { cells } = store.memory;
	const watching = (): boolean => Atomics.load(cells, store.memory.cell(filling.unit) + Cell.watchers) === 6;
	while (!watching()) await sleep(1);
	filling.setAnswer(storedAnswer());
	const part = Buffer.alloc(10_000, 'x');
	for (let i = 0; i < 20; i++) {
		filling.append(part, 0, part.length);
		await new Promise((resolve) => setImmediate(resolve));
	}
	filling.complete(null);
	filling.release();
	assert.deepEqual(await Promise.all(texts), ['whole 200000', 'whole 200000']);
});

test('what outgrows the memory goes on for followers of other threads, each byte right, and all memory comes back', async () => {
	const buffer = AnswerMemory.create(4 * MIB);
	const store = openAnswerStore(buffer, 0);
	const length = 8 * MIB;
	const body = Buffer.from(Uint8Array.from({ length }, (_, at) => byteAt(at)));
	const filling = store.begin(cacheKey('k'));
	assert.ok(filling !== null);
	filling.setAnswer(storedAnswer(), true);
	filling.append(body, 0, 1000);
	const readers = [1, 2].map((worker) => start('filler', { buffer, worker, role: 'followers' }));
	await Promise.all(readers.map((reader) => once(reader, 'message')));
	const read = readers.map(async (reader) => (await once(reader, 'message'))[0] as number[]);
	let usedMost = 0;
	for (let at = 1000; at < length; ) {
		const end = Math.min(at + 50_000, length);
		assert.ok(filling.append(body, at, end));
		at = end;
		usedMost = Math.max(usedMost, store.usage.bytes - store.memory.arena);
		const fill = filling.distantFill;
		if (fill?.full) {
			await new Promise<void>((resolve, reject) => {
				fill.listener = { drained: resolve, settled: (whole) => reject(new Error(`settled ${whole}`)) };
			});
		} else await new Promise((resolve) => setImmediate(resolve));
	}
	assert.equal(filling.outgrown, true);
	filling.complete(null);
	assert.deepEqual(await Promise.all(read), [Array(3).fill(length), Array(3).fill(length)]);
	assert.ok(usedMost < 2.1 * MIB, `${usedMost}`);
	filling.release();
	while (store.usage.bytes > store.memory.arena) await sleep(1);
	assert.equal(store.usage.entries, 0);
});

test('whoever asks at the same moment, one begins', async () => {
	const buffer = AnswerMemory.create(8 * MIB);
	const racers = [1, 2, 3].map((worker) => start('filler', { buffer, worker, role: 'racer' }));
	const begun = await Promise.all(racers.map(async (racer) => (await once(racer, 'message'))[0] as number));
	assert.equal(
		begun.reduce((sum, count) => sum + count),
		RACED,
	);
});

test('one that somebody asks for is not asked for again, though its lock is held for longer than a hit would wait', async () => {
	const buffer = AnswerMemory.create(4 * MIB);
	const [one, other] = [openAnswerStore(buffer, 0), openAnswerStore(buffer, 1)];
	const asked = one.begin(cacheKey('k'));
	assert.ok(asked !== null);
	const { cells, stripes } = one.memory;
	const locks = Array.from({ length: STRIPES }, (_, at) => stripes + at * 16);
	const go = new Int32Array(new SharedArrayBuffer(4));
	// Stopped while it held them, it runs again a little later.
	const holder = new Worker(
		`const { workerData: { cells, locks, go }, parentPort } = require('node:worker_threads');
		parentPort.postMessage('up');
		Atomics.wait(go, 0, 0);
		Atomics.wait(go, 0, 1, 30);
		for (const at of locks) Atomics.store(cells, at, 0);`,
		{ eval: true, workerData: { cells, locks, go } },
	);
	await once(holder, 'message');
	const hold = (): void => {
		for (const at of locks) Atomics.store(cells, at, 9);
	};
	hold();
	assert.equal(
		other.find(cacheKey('k'), () => true),
		null,
	);
	Atomics.store(go, 0, 1);
	Atomics.notify(go, 0);
	assert.equal(
		other.begin(cacheKey('k'), ({ state }) => state === FillState.asked),
		null,
	);
	const found = other.find(cacheKey('k'), () => true, true);
	assert.equal(found?.unit, asked.unit);
	await once(holder, 'exit');
	assert.equal(one.usage.entries, 1);
});

test('a worker that is gone: what it was filling is broken for others, nothing is found or begun in its memory', async () => {
	const buffer = AnswerMemory.create(4 * MIB);
	const store = openAnswerStore(buffer, 0);
	const filler = start('filler', { buffer, worker: 3, role: 'filler' });
	await once(filler, 'message');
	const entry = store.find(cacheKey('k'), () => true) as AnswerEntry;
	assert.equal(entry.state, FillState.filling);
	const mine = store.begin(cacheKey('mine'));
	assert.ok(mine !== null);
	assert.ok(mine.setAnswer(storedAnswer()));
	let told: () => void;
	const broken = new Promise<void>((resolve) => (told = resolve));
	const listener = { entryChanged: () => entry.state === FillState.broken && told() };
	entry.watch(listener);
	await filler.terminate();
	// It may have ended anywhere; with the lock of all, say.
	Atomics.store(new Int32Array(buffer), Control.lock, 4);
	AnswerMemory.abandon(buffer, 3);
	await broken;
	assert.equal(entry.read(0).toString(), 'begun');
	entry.unwatch(listener);
	entry.release();
	assert.equal(
		store.find(cacheKey('k'), () => true),
		null,
	);
	assert.equal(store.begin(cacheKey('l')), null);
	// What needs no lock goes on; what does ends.
	assert.ok(mine.append(Buffer.from('abc'), 0, 3));
	assert.ok(!mine.append(Buffer.alloc(100_000), 0, 100_000));
	assert.equal(mine.state, FillState.broken);
	mine.release();
});

test('a lock that is not given back makes a lookup a miss in a millisecond, and the next ones at once', () => {
	const buffer = AnswerMemory.create(4 * MIB);
	const store = openAnswerStore(buffer, 0);
	const filling = store.begin(cacheKey('k'));
	const { cells, stripes } = store.memory;
	for (let stripe = 0; stripe < 256; stripe++) cells[stripes + stripe * 16] = 9;
	assert.equal(
		store.find(cacheKey('k'), () => true),
		null,
	);
	for (let stripe = 0; stripe < 256; stripe++) cells[stripes + stripe * 16] = 0;
	const found = store.find(cacheKey('k'), () => true);
	assert.ok(found !== null);
	found.release();
	filling?.release();
});

test('workers that end anywhere: the others stop waiting as soon as the memory is abandoned', async () => {
	for (let round = 0; round < 3; round++) {
		const buffer = AnswerMemory.create(2 * MIB);
		const load = { buffer, steps: Number.POSITIVE_INFINITY, keys: 200, bodyMost: 20_000, purges: true };
		const worker = start('random-load', { ...load, worker: 1 });
		await once(worker, 'online');
		await sleep(50 + round * 7);
		await worker.terminate();
		AnswerMemory.abandon(buffer, 1);
		const store = openAnswerStore(buffer, 0);
		assert.equal(
			store.find(cacheKey('https://host/0/0'), () => true),
			null,
		);
		assert.equal(store.begin(cacheKey('x')), null);
		await store.purge({ everything: true }, false);
	}
});
