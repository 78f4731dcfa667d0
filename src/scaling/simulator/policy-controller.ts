/** The live decision, fed by the model instead of the world. */
import { decide, EMPTY_STATE } from '../decide.ts';
import type { Decision, ScalingState } from '../decision.ts';
import type { ScalePolicy } from '../policy.ts';
import type { ScalingSamples, SignalReading, SignalValue } from '../samples.ts';
import { SignalWindow } from '../signal-window.ts';
import type { Controller } from './controller.ts';
import { LateFigures } from './metric-lag.ts';
import type { Model } from './model.ts';
import { modelledSignals, type ReadSignal, type Seen } from './modelled-signals.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedPolicy } from './simulated-policy.ts';

/** Fewer requests in a window say nothing of the share that failed. */
const FEW_REQUESTS = 20;

interface SignalFeed {
	name: string;
	read: ReadSignal;
	/** Over the time between two measurements. */
	measured: SignalWindow | null;
	window: SignalWindow;
	last: SignalValue | null;
}

export class PolicyController implements Controller {
	readonly #policy: ScalePolicy;
	readonly #isOld: boolean;
	readonly #feeds: SignalFeed[];
	readonly #late: LateFigures<(SignalValue | null)[]>;
	readonly #errors: SignalWindow;
	readonly #requests: SignalWindow;
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
		this.#isOld = lag.everyMs > 1000 || lag.toMs > 0;
		this.#late = new LateFigures(lag, new SeededRandom(seed + 7));
		this.#feeds = modelledSignals(policy, model).map(([name, read]) => ({
			name,
			read,
			measured: lag.everyMs > 1000 ? new SignalWindow({ windowMs: lag.everyMs, panic: null }) : null,
			window: new SignalWindow(policy),
			last: null,
		}));
		this.#errors = new SignalWindow({ windowMs: policy.windowMs, panic: null });
		this.#requests = new SignalWindow({ windowMs: policy.windowMs, panic: null });
		this.#tickMs = tickMs;
		this.#lastRequestMs = fromMs;
	}

	observe(seen: Seen): void {
		const { atMs, arrivals, unmet, completed } = seen.figures;
		if (arrivals > 0) this.#lastRequestMs = atMs;
		this.#errors.add(atMs, { value: unmet });
		this.#requests.add(atMs, { value: unmet + completed });
		for (const feed of this.#feeds) {
			const value = feed.read(seen);
			if (feed.measured === null) feed.last = value;
			else feed.measured.add(atMs, value);
		}
		if (!this.#isOld) {
			for (const { window, last } of this.#feeds) window.add(atMs, last);
			return;
		}
		if (!this.#late.isDue(atMs)) return;
		this.#late.measured(
			this.#feeds.map(({ measured, last }) => (measured === null ? last : measured.read(atMs).stable)),
			atMs,
		);
	}

	decide({ figures, fleet }: Seen): Decision | null {
		const nowMs = figures.atMs;
		if (nowMs < this.#nextMs) return null;
		this.#nextMs = nowMs + this.#tickMs;
		if (this.#isOld) this.#deliver(nowMs);
		const readings: Record<string, SignalReading> = {};
		for (const { name, window } of this.#feeds) readings[name] = window.read(nowMs);
		const samples: ScalingSamples = {
			desired: fleet.desired,
			ready: fleet.ready,
			warming: fleet.ignored(nowMs),
			starting: fleet.starting,
			readings,
			failures: {},
			held: Math.round(figures.held),
			idleForMs: nowMs - this.#lastRequestMs,
			errorRate: this.#errorRate(nowMs),
			rollout: false,
			providerTrouble: null,
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
		const mean = (window: SignalWindow) => {
			const { stable } = window.read(nowMs);
			return stable !== null && 'value' in stable ? stable.value : 0;
		};
		const requests = mean(this.#requests);
		if (requests * Math.max(1, this.#policy.windowMs / 1000) < FEW_REQUESTS) return null;
		return mean(this.#errors) / requests;
	}
}
