/** What may come at once after a rest: as many as in five minutes, at most this. Cloudflare's smallest bucket has 25. */
const MOST_BURST = 25;

/** A bucket of calls: so many a minute, and some at once after a rest. Takes the clock as an argument. */
export class CallRate {
	readonly #perMinute: number;
	readonly #burst: number;
	#tokens: number;
	#atMs = 0;

	/** 0: no limit. */
	constructor(perMinute: number) {
		this.#perMinute = perMinute;
		this.#burst = Math.max(1, Math.min(MOST_BURST, 5 * perMinute));
		this.#tokens = this.#burst;
	}

	/** How long to wait for a call, ms; 0: it may be made now. */
	pauseMs(nowMs: number): number {
		if (this.#perMinute === 0) return 0;
		this.#fill(nowMs);
		return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) * 60_000) / this.#perMinute);
	}

	take(nowMs: number): void {
		if (this.#perMinute === 0) return;
		this.#fill(nowMs);
		this.#tokens = Math.max(0, this.#tokens - 1);
	}

	#fill(nowMs: number): void {
		if (this.#atMs > 0) {
			const passedMs = Math.max(0, nowMs - this.#atMs);
			this.#tokens = Math.min(this.#burst, this.#tokens + (passedMs * this.#perMinute) / 60_000);
		}
		this.#atMs = nowMs;
	}
}
