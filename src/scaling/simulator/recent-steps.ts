/** Sums over the newest steps. */
import type { Seen } from './controller.ts';
import { LogHistogram } from './log-histogram.ts';

/** Longer spans are cut to this. */
const MOST_STEPS = 3600;

interface Step {
	ms: number;
	arrivals: number;
	completed: number;
	unmet: number;
	inFlightMs: number;
	latency: LogHistogram | null;
}

export class RecentSteps {
	readonly #spanMs: number;
	readonly #steps: Step[] = [];
	#at = 0;
	readonly latency: LogHistogram = new LogHistogram();
	readonly #timed: boolean;
	ms = 0;
	arrivals = 0;
	completed = 0;
	unmet = 0;
	inFlightMs = 0;

	/** `timed`: latencies are wanted. */
	constructor(spanMs: number, timed: boolean) {
		this.#spanMs = spanMs;
		this.#timed = timed;
	}

	add({ figures }: Seen): void {
		const { stepMs, arrivals, completed, unmet, inFlightMs } = figures;
		const steps = Math.max(1, Math.min(MOST_STEPS, Math.round(this.#spanMs / stepMs)));
		const oldest = this.#steps[this.#at];
		if (oldest !== undefined) this.#count(oldest, -1);
		const latency = this.#timed ? (oldest?.latency ?? new LogHistogram()) : null;
		latency?.clear();
		latency?.merge(figures.latency);
		const newest = { ms: stepMs, arrivals, completed, unmet, inFlightMs, latency };
		this.#count(newest, 1);
		this.#steps[this.#at] = newest;
		this.#at = (this.#at + 1) % steps;
	}

	#count({ ms, arrivals, completed, unmet, inFlightMs, latency }: Step, times: 1 | -1): void {
		this.ms += times * ms;
		this.arrivals += times * arrivals;
		this.completed += times * completed;
		this.unmet += times * unmet;
		this.inFlightMs += times * inFlightMs;
		if (latency !== null) this.latency.merge(latency, times);
	}
}
