/** When requests come: counts for each second, and the very times where they are known and few enough to keep. */
import { LogHistogram } from './log-histogram.ts';
import type { SeededRandom } from './seeded-random.ts';

export const STEP_MS = 1000;
/** Longest time from the first to the last request. */
export const MOST_SPAN_MS = 92 * 86_400_000;
/** More times than these are not kept, only counted: 96 MB. */
const MOST_TIMES = 12_000_000;

export interface Load {
	/** Where it comes from, for people: `our access log`, `generated`. */
	kind: string;
	/** Begin of the first step, epoch ms. */
	fromMs: number;
	/** Requests of each step; not whole where one count stands for several steps. */
	counts: Float64Array;
	/** Rising, epoch ms; null: spread over their steps at random. */
	times: Float64Array | null;
	total: number;
	/** How long requests took, or how many tokens they made; empty: not known. */
	works: LogHistogram;
	/** What could not be read, and what was left out on purpose. */
	lines: { read: number; bad: number; skipped: number; firstBad: { line: number; why: string } | null };
}

/** Puts a load together from rows in any order. */
export class LoadBuilder {
	readonly works: LogHistogram = new LogHistogram();
	#times: Float64Array<ArrayBuffer> | null = new Float64Array(4096);
	#kept = 0;
	#counts = new Float64Array(4096);
	/** Number of the first step since 1970; NaN: none yet. */
	#first = Number.NaN;
	/** Steps in use, and of those the first in the array. */
	#offset = 0;
	#length = 0;
	#total = 0;

	get total(): number {
		return this.#total;
	}

	/** `count` requests at this time, or spread evenly from it on over `spreadMs`. False: too far from the others. */
	add(timeMs: number, count: number, spreadMs: number): boolean {
		const step = Math.floor(timeMs / STEP_MS);
		const endMs = timeMs + spreadMs;
		const last = spreadMs === 0 ? step : Math.ceil(endMs / STEP_MS) - 1;
		if (!this.#reserve(step, last)) return false;
		const at = this.#offset + step - this.#first;
		for (let n = 0; n <= last - step; n++) {
			const fromMs = (step + n) * STEP_MS;
			const within = Math.min(endMs, fromMs + STEP_MS) - Math.max(timeMs, fromMs);
			this.#counts[at + n] = (this.#counts[at + n] as number) + (spreadMs === 0 ? count : (count * within) / spreadMs);
		}
		this.#total += count;
		if (count === 1 && spreadMs === 0) this.#keep(timeMs);
		else this.#times = null;
		return true;
	}

	build(kind: string, lines: Load['lines']): Load {
		const times = this.#times?.slice(0, this.#kept).sort() ?? null;
		const counts = this.#counts.slice(this.#offset, this.#offset + this.#length);
		return { kind, fromMs: this.#first * STEP_MS, counts, times, total: this.#total, works: this.works, lines };
	}

	#keep(timeMs: number): void {
		if (this.#times === null) return;
		if (this.#kept === this.#times.length) {
			if (this.#kept >= MOST_TIMES) {
				this.#times = null;
				return;
			}
			const wider = new Float64Array(Math.min(MOST_TIMES, this.#kept * 2));
			wider.set(this.#times);
			this.#times = wider;
		}
		this.#times[this.#kept++] = timeMs;
	}

	/** Room for these steps. */
	#reserve(from: number, to: number): boolean {
		if (Number.isNaN(this.#first)) this.#first = from;
		const before = Math.max(0, this.#first - from);
		const length = Math.max(this.#length + before, to + 1 - Math.min(this.#first, from));
		if (length > MOST_SPAN_MS / STEP_MS) return false;
		if (before > this.#offset || this.#offset - before + length > this.#counts.length) {
			const wider = new Float64Array(Math.max(this.#counts.length * 2, length * 2));
			const offset = before > 0 ? Math.min(wider.length - length, length >> 1) + before : 0;
			wider.set(this.#counts.subarray(this.#offset, this.#offset + this.#length), offset);
			this.#counts = wider;
			this.#offset = offset;
		}
		this.#first -= before;
		this.#offset -= before;
		this.#length = length;
		return true;
	}
}

/** The same load so many times as large; where requests come within a second is then drawn anew. */
export function multiplied(load: Load, by: number): Load {
	if (by === 1) return load;
	return { ...load, counts: load.counts.map((count) => count * by), times: null, total: load.total * by };
}

/** The times of requests, step by step. */
export class Arrivals {
	readonly #load: Load;
	readonly #random: SeededRandom;
	#buffer = new Float64Array(4096);
	#at = 0;
	#owed = 0;

	constructor(load: Load, random: SeededRandom) {
		this.#load = load;
		this.#random = random;
	}

	/** Those of a step, to be asked for in order: `times` from `from` to `to`. */
	of(step: number): { times: Float64Array; from: number; to: number } {
		const { fromMs, times, counts } = this.#load;
		const startMs = fromMs + step * STEP_MS;
		if (times !== null) {
			const from = this.#at;
			while (this.#at < times.length && (times[this.#at] as number) < startMs + STEP_MS) this.#at++;
			return { times, from, to: this.#at };
		}
		this.#owed += counts[step] ?? 0;
		const count = Math.floor(this.#owed + 1e-9);
		this.#owed -= count;
		return { times: this.#spread(count, startMs), from: 0, to: count };
	}

	/** As a Poisson process lies where it is known how many came. */
	#spread(count: number, startMs: number): Float64Array {
		if (count > this.#buffer.length) this.#buffer = new Float64Array(count * 2);
		const buffer = this.#buffer;
		let sum = 0;
		for (let at = 0; at < count; at++) buffer[at] = sum += this.#random.exponential();
		const scale = STEP_MS / (sum + this.#random.exponential());
		for (let at = 0; at < count; at++) buffer[at] = startMs + (buffer[at] as number) * scale;
		return buffer;
	}
}
