import { Guard, Outcome, SlotState } from '../core/board.ts';
import type { DataPlane } from './data-plane.ts';
import type { Service } from './route.ts';

/** Instances that are passed over, for being full or at rest, before the pool counts as full: pools may have thousands. */
const SKIPS_MOST = 64;

/** Attempts in one pool before another is tried: one instance may be ill, two in a row mean that more is lost. */
const ATTEMPTS_IN_POOL = 2;

/**
 * The instances of one request: which were tried, which one is entered now. An instance is entered
 * when it is picked: then it counts as in flight there, within the bound of its breaker.
 */
export class Selection {
	readonly #plane: DataPlane;
	readonly #tried: number[] = [];
	/** Attempts that the request may have. */
	#attemptsMost = 1;
	/** Entered for the attempt after this one; -1: none. */
	#reserved = -1;
	/** What is entered is the one request that tries a half-open instance. */
	#trial = false;
	#reservedTrial = false;
	/** The present attempt is not the first of its request. */
	again = false;
	/** Instances that were passed over since they were full. */
	full = 0;
	/** Of those passed over, one that only asked for a rest. */
	#resting = -1;

	constructor(plane: DataPlane) {
		this.#plane = plane;
	}

	/** A new request, or one that waited: nothing was tried. */
	start(attemptsMost: number): void {
		this.#attemptsMost = attemptsMost;
		if (this.#tried.length > 0) this.#tried.length = 0;
	}

	/** This instance failed: it is chosen again only when no other is ready. */
	tried(slot: number): void {
		this.#tried.push(slot);
	}

	/** Enters an instance that was not tried yet; -1: there is none. `attempts`: made so far. */
	select(service: Service, key: number, attempts: number): number {
		this.#trial = false;
		const slot = this.#choose(service, key, attempts);
		this.#trial = this.#reservedTrial;
		this.#reservedTrial = false;
		return slot;
	}

	/** The same for the attempt after the present one, which goes on. False: there is none. */
	reserve(service: Service, key: number, attempts: number): boolean {
		this.#reserved = this.#choose(service, key, attempts);
		return this.#reserved >= 0;
	}

	/** The reserved one becomes the present one. */
	take(): number {
		const slot = this.#reserved;
		this.#reserved = -1;
		this.#trial = this.#reservedTrial;
		this.#reservedTrial = false;
		return slot;
	}

	/** The reserved one is not wanted after all. */
	giveBack(): void {
		this.#plane.upstreams[this.#reserved]?.leave();
		if (this.#reservedTrial) this.#plane.board.moveGuard(this.#reserved, Guard.trial, Guard.halfOpen);
		this.#reserved = -1;
		this.#reservedTrial = false;
	}

	/** An instance that was tried is ready, so it may be tried again. */
	get triedIsOpen(): boolean {
		return this.#tried.some((slot) => this.#plane.board.state(slot) === SlotState.ready);
	}

	#choose(service: Service, key: number, attempts: number): number {
		this.full = 0;
		this.#resting = -1;
		this.#reservedTrial = false;
		const { picker } = service;
		if (picker === null) return -1;
		const tried = this.#tried;
		const kept = tried.length;
		// The last attempt must not meet a third instance of a pool that is lost as a whole.
		const elsewhere = attempts > 0 && attempts >= Math.min(ATTEMPTS_IN_POOL, this.#attemptsMost - 1);
		let chosen = -1;
		for (let skips = 0; skips <= SKIPS_MOST; skips++) {
			const slot = picker.pick(key, tried, this.#plane.wheel.nowMs, elsewhere);
			if (slot < 0 || (tried.length > 0 && tried.includes(slot))) break;
			if (!this.#rests(slot) && this.#enter(slot, service)) {
				chosen = slot;
				break;
			}
			tried.push(slot);
		}
		tried.length = kept;
		// A first attempt goes to one that wants a rest rather than to none at all; a retry never does.
		if (chosen < 0 && attempts === 0 && this.#resting >= 0 && this.#enter(this.#resting, service)) return this.#resting;
		return chosen;
	}

	/** It said `Retry-After`, and that is not over. */
	#rests(slot: number): boolean {
		const { board, wheel } = this.#plane;
		const until = board.restUntil(slot);
		if (until === 0) return false;
		if (((until - (wheel.nowMs | 0)) | 0) <= 0) {
			board.setRest(slot, 0);
			return false;
		}
		this.#resting = slot;
		return true;
	}

	#enter(slot: number, service: Service): boolean {
		const { board, upstreams } = this.#plane;
		const upstream = upstreams[slot];
		if (upstream === undefined) return false;
		const guard = board.guard(slot);
		// `open` and ready all the same: too few are left, so even this one is used.
		const guarded = guard === Guard.halfOpen || guard === Guard.trial;
		if (guarded && !board.moveGuard(slot, Guard.halfOpen, Guard.trial)) return false;
		if (!upstream.enter(service.breaker.inFlight)) {
			this.full++;
			if (guarded) board.moveGuard(slot, Guard.trial, Guard.halfOpen);
			return false;
		}
		this.#reservedTrial = guarded;
		return true;
	}

	/** The attempt at this instance is over. `outcome` -1: that says nothing of it. `headUs`: to the head of the answer, 0: none. */
	report(slot: number, outcome: Outcome | -1, headUs: number, suspectAfter: number): void {
		const { board, worker, signals } = this.#plane;
		if (this.#trial) {
			this.#trial = false;
			const next = outcome === -1 ? Guard.halfOpen : outcome === Outcome.ok ? Guard.closed : Guard.open;
			if (board.moveGuard(slot, Guard.trial, next) && next !== Guard.halfOpen) signals.guardChanged(slot);
		}
		if (outcome === -1) return;
		board.ended(slot, worker, outcome, headUs);
		if (this.again) board.endedAgain(slot, worker, outcome);
		if (outcome === Outcome.ok) return;
		if (outcome === Outcome.connectFailed || board.row(slot, worker) >= suspectAfter) signals.suspect(slot);
	}
}
