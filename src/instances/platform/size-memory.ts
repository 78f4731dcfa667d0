/** Which size the platform has, told from late answers and from what somebody else set. */

/** `first`: the first word. `same`: as believed. `late`: it does not show yet what was set here. `changed`: somebody else set it. */
export type SizeNews = 'first' | 'same' | 'late' | 'changed';

export class SizeMemory {
	/** What the platform is believed to aim at; null: it never answered. */
	size: number | null = null;
	/** What an answer may still hold of the time before a change made here. */
	#late: { low: number; high: number; untilMs: number } | null = null;
	/** Asked for, and not known whether it holds; `any`: or a part of the way to it. */
	#doubted: number | 'any' | null = null;

	/** It was set here, or lowered, from what is believed now. @param lateMs how long answers may lag, ms */
	set(size: number, nowMs: number, lateMs: number): void {
		this.#span(size, nowMs, lateMs);
		this.#doubted = null;
		this.size = size;
	}

	/**
	 * A change to `size` was asked for and it is not known whether it holds: whatever is between is no news.
	 * @param forMs how long it may take to show, ms
	 * @param lags answers may show what was before, so that only `size` itself is a proof
	 */
	doubt(size: number, nowMs: number, { forMs, lags }: { forMs: number; lags: boolean }): void {
		this.#span(size, nowMs, forMs);
		this.#doubted = lags ? size : 'any';
	}

	/** Takes what the platform says of a change in doubt. */
	adopt(size: number): void {
		this.size = size;
	}

	/** The platform says so. */
	seen(said: number, nowMs: number): SizeNews {
		if (this.size === null) {
			this.size = said;
			return 'first';
		}
		if (said === this.size) return 'same';
		const late = this.#late;
		const lags = late !== null && nowMs < late.untilMs;
		const between = lags && said >= late.low && said <= late.high;
		if (between && (this.#doubted === 'any' || said === this.#doubted)) {
			this.size = said;
			return 'same';
		}
		if (between) return 'late';
		this.size = said;
		this.#late = null;
		this.#doubted = null;
		return 'changed';
	}

	#span(size: number, nowMs: number, lateMs: number): void {
		const now = this.size ?? size;
		const before = this.#late !== null && nowMs < this.#late.untilMs ? this.#late : { low: now, high: now };
		const low = Math.min(before.low, now, size);
		const high = Math.max(before.high, now, size);
		this.#late = { low, high, untilMs: nowMs + lateMs };
	}
}
