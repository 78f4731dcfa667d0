import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;

/** How late the event loop of this thread is. */
export class LoopLag {
	readonly #delay: ReturnType<typeof monitorEventLoopDelay> = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

	constructor() {
		this.#delay.enable();
	}

	/** The p99 since the last call, seconds; NaN without any. */
	take(): number {
		if (this.#delay.count === 0) return Number.NaN;
		const seconds = Math.max(0, this.#delay.percentile(99) / 1e6 - RESOLUTION_MS) / 1000;
		this.#delay.reset();
		return seconds;
	}

	stop(): void {
		this.#delay.disable();
	}
}
