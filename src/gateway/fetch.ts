import { performance } from 'node:perf_hooks';
import { Outcome } from '../core/board.ts';
import { type ErrorCode, errorIndex } from '../core/errors.ts';
import { ServiceCell, ServiceColumn } from '../core/service-cells.ts';
import { TICK_MS } from '../wire/timer-wheel.ts';
import type { Attempt, AttemptConnection, Destination, FetchParty } from './attempt.ts';
import { AttemptCell, AttemptTimes } from './attempt-times.ts';
import type { Timeouts } from './config.ts';
import type { DataPlane, Waiter } from './data-plane.ts';
import { isConnectFailure, outcomeOf } from './outcome.ts';
import type { Route, Service } from './route.ts';
import { Selection } from './selection.ts';

/** Most time that it waits for that, beyond what `hold` gives, ms. */
const BACK_OFF_MS = 1000;
/** Before the same instance is tried again: ticks of the wheel, more with each attempt and not the same for all. */
const backOffTicks = (attempts: number): number => attempts + (Math.random() < 0.5 ? 1 : 0);

/** The upstream half of a request: selects an instance, attempts, reports; a failed attempt selects again. */
export class Fetch implements Attempt, Waiter {
	readonly plane: DataPlane;
	readonly party: FetchParty;
	route: Route | null = null;
	service: Service | null = null;
	timeouts: Timeouts = { connectMs: 0, firstByteMs: 0, requestMs: 0, streamIdleMs: 0 };
	/** Most time until the answer of this attempt begins, ms. */
	firstByteMs = 0;
	/** May be sent twice: an idempotent method whose body, if any, can be sent again. */
	repeatable = false;
	/** A kept connection proved stale: the next attempt opens one. */
	wantsFresh = false;
	/** Hash of the balancing key; 0: none. */
	key = 0;
	/** The slot of the last attempt; -1: none yet. */
	slot = -1;
	attempts = 0;
	/** It waited for an instance. */
	held = false;
	connection: AttemptConnection | null = null;
	opening: Attempt['opening'] = null;
	/** The party cannot take more of the answer now. */
	paused = false;
	/** The answer is a stream of events, which may be silent. */
	streaming = false;
	/** When what happened. */
	readonly times: AttemptTimes = new AttemptTimes();
	#upstream: Destination | null = null;
	readonly #selection: Selection;
	#waiting = false;
	#startMs = 0;
	#attemptMs = 0;
	/** The instance is being asked for a connection. */
	#acquiring = false;
	#headUs = 0;
	#status = 0;
	/** Why the last attempt came to nothing. */
	#failure: ErrorCode = 'no_ready_instance';

	constructor(plane: DataPlane, party: FetchParty) {
		this.plane = plane;
		this.party = party;
		this.#selection = new Selection(plane);
	}

	get upstream(): Destination | null {
		return this.#upstream;
	}

	get active(): boolean {
		return this.#upstream !== null || this.#waiting;
	}

	/** A request that is not forwarded leaves nothing of the one before. */
	reset(): void {
		this.slot = -1;
		this.attempts = 0;
		this.held = false;
		this.times.count = 0;
	}

	/** Counts what another fetch did in its place. */
	account(from: Fetch): void {
		this.slot = from.slot;
		this.attempts = from.attempts;
		this.held = from.held;
		this.times.copy(from.times);
	}

	/** Starts for a route. `startMs`: `performance.now()` of the request's begin. */
	start(route: Route, key: number, startMs: number): void {
		const { service } = route;
		this.route = route;
		this.service = service;
		this.timeouts = route.timeouts;
		this.key = key;
		this.wantsFresh = false;
		this.paused = false;
		this.streaming = false;
		this.#failure = 'no_ready_instance';
		this.#startMs = startMs;
		this.#attemptMs = startMs;
		this.#selection.start(route.retry.attempts);
		service.cells.add(this.plane.worker, ServiceColumn.requests, 1);
		const slot = this.#selection.select(service, key, 0);
		if (slot >= 0) this.#begin(slot);
		else this.#nothing();
	}

	#begin(slot: number): void {
		const upstream = this.plane.upstreams[slot] as Destination;
		const route = this.route as Route;
		this.slot = slot;
		this.#selection.again = this.attempts++ > 0;
		this.#upstream = upstream;
		this.#headUs = 0;
		this.#status = 0;
		const { timeout, attempts, attemptMs } = route.retry;
		const { firstByteMs } = route.timeouts;
		const another = attemptMs > 0 && timeout && this.repeatable && this.attempts < attempts;
		this.firstByteMs = another ? Math.min(attemptMs, firstByteMs) : firstByteMs;
		if (this.attempts > 1 || this.held) this.#attemptMs = performance.now();
		this.times.begin(upstream.serial, (this.#attemptMs - this.#startMs) * 1000);
		this.#acquiring = true;
		upstream.acquire(this);
		this.#acquiring = false;
	}

	/** There is no instance to try now: waits where that has a prospect. */
	#nothing(): void {
		if (this.#failure !== 'first_byte_timeout' && this.#mayWait() && this.#wait(0)) return;
		this.party.answerFailed(this.#selection.full > 0 ? 'instances_full' : this.#failure);
	}

	/** All are full, or one is expected to become ready. */
	#mayWait(): boolean {
		const { cells, breaker } = this.service as Service;
		if (this.#selection.full === 0) return cells.get(ServiceCell.expected) === 1;
		if (cells.sum(ServiceColumn.held) < breaker.waiting * this.#selection.full) return true;
		if (breaker.waiting > 0 && (this.route?.holdMs ?? 0) > 0) this.#refused(ServiceColumn.holdFull);
		return false;
	}

	/** Counts it: waiting came to nothing, or could not begin. */
	#refused(cell: number): void {
		this.service?.cells.add(this.plane.worker, cell, 1);
	}

	/** `backOffTicks`: before the same instance is tried again, which does not depend on `hold`. */
	#wait(backOffTicks: number): boolean {
		const { service, route, plane } = this;
		const holdMs = Math.max(route?.holdMs ?? 0, backOffTicks === 0 ? 0 : BACK_OFF_MS);
		if (holdMs === 0 || service === null) return false;
		const { tick } = plane.wheel;
		const wait = { untilTick: tick + 1 + Math.ceil(holdMs / TICK_MS), fromTick: tick + backOffTicks };
		if (!plane.hold.add(service.name, this, wait)) {
			this.#refused(ServiceColumn.holdFull);
			return false;
		}
		this.#waiting = true;
		this.held = true;
		// Another instance may have the slot of the one before by the time that this is over.
		this.slot = -1;
		service.cells.add(plane.worker, ServiceColumn.held, 1);
		return true;
	}

	#waited(): void {
		this.#waiting = false;
		this.service?.cells.add(this.plane.worker, ServiceColumn.held, -1);
	}

	/** The room asks: is there an instance now? */
	tryAgain(): boolean {
		const service = this.#current();
		if (service === null) {
			this.#inVain(ServiceColumn.holdHopeless);
			return true;
		}
		this.#selection.start(this.route?.retry.attempts ?? 1);
		const slot = this.#selection.select(service, this.key, 0);
		if (slot < 0) {
			if (this.#selection.full > 0 || service.cells.get(ServiceCell.expected) === 1) return false;
			this.#inVain(ServiceColumn.holdHopeless);
			return true;
		}
		this.#waited();
		this.#begin(slot);
		return true;
	}

	get bytesHeld(): number {
		return this.party.bytesHeld;
	}

	/** It still waits: is its client still there? */
	lookAfter(): void {
		this.party.lookAfter();
	}

	turnedAway(why: 'timeout' | 'full'): void {
		this.#inVain(why === 'full' ? ServiceColumn.holdFull : ServiceColumn.holdTimeout);
	}

	#inVain(cell: number): void {
		this.#waited();
		this.#refused(cell);
		this.party.answerFailed(this.#selection.full > 0 ? 'instances_full' : this.#failure);
	}

	/** The service as it is configured now: a reload may have put another balancer in place. */
	#current(): Service | null {
		const { services } = this.plane;
		const { name = '', version = '' } = this.service ?? {};
		const now = services.get(name + version) ?? services.get(name) ?? null;
		// A service that is gone stays known to the attempt that is under way there, which must be ended too.
		if (now !== null) this.service = now;
		return now;
	}

	/** The attempt came to nothing: another one where that is safe, else the party is told. */
	attemptFailed(code: ErrorCode): void {
		const stale = code === 'reset_before_answer' && this.connection?.reused === true;
		this.times.failed(errorIndex(code), this.#attemptUs());
		this.#failure = code;
		this.#leave(stale ? -1 : outcomeOf(code));
		const service = this.#current();
		if (service === null || !(stale ? this.#mayRepeat() : this.#mayRetry(code))) {
			this.party.answerFailed(code);
			return;
		}
		if (stale) {
			// A kept connection that had ended says nothing about its instance: this was no attempt.
			this.wantsFresh = true;
			this.attempts--;
		} else this.#selection.tried(this.slot);
		this.#again(service);
	}

	/** After a time-out only another instance is tried: this one is slow as it is. */
	#mayComeBack(): boolean {
		const timedOut = this.#failure === 'first_byte_timeout' || this.#failure === 'connect_timeout';
		return !timedOut && this.#selection.triedIsOpen;
	}

	#mayRepeat(): boolean {
		return this.repeatable && this.party.resendable;
	}

	/**
	 * One more attempt, if the budget has one. (What repeats on a stale connection takes from it too: an
	 * instance may end each after one request, on purpose.) It is taken only once there is somewhere to go.
	 */
	#again(service: Service): void {
		if (this.#selection.reserve(service, this.key, this.attempts)) {
			if (service.budget.take()) {
				this.#begin(this.#selection.take());
				return;
			}
			this.#selection.giveBack();
		} else {
			// Only instances that were tried are ready: one of them again, a little later.
			const back = this.#mayComeBack();
			const waits = back || (this.#failure !== 'first_byte_timeout' && this.#mayWait());
			if (waits && service.budget.take() && this.#wait(back ? backOffTicks(this.attempts) : 0)) return;
		}
		this.party.answerFailed(this.#selection.full > 0 ? 'instances_full' : this.#failure);
	}

	#mayRetry(code: ErrorCode): boolean {
		const policy = this.route?.retry;
		if (policy === undefined || this.attempts >= policy.attempts || !this.party.resendable) return false;
		if (isConnectFailure(code)) return policy.connect;
		if (!this.repeatable) return false;
		return code === 'first_byte_timeout' ? policy.timeout : code === 'reset_before_answer' && policy.reset;
	}

	/**
	 * The answer has this status. True: it is not passed on, since another instance is tried; the
	 * connection lets go of it and calls `answerRefused`.
	 */
	refuses(status: number): boolean {
		if (this.route?.retry.statuses.includes(status) !== true || !this.#entersAnother()) return false;
		this.times.answered(status, this.#attemptUs());
		return true;
	}

	/** The answer does not come. True: another instance is tried, by `attemptOver`; false: this one has more time. */
	givesUp(): boolean {
		if (this.firstByteMs < this.timeouts.firstByteMs && this.#entersAnother()) return true;
		this.firstByteMs = this.timeouts.firstByteMs;
		return false;
	}

	/** Only with another instance at hand is it worth while: what comes from this one is the best there is. */
	#entersAnother(): boolean {
		const policy = this.route?.retry;
		if (policy === undefined || this.attempts >= policy.attempts || !this.#mayRepeat()) return false;
		const service = this.#current();
		if (service === null) return false;
		this.#selection.tried(this.slot);
		if (!this.#selection.reserve(service, this.key, this.attempts)) return false;
		if (service.budget.take()) return true;
		this.#selection.giveBack();
		return false;
	}

	/** The attempt that `refuses` or `givesUp` spoke of is over. */
	attemptOver(outcome: Outcome): void {
		if (outcome === Outcome.timedOut) this.times.failed(errorIndex('first_byte_timeout'), this.#attemptUs());
		else this.times.set(AttemptCell.end, this.#attemptUs());
		this.#leave(outcome);
		this.#begin(this.#selection.take());
	}

	/** The instance asks for no attempt within so many ms. */
	rest(ms: number): void {
		this.plane.board.setRest(this.slot, (this.plane.wheel.nowMs + ms) | 0 || 1);
	}

	/** The answer has begun and then broke off: never sent twice. */
	answerBroken(code: ErrorCode): void {
		this.times.failed(errorIndex(code), this.#attemptUs());
		this.#leave(outcomeOf(code));
		this.party.answerFailed(code);
	}

	/** A connection carries it: a kept one at once, others after a while. */
	connected(): void {
		if (!this.#acquiring) this.times.set(AttemptCell.connect, this.#attemptUs());
	}

	#attemptUs(): number {
		return (performance.now() - this.#attemptMs) * 1000;
	}

	/** The head of the answer is there. */
	answered(status: number): void {
		this.#status = status;
		this.#headUs = Math.max(1, Math.round(this.#attemptUs()));
		this.times.answered(status, this.#headUs);
	}

	/** The answer is whole. */
	finished(): void {
		this.#leave(this.#status >= 500 ? Outcome.status5xx : Outcome.ok);
	}

	/** `outcome` -1: no verdict on the instance. */
	#leave(outcome: Outcome | -1): void {
		const upstream = this.#upstream;
		const { service, plane, slot } = this;
		if (upstream === null || service === null) return;
		this.#upstream = null;
		this.connection = null;
		this.#selection.report(slot, outcome, this.#headUs, service.suspectAfter);
		upstream.leave();
		// What fails fast would make a service that is in trouble look fast.
		if (outcome === Outcome.ok && this.#headUs > 0) {
			service.cells.add(plane.worker, ServiceColumn.headCount, 1);
			service.cells.add(plane.worker, ServiceColumn.headSumUs, this.#headUs);
		}
		if (service.timed && outcome >= 0)
			service.picker?.settle(slot, outcome === Outcome.ok ? this.#headUs : -1, plane.wheel.nowMs);
		if (service.breaker.inFlight > 0) plane.signals.freed(service);
	}

	/** The party can take more of the answer. */
	resume(): void {
		this.connection?.transport.resume();
	}

	/** Nobody wants the answer any more. */
	cancel(): void {
		if (this.#waiting) {
			this.#waited();
			this.plane.hold.remove(this.service?.name ?? '', this);
			return;
		}
		const upstream = this.#upstream;
		if (upstream === null) return;
		this.opening?.cancel();
		this.opening = null;
		const connection = this.connection;
		// Not the instance's fault: no verdict on it.
		this.#leave(-1);
		if (connection !== null) connection.abandon();
		else upstream.forget(this);
	}
}
