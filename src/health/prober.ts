/** Probes all instances of the node: spread over time, bounded, one connection for each probe. */
import { type Decision, decide, type Outcome, type ProbeState, SUSPECT_MS, UNPROBED, type Verdict } from './decide.ts';
import { probe as probeOnce } from './probe.ts';
import type { ProbeTarget } from './probe-target.ts';

export interface ProberOptions {
	/** Probes under way at once; default 50. */
	concurrency?: number;
	/** 0…1; default Math.random. */
	random?: () => number;
}

/** Called after each probe with its outcome, the verdict that now holds and what the probe took, ms. */
export type VerdictListener = (verdict: Verdict, outcome: Outcome, tookMs: number) => void;

/** One instance under watch. */
export interface Watch {
	readonly verdict: Verdict;
	/**
	 * Requests failed there: it is probed at once, though not more often than every 100 ms, and its
	 * word counts for more. Does nothing for an instance that is out already, or has not started yet.
	 */
	suspect(): void;
	/** Ends it; no call of the listener follows. */
	stop(): void;
}

interface Watched {
	readonly target: ProbeTarget;
	readonly listener: VerdictListener;
	state: ProbeState;
	/** The first regular interval is cut at random, so that instances that came together are not probed together. */
	spread: boolean;
	stopped: boolean;
	/** When its last probe went out, ms of the monotonic clock. */
	beganAt: number;
	/** Requests failed since its last probe went out; and whether that probe went out because of such. */
	suspect: boolean;
	hurried: boolean;
	timer: NodeJS.Timeout | undefined;
	/** Ends the probe that is under way. */
	abort: () => void;
}

const CONCURRENCY = 50;
const JITTER = 0.1;

export class Prober {
	readonly #concurrency: number;
	readonly #random: () => number;
	#queue: Watched[] = [];
	#underWay = 0;

	constructor(options: ProberOptions = {}) {
		this.#concurrency = options.concurrency ?? CONCURRENCY;
		this.#random = options.random ?? Math.random;
	}

	/**
	 * Probes at once and then by the target's interval.
	 * @param verdict what is believed already; `unknown` unless it was probed before
	 */
	watch(target: ProbeTarget, listener: VerdictListener, verdict: Verdict = 'unknown'): Watch {
		const state = { ...UNPROBED, verdict };
		const watched: Watched = {
			target,
			listener,
			state,
			spread: true,
			stopped: false,
			beganAt: -Infinity,
			suspect: false,
			hurried: false,
			timer: undefined,
			abort: () => {},
		};
		this.#due(watched);
		return {
			get verdict() {
				return watched.state.verdict;
			},
			suspect: () => this.#suspect(watched),
			stop: () => {
				watched.stopped = true;
				clearTimeout(watched.timer);
				watched.abort();
			},
		};
	}

	#suspect(watched: Watched): void {
		if (watched.stopped || watched.state.verdict !== 'healthy' || watched.suspect) return;
		watched.suspect = true;
		if (watched.timer !== undefined) this.#after(watched, this.#hurry(watched));
		const at = this.#queue.indexOf(watched);
		if (at > 0) this.#queue.unshift(...this.#queue.splice(at, 1));
	}

	#hurry(watched: Watched): number {
		return Math.max(0, watched.beganAt + SUSPECT_MS - performance.now());
	}

	#after(watched: Watched, ms: number): void {
		clearTimeout(watched.timer);
		watched.timer = setTimeout(() => this.#due(watched), ms);
	}

	#due(watched: Watched): void {
		watched.timer = undefined;
		if (this.#underWay >= this.#concurrency) {
			if (watched.suspect) this.#queue.unshift(watched);
			else this.#queue.push(watched);
			return;
		}
		this.#underWay++;
		watched.beganAt = performance.now();
		watched.hurried = watched.suspect;
		watched.suspect = false;
		watched.abort = probeOnce(watched.target, (outcome) => {
			this.#underWay--;
			this.#done(watched, outcome);
			this.#next();
		});
	}

	#next(): void {
		while (this.#queue.length > 0 && this.#underWay < this.#concurrency) {
			const watched = this.#queue.shift() as Watched;
			if (!watched.stopped) this.#due(watched);
		}
	}

	#done(watched: Watched, outcome: Outcome): void {
		if (watched.stopped) return;
		const tookMs = performance.now() - watched.beganAt;
		const { target, state } = watched;
		const suspect = watched.suspect || watched.hurried;
		const decision = decide(state, outcome, { ...target.health, starting: target.starting, suspect });
		watched.state = decision.state;
		// What failed while the probe was under way it may not have seen yet.
		const again = watched.suspect && decision.state.verdict === 'healthy';
		if (!again) watched.suspect = false;
		this.#after(watched, again ? this.#hurry(watched) : this.#delay(watched, decision));
		watched.listener(decision.state.verdict, outcome, tookMs);
	}

	#delay(watched: Watched, decision: Decision): number {
		const regular = decision.state.verdict !== 'unknown' && decision.afterMs >= watched.target.health.intervalMs;
		if (regular && watched.spread) {
			watched.spread = false;
			return decision.afterMs * (0.5 + this.#random() * 0.5);
		}
		return decision.afterMs * (1 - JITTER + this.#random() * 2 * JITTER);
	}
}
