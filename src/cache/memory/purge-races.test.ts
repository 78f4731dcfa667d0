/** Workers that store and renew what an origin says, while it changes and that is purged: nothing of before is found fresh behind a purge. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import type { PurgeSelect } from '../answer-store.ts';
import { RecentPurges } from '../purges/recent-purges.ts';
import { AnswerMemory } from './answer-memory.ts';
import { openAnswerStore } from './memory-store.ts';
import { cacheKey } from './testing/answers.ts';
import type { VersionedStart } from './testing/versioned-filler.ts';

const PURGES = 40;
const LOOK_MS = 1;
const SELECTS: readonly PurgeSelect[] = [
	{ tags: ['t', 'u'] },
	{ urls: ['http://a.example/k'] },
	{ prefixes: ['a.example/'] },
	{ everything: true },
];

test('what is found fresh once a purge is over was asked for behind it', async (t) => {
	const buffer = AnswerMemory.create(1024 * 1024);
	const recent = RecentPurges.create();
	const origin = new SharedArrayBuffer(12);
	const cells = new Int32Array(origin);
	const start = (worker: number): Worker =>
		new Worker(new URL('./testing/versioned-filler.ts', import.meta.url), {
			workerData: { buffer, recent, origin, worker } satisfies VersionedStart,
		});
	const workers = [start(0), start(1)];
	const over = workers.map((worker) => once(worker, 'exit'));
	t.after(() => Atomics.store(cells, 1, 1));
	const store = openAnswerStore(buffer, 2, { recent });
	const key = cacheKey('ha.example/k');
	for (const end = performance.now() + 20_000; Atomics.load(cells, 2) < 100; ) {
		assert.ok(performance.now() < end, 'the workers do not begin');
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
	for (let at = 0; at < PURGES; at++) {
		const version = Atomics.add(cells, 0, 1) + 1;
		const [select, soft] = [SELECTS[at % SELECTS.length] as PurgeSelect, at % 3 === 0];
		await store.purge(select, soft);
		// For longer than an answer is on its way. More than one may be there for a moment: the newest is found first.
		for (const end = performance.now() + LOOK_MS; performance.now() < end; ) {
			const found = store.find(key, ({ received }) => received === 4);
			const isFresh = found?.staleFromMs === 0;
			const seen = found?.read(0).readInt32LE() ?? version;
			found?.release();
			assert.ok(!isFresh || seen >= version, `${JSON.stringify(select)} ${soft}: ${seen} of before ${version}`);
		}
		for (let others = 0; others < 3; others++) await store.purge({ tags: [`other ${others}`] }, soft);
	}
	Atomics.store(cells, 1, 1);
	await Promise.all(over);
	assert.ok(Atomics.load(cells, 2) > PURGES / 2, `stored ${Atomics.load(cells, 2)} times`);
});
