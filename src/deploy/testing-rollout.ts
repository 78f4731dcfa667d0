/** A roll-out without processes: requests dealt out and answered by chance, the same for the same seed. */
import { DEFAULT_DEPLOY, type DeployConfig } from './config.ts';
import { begin, decide, type Order, type Phase, type Samples, type Seen } from './rollout.ts';
import type { Durations, Sample } from './sample.ts';

/** 1 ms … 4,000 s, each bucket a tenth above the one before. */
export const DURATIONS: Durations = { buckets: 160, us: (bucket) => 1000 * 1.1 ** bucket };

const bucketOf = (us: number): number =>
	Math.min(DURATIONS.buckets - 1, Math.max(0, Math.round(Math.log(us / 1000) / Math.log(1.1))));

export const NOTHING: Sample = { attempts: 0, failed: 0, latency: new Float64Array(DURATIONS.buckets) };
export const NONE: Samples = { old: NOTHING, fresh: NOTHING, copied: NOTHING };

/** So many attempts, so many of them failed, each after the same time. */
export function sample(attempts: number, failed = 0, us = 20_000): Sample {
	const latency = new Float64Array(DURATIONS.buckets);
	latency[bucketOf(us)] = attempts;
	return { attempts, failed, latency };
}

/** Uniform in 0…1 (mulberry32). */
export function random(seed: number): () => number {
	let state = seed | 0;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/** How a version answers. */
export interface Behaviour {
	/** Share of attempts that fail; may change with the time in ms. */
	fails: number | ((now: number) => number);
	/** Times the usual duration. */
	slower?: number;
}

/** Log-normal about a median of 30 ms; µs. Drawn once, for speed. */
const uniformly = random(1);
const USUAL = Float64Array.from(
	{ length: 4096 },
	() => 30_000 * Math.exp(0.8 * Math.sqrt(-2 * Math.log(1 - uniformly())) * Math.cos(2 * Math.PI * uniformly())),
);

export interface Simulated {
	config?: Partial<DeployConfig>;
	old: Behaviour;
	fresh: Behaviour;
	perSecond: number;
	seed: number;
	/** Default 2. */
	desired?: number;
	/** Until a new instance is ready, ms; default 1 s. */
	startMs?: number;
	/** Things of each moment. */
	fault?: (now: number) => string | null;
	order?: (now: number) => Order | null;
	mostMs?: number;
}

export interface Outcome {
	phase: Phase;
	why: string;
	/** Stage in which it ended. */
	stage: number;
	/** Requests in all, and those that went to the new version. */
	requests: number;
	touched: number;
	endedMs: number;
	looks: number;
	news: string[];
}

const TICK_MS = 250;

class Version {
	attempts = 0;
	failed = 0;
	readonly latency = new Float64Array(DURATIONS.buckets);
	readonly #behaviour: Behaviour;
	readonly #uniform: () => number;
	readonly #durations: Uint8Array;

	constructor(behaviour: Behaviour, uniform: () => number) {
		this.#behaviour = behaviour;
		this.#uniform = uniform;
		this.#durations = Uint8Array.from(USUAL, (us) => bucketOf(us * (behaviour.slower ?? 1)));
	}

	answer(now: number): void {
		const { fails } = this.#behaviour;
		this.attempts++;
		if (this.#uniform() < (typeof fails === 'number' ? fails : fails(now))) this.failed++;
		const bucket = this.#durations[Math.floor(this.#uniform() * USUAL.length)] as number;
		this.latency[bucket] = (this.latency[bucket] as number) + 1;
	}

	sample(): Sample {
		return { attempts: this.attempts, failed: this.failed, latency: this.latency.slice() };
	}
}

export function simulate(options: Simulated): Outcome {
	const rules = { config: { ...DEFAULT_DEPLOY, ...options.config }, durations: DURATIONS };
	const uniform = random(options.seed);
	const [old, fresh, copied] = [options.old, options.fresh, options.old].map((one) => new Version(one, uniform)) as [
		Version,
		Version,
		Version,
	];
	let rollout = begin(0, NONE);
	let readyAt: number[] = [];
	const result: Outcome = {
		phase: 'starting',
		why: '',
		stage: 0,
		requests: 0,
		touched: 0,
		endedMs: 0,
		looks: 0,
		news: [],
	};
	for (let now = 0; now < (options.mostMs ?? 24 * 3_600_000); now += TICK_MS) {
		const seen: Seen = {
			desired: options.desired ?? 2,
			ready: readyAt.filter((at) => at <= now).length,
			fault: options.fault?.(now) ?? null,
			old: old.sample(),
			fresh: fresh.sample(),
			copied: copied.sample(),
		};
		const { want, stage, news, ...next } = decide({ rollout, rules, seen, now }, options.order?.(now) ?? null);
		rollout = next.rollout;
		if (news !== null) result.news.push(news);
		if (rollout.phase === 'promoting' || rollout.phase === 'back') {
			const { phase, why, stage, looks } = rollout;
			return { ...result, phase, why, stage, looks, touched: fresh.attempts, endedMs: now };
		}
		while (readyAt.length < want) readyAt = [...readyAt, now + (options.startMs ?? 1000)];
		for (let i = 0; i < (options.perSecond * TICK_MS) / 1000; i++) {
			result.requests++;
			const chosen = stage !== null && uniform() < (stage.kind === 'marked' ? 0.1 : stage.share);
			if (chosen && stage?.kind !== 'mirror') fresh.answer(now);
			else old.answer(now);
			if (!chosen || stage?.kind !== 'mirror') continue;
			copied.answer(now);
			fresh.answer(now);
		}
	}
	return { ...result, phase: rollout.phase, why: rollout.why, touched: fresh.attempts };
}
