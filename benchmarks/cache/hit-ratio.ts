/** What share of requests the cache's store answers, beside other ways to choose what is kept. */
import { AnswerMemory, UNIT } from '../../src/cache/memory/answer-memory.ts';
import { openAnswerStore } from '../../src/cache/memory/memory-store.ts';
import { cacheKey, storedAnswer } from '../../src/cache/memory/testing/answers.ts';
import type { Line } from '../stability/verdict.ts';
import { belady, bestFixed, type Load, lru, ratio } from './rivals.ts';
import { zipfTrace } from './zipf-trace.ts';

/** Requests for each object. */
const ASKED = 10;
const SHARES = [0.01, 0.05, 0.1];
const BODY = Buffer.alloc(1024 * 1024);
const suits = (): boolean => true;

/** The store itself, in a memory whose arena has this room. */
function ballast({ requests, room }: Load, lengths: Int32Array): number {
	// The index is the same in all that are compared: none has one.
	const store = openAnswerStore(arenaOf(room), 0, { entryShare: 1 });
	const keys = Array.from(lengths, (_, at) => cacheKey(`https://api.example.com/v1/objects/${at}`));
	return ratio(requests, (object) => {
		const key = keys[object] as (typeof keys)[number];
		const found = store.find(key, suits);
		if (found !== null) {
			found.touch();
			found.release();
			return true;
		}
		if (!store.admits(key)) return false;
		const length = lengths[object] as number;
		const entry = store.begin(key);
		if (entry === null) return false;
		if (entry.setAnswer(storedAnswer({ length })) && entry.append(BODY, 0, length)) entry.complete(null);
		else entry.fail(3);
		entry.release();
		return false;
	});
}

function arenaOf(units: number): SharedArrayBuffer {
	let bytes = units * UNIT;
	for (;;) {
		const buffer = AnswerMemory.create(bytes);
		const short = units + 1 - new AnswerMemory(buffer).units;
		if (short <= 0) return buffer;
		bytes += Math.max(short, 16) * UNIT;
	}
}

/** What an object takes: a unit for its record, and units for what is known of it, its head and its body. */
function sizesOf(lengths: Int32Array): Int32Array {
	const about = 151;
	return lengths.map((length) => 1 + Math.ceil((about + length) / UNIT));
}

/** `what`: the sizes, as `lengthOf` draws them. */
export function hitRatios(objects: number, what: string, lengthOf: (random: () => number) => number): Line[] {
	const { requests, share, lengths } = zipfTrace(objects, objects * ASKED, lengthOf);
	const sizes = sizesOf(lengths);
	const all = sizes.reduce((sum, size) => sum + size, 0);
	const points = (difference: number): number => Math.round(difference * 10) / 10;
	return SHARES.flatMap((part) => {
		const load: Load = { requests, share, sizes, room: Math.floor(all * part) };
		const percent = (value: number): number => Math.round(value * 1000) / 10;
		const [own, old, fixed, future] = [ballast(load, lengths), lru(load), bestFixed(load), belady(load)].map(
			percent,
		) as [number, number, number, number];
		console.log(`${what}, ${part * 100} %: store ${own}, LRU ${old}, best fixed ${fixed}, Belady ${future}`);
		const key = `${what.replaceAll(' ', '_')}_${part * 100}`;
		return [
			{
				figure: `below the best fixed choice, ${what}, ${part * 100} %`,
				key: `${key}_below_fixed`,
				measured: points(fixed - own),
				most: what === 'one size' ? 3 : undefined,
				unit: 'points',
			},
			{
				figure: `below Belady's, who knows the future, ${what}, ${part * 100} %`,
				key: `${key}_below_belady`,
				measured: points(future - own),
				most: undefined,
				unit: 'points',
			},
			{
				figure: `LRU less the store, ${what}, ${part * 100} %`,
				key: `${key}_above_lru`,
				measured: points(old - own),
				most: 0,
				unit: 'points',
			},
		];
	});
}
