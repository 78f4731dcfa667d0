/**
 * What the cache's store costs: a hit (find, touch, read, release) alone and beside another worker, and a fill. CPU
 * time of the thread, so that a busy machine disturbs little. `--quick`: a tenth of the requests.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { AnswerMemory } from '../src/cache/memory/answer-memory.ts';
import { openAnswerStore } from '../src/cache/memory/memory-store.ts';
import { cacheKey, storedAnswer } from '../src/cache/memory/testing/answers.ts';

const quick = process.argv.includes('--quick');
const KEYS = 4096;
const HITS = quick ? 200_000 : 2_000_000;
const FILLS = quick ? 20_000 : 200_000;
const ROUNDS = 5;
const BODY = Buffer.alloc(794, 'x');

const keys = Array.from({ length: KEYS }, (_, i) =>
	cacheKey(`GET https://api.example.com/v1/videos/${i * 7919}?page=2`),
);
const missing = cacheKey('GET https://api.example.com/v1/nothing');
const suits = (): boolean => true;
const cpuNs = (): number => {
	const { user, system } = process.threadCpuUsage();
	return (user + system) * 1000;
};

/** ns of CPU each, the least of the rounds. */
function best(count: number, work: (at: number) => void): number {
	let least = Number.POSITIVE_INFINITY;
	for (let round = 0; round < ROUNDS; round++) {
		const before = cpuNs();
		for (let at = 0; at < count; at++) work(at);
		least = Math.min(least, (cpuNs() - before) / count);
	}
	return Math.round(least);
}

function fill(store: ReturnType<typeof openAnswerStore>, at: number): void {
	const key = keys[at & (KEYS - 1)] as (typeof keys)[number];
	const entry = store.begin(key);
	if (entry === null) return;
	entry.setAnswer(answer);
	entry.append(BODY, 0, BODY.length);
	entry.complete(null);
	entry.release();
}

const answer = storedAnswer({ length: BODY.length, tags: ['videos', 'list'] });

function hits(store: ReturnType<typeof openAnswerStore>): number {
	let missed = 0;
	const ns = best(HITS, (at) => {
		// A hot key in two, as on a skewed load.
		const entry = store.find(keys[at & 1 ? (at * 31) & (KEYS - 1) : 7] as (typeof keys)[number], suits);
		if (entry === null) {
			missed++;
			return;
		}
		entry.touch();
		if (entry.answer === null || entry.read(0).length !== BODY.length) throw new Error('not what was stored');
		entry.release();
	});
	if (missed > 0) console.log(`(${missed} lookups gave up on a lock)`);
	return ns;
}

if (isMainThread) {
	const buffer = AnswerMemory.create(64 * 1024 * 1024);
	const store = openAnswerStore(buffer, 0);
	const line = (what: string, ns: number): void => console.log(`${what.padEnd(44)} ${ns} ns`);
	line(
		'a fill of 794 bytes, all new keys or replaced',
		best(FILLS, (at) => fill(store, at)),
	);
	line(
		'a lookup that misses',
		best(HITS, () => store.find(missing, suits)),
	);
	line('a hit', hits(store));
	const other = new Worker(new URL(import.meta.url), { workerData: buffer, argv: process.argv.slice(2) });
	await once(other, 'message');
	line('a hit, another worker does the same', hits(store));
	await other.terminate();
	const small = openAnswerStore(AnswerMemory.create(2 * 1024 * 1024), 0);
	line(
		'a fill that evicts',
		best(FILLS, (at) => fill(small, at)),
	);
} else {
	const store = openAnswerStore(workerData as SharedArrayBuffer, 1);
	parentPort?.postMessage('ready');
	for (;;) hits(store);
}
