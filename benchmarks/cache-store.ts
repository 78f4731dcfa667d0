/**
 * What the cache's store costs: a hit (find, touch, read, release) alone and beside another worker, and a fill. CPU
 * time of the thread, so that a busy machine disturbs little. `--quick`: fewer of them.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { AnswerMemory } from '../src/cache/memory/answer-memory.ts';
import { openAnswerStore } from '../src/cache/memory/memory-store.ts';
import { cacheKey, storedAnswer } from '../src/cache/memory/testing/answers.ts';
import { zipfTrace } from './cache/zipf-trace.ts';
import { median } from './measure/ratios.ts';
import { quick } from './stability/verdict.ts';

const KEYS = 4096;
const HITS = quick ? 500_000 : 2_000_000;
const FILLS = quick ? 20_000 : 200_000;
const ROUNDS = 5;
const ASKED = 65_536;
const BODY = Buffer.alloc(794, 'x');

const keys = Array.from({ length: KEYS }, (_, i) =>
	cacheKey(`GET https://api.example.com/v1/videos/${i * 7919}?page=2`),
);
/** Whom requests are for: Zipf(0.9). */
const asked = zipfTrace(KEYS, ASKED, () => 0).requests;
const missing = cacheKey('GET https://api.example.com/v1/nothing');
const suits = (): boolean => true;
const cpuNs = (): number => {
	const { user, system } = process.threadCpuUsage();
	return (user + system) * 1000;
};

/** ns of CPU each, the median of the rounds. The system counts in steps of milliseconds. */
function cost(count: number, work: (at: number) => void): number {
	const rounds: number[] = [];
	for (let round = 0; round < ROUNDS; round++) {
		const before = cpuNs();
		for (let at = 0; at < count; at++) work(at);
		rounds.push((cpuNs() - before) / count);
	}
	return Math.round(median(rounds));
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

function hits(store: ReturnType<typeof openAnswerStore>, tells = true): number {
	let missed = 0;
	const ns = cost(HITS, (at) => {
		const entry = store.find(keys[asked[at & (ASKED - 1)] as number] as (typeof keys)[number], suits);
		if (entry === null) {
			missed++;
			return;
		}
		entry.touch();
		if (entry.answer === null || entry.read(0).length !== BODY.length) throw new Error('not what was stored');
		entry.release();
	});
	if (missed > 0 && tells) console.log(`(${missed} lookups gave up on a lock)`);
	return ns;
}

if (isMainThread) {
	const buffer = AnswerMemory.create(64 * 1024 * 1024);
	const store = openAnswerStore(buffer, 0);
	const line = (what: string, ns: number): void => console.log(`${what.padEnd(44)} ${ns} ns`);
	line(
		'a fill of 794 bytes, all new keys or replaced',
		cost(FILLS, (at) => fill(store, at)),
	);
	line(
		'a lookup that misses',
		cost(HITS, () => store.find(missing, suits)),
	);
	line('a hit', hits(store));
	const other = new Worker(new URL(import.meta.url), { workerData: buffer, argv: process.argv.slice(2) });
	await once(other, 'message');
	line('a hit, another worker does the same', hits(store));
	await other.terminate();
	const small = openAnswerStore(AnswerMemory.create(2 * 1024 * 1024), 0);
	line(
		'a fill that evicts',
		cost(FILLS, (at) => fill(small, at)),
	);
} else {
	const store = openAnswerStore(workerData as SharedArrayBuffer, 1);
	parentPort?.postMessage('ready');
	for (;;) hits(store, false);
}
