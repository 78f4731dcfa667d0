/** Simulated time, and what is to happen at some moment of it. */

/** What a sleeper gets when the simulator restarts or ends. */
export class Interrupted extends Error {}

/** Runs `scale` times as fast as the machine's clock. All moments are milliseconds since 1970, simulated. */
export class Clock {
	readonly scale: number;
	#simulatedMs: number;
	#realMs: number = performance.now();

	/** `startMs`: the moment at which it starts; without it the machine's own. */
	constructor(scale: number, startMs: number = Date.now()) {
		this.scale = scale;
		this.#simulatedMs = startMs;
	}

	now(): number {
		return Math.floor(this.#simulatedMs + (performance.now() - this.#realMs) * this.scale);
	}

	/** How long something takes on the machine's clock. */
	realMs(simulatedMs: number): number {
		return simulatedMs / this.scale;
	}

	/** Skips over some time. */
	advance(ms: number): void {
		this.#simulatedMs += ms;
	}
}

interface Entry {
	atMs: number;
	run: () => void;
	cancelled: (() => void) | undefined;
}

/** Longest delay that setTimeout takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** One timer for all that is to happen; in memory only, so a restart forgets it. */
export class Agenda {
	readonly #clock: Clock;
	/** Latest first. */
	readonly #entries: Entry[] = [];
	#timer: NodeJS.Timeout | undefined;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Runs something at a moment, at once where that has passed; never before this call returned. */
	at(atMs: number, run: () => void): void {
		this.#add({ atMs, run, cancelled: undefined });
	}

	/** Rejects with Interrupted when all is forgotten before. */
	sleep(ms: number): Promise<void> {
		if (ms <= 0) return Promise.resolve();
		return new Promise((resolve, reject) => {
			const cancelled = (): void => reject(new Interrupted('interrupted'));
			this.#add({ atMs: this.#clock.now() + ms, run: resolve, cancelled });
		});
	}

	/** Forgets everything. */
	clear(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		for (const { cancelled } of this.#entries.splice(0)) cancelled?.();
	}

	/** Runs what is due; to be called when the clock skipped some time. */
	catchUp(): void {
		const now = this.#clock.now();
		while ((this.#entries.at(-1)?.atMs ?? Number.POSITIVE_INFINITY) <= now) this.#entries.pop()?.run();
		this.#look();
	}

	#look(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		const next = this.#entries.at(-1);
		if (next === undefined) return;
		const delayMs = Math.ceil(this.#clock.realMs(next.atMs - this.#clock.now()));
		this.#timer = setTimeout(() => this.catchUp(), Math.min(Math.max(delayMs, 0), MAX_DELAY_MS));
	}

	#add(entry: Entry): void {
		let low = 0;
		let high = this.#entries.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#entries[middle] as Entry).atMs > entry.atMs) low = middle + 1;
			else high = middle;
		}
		this.#entries.splice(low, 0, entry);
		if (low === this.#entries.length - 1) this.#look();
	}
}
