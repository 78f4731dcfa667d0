import { type Balancer, type Loads, type Member, NONE_TRIED, type WorkerPlace } from './port.ts';
import { Random } from './random.ts';
import { Roster } from './roster.ts';

/** An estimate falls to 1/e in this time, measured or not. */
const DECAY_MS = 10_000;
/** The least that a failed attempt counts as; it also doubles the estimate. */
const FAILED_US = 100_000;
const MOST_US = 600_000_000;
/** Cost of an instance that nobody has measured while its first request is under way. */
const UNPROVEN = 1e15;

/**
 * Of two random members the one with the lower expected wait: (requests in flight + 1) × latency.
 *
 * As Finagle's: the latency is a moving average that jumps up at once to a slower answer and comes
 * down with time, so that an instance which stalls is left quickly and tried again later. One without
 * a measurement gets one request as a probe, and the next only when that has ended. Each worker
 * measures for itself and takes over another's measurement until it has its own. Failures count as
 * slow; otherwise an instance that fails at once would look like the fastest.
 */
export class PeakEwma implements Balancer {
	readonly #loads: Loads;
	readonly #place: WorkerPlace;
	readonly #roster: Roster;
	readonly #random: Random;

	constructor(loads: Loads, place: WorkerPlace) {
		this.#loads = loads;
		this.#place = place;
		this.#roster = new Roster(loads, place);
		this.#random = new Random(place.id);
	}

	set(members: readonly Member[]): void {
		this.#roster.set(members);
	}

	pick(_key: number, tried: readonly number[], nowMs: number): number {
		this.#roster.refresh();
		let slot = this.#better(tried, nowMs);
		if (slot < 0 && this.#roster.recheck()) slot = this.#better(tried, nowMs);
		if (slot < 0 && tried.length > 0) slot = this.#better(NONE_TRIED, nowMs);
		return slot;
	}

	#better(tried: readonly number[], nowMs: number): number {
		const one = this.#roster.draw(this.#random, tried, -1);
		if (one < 0) return -1;
		const slot = this.#roster.slots[one] as number;
		const two = this.#roster.draw(this.#random, tried, one);
		if (two < 0) return slot;
		const other = this.#roster.slots[two] as number;
		const cost = this.#cost(slot, nowMs) * this.#loads.weight(other);
		const otherCost = this.#cost(other, nowMs) * this.#loads.weight(slot);
		return cost <= otherCost ? slot : other;
	}

	#cost(slot: number, nowMs: number): number {
		const inFlight = this.#loads.inFlight(slot);
		let measuredBy = this.#place.id;
		let us = this.#loads.latencyUs(slot, measuredBy);
		for (let worker = 0; us === 0 && worker < this.#place.count; worker++) {
			us = this.#loads.latencyUs(slot, worker);
			measuredBy = worker;
		}
		if (us === 0) return inFlight > 0 ? UNPROVEN * (inFlight + 1) : 0;
		const now = us * fade(nowMs, this.#loads.latencyAt(slot, measuredBy));
		return (now < 1 ? 1 : now) * (inFlight + 1);
	}

	settle(slot: number, us: number, nowMs: number): void {
		const was = this.#loads.latencyUs(slot, this.#place.id);
		const kept = fade(nowMs, this.#loads.latencyAt(slot, this.#place.id));
		let estimate = us;
		if (us < 0) estimate = Math.max(FAILED_US, 2 * was * kept);
		else if (us < was * kept) estimate = was * kept + us * (1 - kept);
		if (estimate > MOST_US) estimate = MOST_US;
		this.#loads.setLatency(slot, this.#place.id, estimate < 1 ? 1 : Math.round(estimate), nowMs);
	}

	token(_slot: number): number {
		return 0;
	}
}

/** What is left of an estimate: 1 at once, near 0 after a minute. The clock wraps at 32 bits. */
function fade(nowMs: number, atMs: number): number {
	const age = (nowMs - atMs) | 0;
	return age > 0 ? Math.exp(-age / DECAY_MS) : 1;
}
