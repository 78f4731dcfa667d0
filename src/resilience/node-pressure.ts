/**
 * Whether a worker itself has too much to do: its event loop is late, tick after tick, or its heap is nearly
 * full, read after read. One long stall is no overload, and neither is a process that was stopped and goes on.
 */
import type { OverloadConfig } from './overload-config.ts';

/** How much is refused: 0 nothing, 1 requests of low priority, 2 of normal too, 3 all. */
export type SheddingLevel = 0 | 1 | 2 | 3;

/** Ticks that must all be late, and reads of the heap that must all be high; all of them below ends it. */
const TICKS = 4;
const READS = 2;
/** Ticks from one read of the heap to the next: about a second. */
const READ_TICKS = 20;

/** Times the configured lag at which each level begins. */
const LAGS = [1, 2, 4] as const;

/** The level of a lag, ms. */
export function levelOfLag(lagMs: number, { lagMs: from }: OverloadConfig): SheddingLevel {
	return levelOf(lagMs, LAGS[0] * from, LAGS[1] * from, LAGS[2] * from);
}

/** The level of a heap in use, 0…1: each half of what is left is one more. */
export function levelOfHeap(share: number, { heap }: OverloadConfig): SheddingLevel {
	return levelOf(share, heap, 1 - (1 - heap) / 2, 1 - (1 - heap) / 4);
}

function levelOf(value: number, low: number, normal: number, high: number): SheddingLevel {
	return value >= high ? 3 : value >= normal ? 2 : value >= low ? 1 : 0;
}

/** It rises to what all of the last values show, and falls to what none of them exceeds. */
export function sustained(before: SheddingLevel, levels: readonly SheddingLevel[]): SheddingLevel {
	const least = Math.min(...levels) as SheddingLevel;
	const most = Math.max(...levels) as SheddingLevel;
	return before < least ? least : before > most ? most : before;
}

/** The last values, the oldest overwritten. */
class Recent {
	readonly values: number[];
	#next = 0;

	constructor(size: number) {
		this.values = new Array(size).fill(0);
	}

	add(value: number): void {
		this.values[this.#next] = value;
		this.#next = (this.#next + 1) % this.values.length;
	}
}

/** Follows one worker, by its ticks. */
export class NodePressure {
	readonly #tickMs: number;
	readonly #readHeap: () => number;
	readonly #lags = new Recent(TICKS);
	readonly #heaps = new Recent(READS);
	#settings: OverloadConfig | null;
	#tickedMs = 0;
	#untilRead = READ_TICKS;
	#lagLevel: SheddingLevel = 0;
	#heapLevel: SheddingLevel = 0;

	/** `tickMs`: how far apart ticks should be. `readHeap`: the share of the heap that is in use, 0…1. */
	constructor(settings: OverloadConfig | null, tickMs: number, readHeap: () => number) {
		this.#settings = settings;
		this.#tickMs = tickMs;
		this.#readHeap = readHeap;
	}

	/** null: nothing is shed. */
	configure(settings: OverloadConfig | null): void {
		this.#settings = settings;
		if (settings === null) this.#lagLevel = this.#heapLevel = 0;
	}

	get level(): SheddingLevel {
		return Math.max(this.#lagLevel, this.#heapLevel) as SheddingLevel;
	}

	/** The least of the last lags, ms: so late it is all the time. */
	get lagMs(): number {
		return Math.min(...this.#lags.values);
	}

	/** The last read share of the heap. */
	get heap(): number {
		return Math.max(...this.#heaps.values);
	}

	/** At each tick. `nowMs` of a clock that does not jump. */
	tick(nowMs: number): SheddingLevel {
		const lagMs = this.#tickedMs === 0 ? 0 : nowMs - this.#tickedMs - this.#tickMs;
		this.#tickedMs = nowMs;
		const settings = this.#settings;
		if (settings === null) return 0;
		this.#lags.add(Math.max(0, lagMs));
		// Most ticks are in time, and then there is nothing to tell.
		if (this.#lagLevel > 0 || lagMs >= settings.lagMs) {
			const levels = this.#lags.values.map((value) => levelOfLag(value, settings));
			this.#lagLevel = sustained(this.#lagLevel, levels);
		}
		if (--this.#untilRead <= 0) {
			this.#untilRead = READ_TICKS;
			this.#heaps.add(this.#readHeap());
			const levels = this.#heaps.values.map((value) => levelOfHeap(value, settings));
			this.#heapLevel = sustained(this.#heapLevel, levels);
		}
		return this.level;
	}
}
