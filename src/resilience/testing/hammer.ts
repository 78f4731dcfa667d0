/** A thread that takes from a table as fast as it can, by a clock that its starter moves. */
import { parentPort, workerData } from 'node:worker_threads';
import { GcraTable } from '../gcra-table.ts';
import type { RateLimiterOptions } from '../rate-limiter.ts';

export interface HammerStart {
	buffer: SharedArrayBuffer;
	options: RateLimiterOptions;
	/** The keys, as halves of their hashes. */
	keys: [number, number][];
	/** Its first cell: now, ms; negative: the end. From `REPORTS` on a cell for each thread: the last now at which all its keys were refused. */
	clock: SharedArrayBuffer;
	id: number;
}

export const REPORTS = 16;

if (parentPort !== null) {
	const { buffer, options, keys, clock, id } = workerData as HammerStart;
	const cells = new Int32Array(clock);
	const table = new GcraTable(buffer, options);
	const admitted = keys.map(() => 0);
	for (;;) {
		const now = Atomics.load(cells, 0);
		if (now < 0) break;
		let refused = 0;
		for (const [at, [a, b]] of keys.entries()) {
			if (table.take(a, b, now) === 0) admitted[at] = (admitted[at] as number) + 1;
			else refused++;
		}
		if (refused === keys.length) Atomics.store(cells, REPORTS + id, now);
	}
	parentPort.postMessage(admitted);
}
