import { ERRORS, type ErrorCode } from '../core/errors.ts';
import type { Attempt, AttemptConnection, Destination, FetchParty } from './attempt.ts';
import type { Timeouts } from './config.ts';
import type { DataPlane } from './data-plane.ts';
import type { Service } from './route.ts';

/** Attempts of one request, the first included. */
const ATTEMPTS_MOST = 3;

/** The upstream half of a request: selects an instance, attempts, reports; a failed attempt selects again. */
export class Fetch implements Attempt {
	readonly plane: DataPlane;
	readonly party: FetchParty;
	service: Service | null = null;
	timeouts: Timeouts = { connectMs: 0, firstByteMs: 0, requestMs: 0, streamIdleMs: 0 };
	/** May be sent twice: an idempotent method without a body. */
	repeatable = false;
	/** A kept connection proved stale: the next attempt opens one. */
	wantsFresh = false;
	/** Hash of the balancing key; 0: none. */
	key = 0;
	/** The slot of the last attempt; -1: none yet. */
	slot = -1;
	attempts = 0;
	connection: AttemptConnection | null = null;
	opening: Attempt['opening'] = null;
	/** The party cannot take more of the answer now. */
	paused = false;
	/** The answer is a stream of events, which may be silent. */
	streaming = false;
	#upstream: Destination | null = null;
	#attemptMs = 0;
	#headUs = 0;
	readonly #tried: number[] = [];

	constructor(plane: DataPlane, party: FetchParty) {
		this.plane = plane;
		this.party = party;
	}

	get upstream(): Destination | null {
		return this.#upstream;
	}

	get active(): boolean {
		return this.#upstream !== null;
	}

	/** Starts with what the caller has set. */
	start(service: Service, timeouts: Timeouts, repeatable: boolean, key: number): void {
		this.service = service;
		this.timeouts = timeouts;
		this.repeatable = repeatable;
		this.key = key;
		this.slot = -1;
		this.attempts = 0;
		this.wantsFresh = false;
		this.paused = false;
		this.streaming = false;
		if (this.#tried.length > 0) this.#tried.length = 0;
		this.#attempt('no_ready_instance');
	}

	#attempt(failure: ErrorCode): void {
		const picker = this.service?.picker ?? null;
		const slot = picker === null ? -1 : picker.pick(this.key, this.#tried, this.plane.wheel.nowMs);
		const upstream = slot < 0 ? undefined : this.plane.upstreams[slot];
		if (upstream === undefined || this.#tried.includes(slot)) {
			this.party.answerFailed(failure);
			return;
		}
		this.slot = slot;
		this.attempts++;
		this.#upstream = upstream;
		this.#headUs = 0;
		if (this.service?.timed === true) this.#attemptMs = performance.now();
		upstream.attempt(1);
		upstream.acquire(this);
	}

	/** The attempt came to nothing: another one where that is safe, else the party is told. */
	attemptFailed(code: ErrorCode): void {
		const stale = code === 'reset_before_answer' && this.connection?.reused === true;
		this.#leave(-1);
		const again =
			this.attempts < ATTEMPTS_MOST && (ERRORS[code].retrySafe || (code === 'reset_before_answer' && this.repeatable));
		if (!again || code === 'connection_limit') {
			this.party.answerFailed(code);
			return;
		}
		if (stale) this.wantsFresh = true;
		else this.#tried.push(this.slot);
		this.#attempt(code);
	}

	/** The answer has begun and then broke off: never sent twice. */
	answerBroken(code: ErrorCode): void {
		this.#leave(-1);
		this.party.answerFailed(code);
	}

	/** The head of the answer is there. */
	answered(): void {
		if (this.service?.timed === true) this.#headUs = Math.max(1, (performance.now() - this.#attemptMs) * 1000);
	}

	/** The answer is whole. */
	finished(): void {
		this.#leave(this.#headUs);
	}

	#leave(us: number): void {
		const upstream = this.#upstream;
		if (upstream === null) return;
		this.#upstream = null;
		this.connection = null;
		upstream.attempt(-1);
		if (this.service?.timed === true) this.service.picker?.settle(this.slot, us, this.plane.wheel.nowMs);
	}

	/** The party can take more of the answer. */
	resume(): void {
		this.connection?.transport.resume();
	}

	/** Nobody wants the answer any more. */
	cancel(): void {
		const upstream = this.#upstream;
		if (upstream === null) return;
		this.opening?.cancel();
		this.opening = null;
		const connection = this.connection;
		// Not the instance's fault: no verdict on it.
		this.#upstream = null;
		this.connection = null;
		upstream.attempt(-1);
		if (connection !== null) connection.abandon();
		else upstream.forget(this);
	}
}
