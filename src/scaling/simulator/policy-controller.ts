/** The live decision, fed by the model instead of the world. */
import { decide, EMPTY_STATE } from '../decide.ts';
import type { Decision, ScalingState } from '../decision.ts';
import type { ScalePolicy } from '../policy.ts';
import type { ScalingSamples, SignalReading, SignalValue } from '../samples.ts';
import { SignalWindow } from '../signal-window.ts';
import type { Controller, Seen } from './controller.ts';
import { LateFigures } from './metric-lag.ts';
import type { Model } from './model.ts';
import { type ModelledSignal, modelledSignals } from './modelled-signals.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedPolicy } from './simulated-policy.ts';

/** Fewer requests in a window say nothing of the share that failed. */
const ENOUGH = 20;

/** A signal with what is known of it. */
interface Feed {
	signal: ModelledSignal;
	/** Over the time between two measurements; null: measured each second. */
	measured: SignalWindow | null;
	window: SignalWindow;
	last: SignalValue | null;
}

export class PolicyController implements Controller {
	readonly #policy: ScalePolicy;
	readonly #isLate: boolean;
	readonly #feeds: Feed[];
	readonly #late: LateFigures<(SignalValue | null)[]>;
	readonly #failed: SignalWindow;
	readonly #ended: SignalWindow;
	readonly #tickMs: number;
	#nextMs = Number.NEGATIVE_INFINITY;
	#state: ScalingState = EMPTY_STATE;
	#lastRequestMs: number;

	constructor(
		{ policy, lag, tickMs }: SimulatedPolicy,
		model: Model,
		{ seed, fromMs }: { seed: number; fromMs: number },
	) {
		// A simulation that changes nothing would say nothing.
		this.#policy = policy.mode === 'shadow' || policy.mode === 'off' ? { ...policy, mode: 'on' } : policy;
		this.#isLate = lag.everyMs > 1000 || lag.toMs > 0;
		this.#late = new LateFigures(lag, new SeededRandom(seed + 7));
		this.#feeds = modelledSignals(policy, model).map((signal) => ({
			signal,
			measured: lag.everyMs > 1000 ? new SignalWindow({ windowMs: lag.everyMs, panic: null }) : null,
			window: new SignalWindow(policy),
			last: null,
		}));
		this.#failed = new SignalWindow({ windowMs: policy.windowMs, panic: null });
		this.#ended = new SignalWindow({ windowMs: policy.windowMs, panic: null });
		this.#tickMs = tickMs;
		this.#lastRequestMs = fromMs;
	}

	observe(seen: Seen): void {
		const { atMs, arrivals, inFlight, unmet, completed } = seen.figures;
		if (arrivals > 0 || inFlight > 0) this.#lastRequestMs = atMs;
		this.#failed.add(atMs, { value: unmet });
		this.#ended.add(atMs, { value: unmet + completed });
		for (const feed of this.#feeds) {
			const { signal } = feed;
			if ('observe' in signal) signal.observe(seen);
			else if (feed.measured === null) feed.last = signal.value(seen);
			else feed.measured.add(atMs, signal.value(seen));
		}
		if (!this.#isLate) {
			for (const { window, last } of this.#feeds) window.add(atMs, last);
		} else if (this.#late.isDue(atMs)) {
			const known = this.#feeds.map(({ measured, last }) => (measured === null ? last : measured.read(atMs).stable));
			this.#late.measured(known, atMs);
		}
	}

	decide({ figures, fleet }: Seen): Decision | null {
		const nowMs = figures.atMs;
		if (nowMs < this.#nextMs) return null;
		this.#nextMs = nowMs + this.#tickMs;
		if (this.#isLate) this.#deliver(nowMs);
		const readings: Record<string, SignalReading> = {};
		for (const { signal, window } of this.#feeds)
			readings[signal.name] = 'observe' in signal ? signal.read() : window.read(nowMs);
		const samples: ScalingSamples = {
			desired: fleet.desired,
			ready: fleet.ready,
			warming: fleet.ignored(nowMs),
			starting: fleet.starting,
			...{ readings, failures: {} },
			held: Math.round(figures.held),
			idleForMs: nowMs - this.#lastRequestMs,
			errorRate: this.#errorRate(nowMs),
			...{ rollout: false, providerTrouble: { out: null, in: null } },
		};
		const decision = decide(this.#state, samples, this.#policy, nowMs);
		this.#state = decision.state;
		return decision;
	}

	/** What is known by now; while nothing new comes, the last is taken for true. */
	#deliver(nowMs: number): void {
		for (let values = this.#late.take(nowMs); values !== undefined; values = this.#late.take(nowMs)) {
			for (const [at, feed] of this.#feeds.entries()) feed.last = values[at] ?? null;
		}
		for (const { window, last } of this.#feeds) window.add(nowMs, last);
	}

	#errorRate(nowMs: number): number | null {
		const ended = meanOf(this.#ended, nowMs);
		return ended * (this.#policy.windowMs / 1000) < ENOUGH ? null : meanOf(this.#failed, nowMs) / ended;
	}
}

function meanOf(window: SignalWindow, nowMs: number): number {
	const { stable } = window.read(nowMs);
	return stable !== null && 'value' in stable ? stable.value : 0;
}
