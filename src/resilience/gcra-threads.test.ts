import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { GcraTable } from './gcra-table.ts';
import type { RateLimiterOptions } from './rate-limiter.ts';
import { type HammerStart, REPORTS } from './testing/hammer.ts';

const START_MS = 1000;
const STEPS = 40;
const STEP_MS = 7;
const STEPPED_MS = STEPS * STEP_MS;

/** Admitted requests of each key, over all threads: they hammer on while the clock goes on from step to step. */
async function hammer(threads: number, options: RateLimiterOptions, keys: [number, number][]): Promise<number[]> {
	const clock = new SharedArrayBuffer(4 * (REPORTS + threads));
	const cells = new Int32Array(clock);
	cells[0] = START_MS;
	const buffer = GcraTable.memory(options.entries);
	const workers = Array.from({ length: threads }, (_, id) => {
		const start: HammerStart = { buffer, options, keys, clock, id };
		return new Worker(new URL('./testing/hammer.ts', import.meta.url), { workerData: start });
	});
	const counts = Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number[]));
	for (let step = 0; step <= STEPS; step++) {
		const now = START_MS + step * STEP_MS;
		Atomics.store(cells, 0, now);
		// The next step is only taken when nobody gets anything any more, so that no allowance is left unused.
		while (!workers.every((_, id) => Atomics.load(cells, REPORTS + id) === now)) await sleep(1);
	}
	Atomics.store(cells, 0, -1);
	const all = await counts;
	return keys.map((_, at) => all.reduce((sum, admitted) => sum + (admitted[at] as number), 0));
}

for (const threads of [2, 4]) {
	test(`${threads} threads that hammer on one key get the burst and the rate, and not one more`, async () => {
		const options = { count: 1000, perMs: 1000, burst: 500, entries: 64, full: 'refuse' } as const;
		assert.deepEqual(await hammer(threads, options, [[123, 456]]), [500 + STEPPED_MS]);
	});
}

test('many keys at once, each for itself', async () => {
	const options = { count: 300, perMs: 1000, burst: 20, entries: 4096, full: 'refuse' } as const;
	const keys = Array.from({ length: 50 }, (_, i): [number, number] => [i - 25, Math.imul(i, 0x9e3779b1)]);
	const each = 20 + Math.floor((STEPPED_MS * 300) / 1000);
	assert.deepEqual(
		await hammer(3, options, keys),
		keys.map(() => each),
	);
});
