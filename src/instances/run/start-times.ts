/** How long the instances of a service take from their start to ready. */

/** Starts that are remembered. */
const KEPT = 15;

export class StartTimes {
	#times: number[] = [];

	/** The last times, newest last, ms. */
	get times(): readonly number[] {
		return this.#times;
	}

	set times(times: readonly number[]) {
		this.#times = times.filter((time) => Number.isFinite(time) && time >= 0).slice(-KEPT);
	}

	/** Their median; null before the first. */
	get medianMs(): number | null {
		if (this.#times.length === 0) return null;
		const sorted = [...this.#times].sort((a, b) => a - b);
		const middle = sorted.length >> 1;
		const upper = sorted[middle] as number;
		return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
	}

	add(ms: number): void {
		this.times = [...this.#times, ms];
	}
}
