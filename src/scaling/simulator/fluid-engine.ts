/**
 * The mean course of requests, second by second: for fleets and rates that are too large for one request at a time.
 *
 * What is in the system follows from its balance, d(in system)/dt = arrivals − busy places / service time, where
 * the share of places that are busy is the one at which a queue in equilibrium holds as much (pointwise stationary
 * fluid flow). The queue's length at that share is Sakasegawa's approximation of M/G/c (1977). The equation is
 * solved at the end of each step (backward Euler), so that a step may be longer than many requests take.
 */
import { type Engine, emptyFigures, type StepArrivals, type StepFigures } from './engine.ts';
import type { Fleet } from './fleet.ts';
import { LogHistogram } from './log-histogram.ts';
import { type Model, placesOf } from './model.ts';

/** Shares at which the distribution of times is looked at; closer where percentiles are asked for. */
const WORK_SHARES = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.915, 0.94, 0.96, 0.975, 0.9875, 0.9975];
const WORK_WEIGHTS = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.03, 0.02, 0.02, 0.01, 0.015, 0.005];
const WAIT_SHARES = [0.1, 0.3, 0.5, 0.7, 0.85, 0.95];
const WAIT_WEIGHTS = [0.2, 0.2, 0.2, 0.2, 0.1, 0.1];
/** A smaller share that waits is none. */
const FEW = 0.002;

export class FluidEngine implements Engine {
	readonly fleet: Fleet;
	readonly #model: Model;
	readonly #places: number;
	readonly #workMs: readonly number[];
	/** How long one request takes that does not wait. */
	readonly #workTimes = new LogHistogram();
	/** Half the variation of arrivals and of service together: 1 for M/M/c. */
	readonly #spread: number;
	#inSystem = 0;
	#heldArrivals = 0;
	#stepFromMs: number;
	#arrivals = 0;
	readonly #figures: StepFigures;

	constructor(model: Model, fleet: Fleet, fromMs: number) {
		this.#model = model;
		this.fleet = fleet;
		this.#places = placesOf(model);
		for (let at = 0; at < 1000; at++) this.#workTimes.add(model.serviceTime.quantile((at + 0.5) / 1000), 0.001);
		this.#workMs = WORK_SHARES.map((share) => model.serviceTime.quantile(share));
		this.#spread = (1 + model.serviceTime.variation) / 2;
		this.#stepFromMs = fromMs;
		this.#figures = emptyFigures(fromMs);
	}

	arrive({ from, to }: StepArrivals): void {
		this.#arrivals += to - from;
	}

	/** So many requests, not necessarily whole ones. */
	arriveMany(count: number): void {
		this.#arrivals += count;
	}

	endStep(atMs: number): StepFigures {
		const figures = this.#figures;
		const stepMs = atMs - this.#stepFromMs;
		figures.atMs = atMs;
		figures.stepMs = stepMs;
		figures.arrivals = this.#arrivals;
		figures.completed = figures.unmet = figures.busyMs = figures.held = 0;
		figures.latency.clear();
		const draining = this.fleet.draining;
		const before = this.#inSystem;
		const places = this.#placesOver(stepMs, atMs);
		if (places > 0) this.#work(places, stepMs);
		else this.#hold(stepMs);
		figures.inFlightMs = ((before + this.#inSystem) / 2) * stepMs;
		figures.inFlight = this.#inSystem;
		if (draining > 0) this.fleet.leave(Math.min(atMs, this.#stepFromMs + this.#model.serviceTime.meanMs), draining);
		this.#stepFromMs = atMs;
		this.#arrivals = 0;
		return figures;
	}

	resize(desired: number): void {
		for (let n = this.fleet.resize(desired, this.#stepFromMs); n > 0; n--) this.fleet.drain();
	}

	/** Places in the mean of the step, those of slow instances counted as fewer. */
	#placesOver(stepMs: number, atMs: number): number {
		const { fleet } = this;
		let instances = fleet.ready;
		while (fleet.nextReadyMs <= atMs) {
			instances += (atMs - fleet.nextReadyMs) / stepMs;
			fleet.becomeReady();
		}
		const cold = this.#model.warmUpFactor > 1 ? fleet.cold(atMs) : 0;
		return Math.max(0, instances - cold * (1 - 1 / this.#model.warmUpFactor)) * this.#places;
	}

	#work(places: number, stepMs: number): void {
		const { meanMs } = this.#model.serviceTime;
		const figures = this.#figures;
		const most = (places * stepMs) / Math.max(meanMs, 1e-6);
		const load = this.#inSystem + this.#arrivals;
		const root = Math.sqrt(2 * (places + 1));
		const share = this.#solve({ load, places, most, root });
		const done = Math.min(load, most * share);
		let left = load - done;
		// Who would wait too long goes; who finds all queues full is refused.
		const room = Math.min((this.#model.patienceMs / stepMs) * most, this.#model.queue * this.fleet.ready);
		const unmet = Math.max(0, left - places - room);
		left -= unmet;
		this.#inSystem = left;
		figures.completed = done;
		figures.unmet = unmet;
		figures.busyMs = share * places * stepMs;
		const waiting = Math.max(0, left - share * places);
		if (done > 0) this.#time({ done, waiting, share, waitMs: (waiting * stepMs) / done });
	}

	/** The busy share at which what is left in the system is what a queue in equilibrium holds: by halving. */
	#solve({ load, places, most, root }: { load: number; places: number; most: number; root: number }): number {
		// Without a queue it would be this much; most of the time there is as good as none.
		const without = load / (places + most);
		if (without < 1 && (without ** root / (1 - without)) * this.#spread < 1e-4) return without;
		let low = 0;
		let high = Math.min(1, without);
		for (let n = 0; n < 26 && high - low > 1e-7; n++) {
			const share = (low + high) / 2;
			const queue = (share ** root / (1 - share)) * this.#spread;
			if (share * places + queue + most * share > load) high = share;
			else low = share;
		}
		return low;
	}

	/** No instance is ready: what there is room for is held. */
	#hold(stepMs: number): void {
		const { hold, patienceMs } = this.#model;
		this.#heldArrivals += (this.#arrivals - this.#heldArrivals) * Math.min(1, stepMs / patienceMs);
		const load = this.#inSystem + this.#arrivals;
		const most = Math.min(hold, Math.max(this.#arrivals, this.#heldArrivals * (patienceMs / stepMs)));
		this.#inSystem = Math.min(load, most);
		this.#figures.unmet = load - this.#inSystem;
		this.#figures.held = this.#inSystem;
	}

	/** Times of the requests that were done: some waited, the longer the more certainly. */
	#time({ done, waiting, share, waitMs }: { done: number; waiting: number; share: number; waitMs: number }): void {
		const { latency } = this.#figures;
		const waited =
			waiting <= 0 ? 0 : Math.min(1, (waiting * (1 - share)) / (Math.max(share, 1e-9) * this.#spread) + backlog(share));
		latency.merge(this.#workTimes, done * (1 - waited));
		if (waited < FEW) return;
		const workMs = this.#workMs;
		const meanMs = waitMs / waited;
		const even = backlog(share);
		for (let wait = 0; wait < WAIT_SHARES.length; wait++) {
			const random = -Math.log(1 - (WAIT_SHARES[wait] as number));
			const ms = Math.min(this.#model.patienceMs, meanMs * (even + (1 - even) * random));
			const weight = done * waited * (WAIT_WEIGHTS[wait] as number);
			for (let at = 0; at < workMs.length; at++) {
				latency.add(ms + (workMs[at] as number), weight * (WORK_WEIGHTS[at] as number));
			}
		}
	}
}

/** With a backlog all wait, and about equally long: 0…1, how much of one there is. */
function backlog(share: number): number {
	return Math.min(1, Math.max(0, (share - 0.97) / 0.03));
}
