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
	/** @throws PlatformError also when its failure is told so */
	look(signal: AbortSignal): Promise<OperationAnswer>;
}

interface Running {
	readonly operation: AcceptedOperation;
	readonly failing: 'out' | 'in' | undefined;
	readonly since: number;
	nextLookAt: number;
}

/** Enough for a resize and removals one by one; older ones are let go of. */
const MOST = 64;
/** Asked about at one look; the others have their turn at the next. */
const MOST_AT_ONCE = 8;
const ASK_AGAIN_MS = 5000;

export class RunningOperations {
	readonly #running = new Set<Running>();
	readonly #stuckMs: number;
	readonly #now: () => number;
	#failed: { readonly fault: PlatformError; readonly failing: 'out' | 'in' | undefined; readonly atMs: number } | null =
		null;

	/** @param stuckMs an operation that takes longer is called stuck, and forgotten after twice the time */
	constructor(stuckMs: number, now: () => number = Date.now) {
		this.#stuckMs = stuckMs;
		this.#now = now;
	}

	/** @param failing what its failure keeps the group from; undefined: it is no change of the size */
	add(operation: AcceptedOperation, failing?: 'out' | 'in'): void {
		const now = this.#now();
		this.#failed = null;
		const [oldest] = this.#running;
		if (this.#running.size >= MOST && oldest !== undefined) this.#running.delete(oldest);
		this.#running.add({ operation, failing, since: now, nextLookAt: now + (operation.retryAfterMs ?? 0) });
	}

	/** Why the last one that ended failed; null: it did not, another has begun since, or it is so long ago that it may be tried again. */
	get failure(): PlatformError | null {
		const failed = this.#failed;
		return failed === null || this.#now() - failed.atMs > this.#stuckMs ? null : failed.fault;
	}

	/** What the one that failed was to do: see `PlatformGroup`; empty: it was no change of the size. */
	get failing(): { failing?: 'out' | 'in' } {
		const failing = this.failure === null ? undefined : this.#failed?.failing;
		return failing === undefined ? {} : { failing };
	}

	/** Looks at those that are due; `failure` is known after it. */
	async look(signal: AbortSignal): Promise<void> {
		const now = this.#now();
		for (const one of [...this.#running]) if (now - one.since > this.#stuckMs * 2) this.#running.delete(one);
		const due = [...this.#running].filter((one) => one.nextLookAt <= now).sort((a, b) => a.nextLookAt - b.nextLookAt);
		for (const one of due.slice(0, MOST_AT_ONCE)) {
			const answer = await answerOf(one.operation, signal);
			one.nextLookAt = this.#now() + Math.max(answer.retryAfterMs ?? 0, 1);
			if (answer.state === 'running') continue;
			this.#running.delete(one);
			const { operation, failing } = one;
			const fault = answer.fault ?? new PlatformError('busy', `${operation.what} failed`);
			this.#failed = answer.state === 'failed' ? { fault, failing, atMs: this.#now() } : null;
		}
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

/** A look that fails keeps nobody from looking at the group: what may pass is asked again, the rest ends it. */
async function answerOf(operation: AcceptedOperation, signal: AbortSignal): Promise<OperationAnswer> {
	try {
		return await operation.look(signal);
	} catch (error) {
		if (!(error instanceof PlatformError)) throw error;
		// Platforms forget operations after some time: one that is not there any more has ended.
		if (error.fault === 'not_found') return { state: 'done', retryAfterMs: null };
		// An operation that is told of by its result alone fails as a request does.
		if (!error.mayPass || error.fault === 'busy') return { state: 'failed', fault: error, retryAfterMs: null };
		return { state: 'running', retryAfterMs: error.retryAfterMs ?? ASK_AGAIN_MS };
	}
}
