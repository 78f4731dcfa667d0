/**
 * Operations that a platform has accepted and goes on with by itself. They are looked at when the group is, no
 * sooner than the platform asks for, and let go of when it never finishes them.
 */
import { PlatformError } from './platform-error.ts';

export interface OperationAnswer {
	/** `failed`: `fault` says why. */
	readonly state: 'running' | 'done' | 'failed';
	readonly fault?: PlatformError;
	/** Look again no sooner; ms; null: the platform does not say. */
	readonly retryAfterMs: number | null;
}

export interface AcceptedOperation {
	/** For people: `resize to 4`. */
	readonly what: string;
	/** Of the answer that accepted it. */
	readonly retryAfterMs: number | null;
	/** @throws PlatformError */
	look(signal: AbortSignal): Promise<OperationAnswer>;
}

interface Running {
	readonly operation: AcceptedOperation;
	readonly since: number;
	nextLookAt: number;
}

/** Enough for a resize and removals one by one; older ones are let go of. */
const MOST = 64;
/** Asked about at one look; the others have their turn at the next. */
const MOST_AT_ONCE = 8;

export class RunningOperations {
	readonly #running = new Set<Running>();
	readonly #stuckMs: number;
	readonly #now: () => number;

	/** @param stuckMs an operation that takes longer is called stuck, and forgotten after twice the time */
	constructor(stuckMs: number, now: () => number = Date.now) {
		this.#stuckMs = stuckMs;
		this.#now = now;
	}

	add(operation: AcceptedOperation): void {
		const now = this.#now();
		const [oldest] = this.#running;
		if (this.#running.size >= MOST && oldest !== undefined) this.#running.delete(oldest);
		this.#running.add({ operation, since: now, nextLookAt: now + (operation.retryAfterMs ?? 0) });
	}

	/**
	 * Looks at those that are due.
	 * @returns why the first of those that failed since the last call did; null: none did
	 * @throws PlatformError when one cannot be looked at
	 */
	async look(signal: AbortSignal): Promise<PlatformError | null> {
		let failed: PlatformError | null = null;
		const now = this.#now();
		for (const one of [...this.#running]) if (now - one.since > this.#stuckMs * 2) this.#running.delete(one);
		const due = [...this.#running].filter((one) => one.nextLookAt <= now).sort((a, b) => a.nextLookAt - b.nextLookAt);
		for (const one of due.slice(0, MOST_AT_ONCE)) {
			const answer = await answerOf(one.operation, signal);
			one.nextLookAt = this.#now() + (answer.retryAfterMs ?? 0);
			if (answer.state === 'running') continue;
			this.#running.delete(one);
			if (answer.state === 'failed')
				failed ??= answer.fault ?? new PlatformError('busy', `${one.operation.what} failed`);
		}
		return failed;
	}

	/** Half a sentence; null: nothing is under way. */
	get busy(): string | null {
		const [oldest] = this.#running;
		if (oldest === undefined) return null;
		const more = this.#running.size > 1 ? ` and ${this.#running.size - 1} more` : '';
		const tookMs = this.#now() - oldest.since;
		const stuck = tookMs > this.#stuckMs ? `, stuck for ${Math.round(tookMs / 1000)} s` : '';
		return `${oldest.operation.what} is under way${stuck}${more}`;
	}
}

/** The platform forgets operations after some time: one that is not there any more has ended. */
async function answerOf(operation: AcceptedOperation, signal: AbortSignal): Promise<OperationAnswer> {
	try {
		return await operation.look(signal);
	} catch (error) {
		if (error instanceof PlatformError && error.fault === 'not_found') return { state: 'done', retryAfterMs: null };
		throw error;
	}
}
