import { BallastError } from '../core/errors.ts';
import { later } from '../jobs/as-handed-in.ts';
import type { NewJob } from '../jobs/job.ts';
import type { AddOutcome, JobStore, QueueView } from '../jobs/job-store.ts';
import type { Added } from './jobs-messages.ts';

/** Who is told what became of a job that was handed in. */
export interface HandedIn {
	added(outcome: Added): void;
	failed(error: unknown): void;
}

export interface IntakeParts {
	store: Pick<JobStore, 'add'>;
	/** Before it is answered: what its client sends next may come by another worker, and sooner than this one's word. */
	release(key: string, by: string): void;
	added(job: NewJob, outcome: AddOutcome): void;
	/** One was not stored, and why. */
	refused(error: unknown): void;
	/** Some of them may begin. */
	wake(): void;
	nowMs(): number;
}

interface Pending extends HandedIn {
	job: NewJob;
	shiftMs: number;
}

/** Takes jobs in: those that came together with one call of the store. */
export class JobIntake {
	readonly #parts: IntakeParts;
	#pending: Pending[] = [];
	/** Queues as they were a moment ago, and jobs that came since. */
	#views: Readonly<Record<string, QueueView>> = {};
	#addedSince = new Map<string, number>();

	constructor(parts: IntakeParts) {
		this.#parts = parts;
	}

	/** What queues hold, as it was just read. */
	set views(views: Readonly<Record<string, QueueView>>) {
		this.#views = views;
	}

	/** From now on it is counted what comes, until the next `views`. */
	recount(): void {
		this.#addedSince = new Map();
	}

	/** Jobs of a queue that came since `recount`. */
	since(queue: string): number {
		return this.#addedSince.get(queue) ?? 0;
	}

	/** `most`: of jobs that wait in its queue. */
	hand(job: NewJob, most: number, to: HandedIn): void {
		const { queue } = job;
		const counts = this.#views[queue]?.counts;
		const since = this.#addedSince.get(queue) ?? 0;
		if ((counts?.waiting ?? 0) + (counts?.scheduled ?? 0) + since >= most) {
			to.failed(new BallastError('jobs_full'));
			return;
		}
		this.#addedSince.set(queue, since + 1);
		// Its times are this thread's: the worker's clock may be another one.
		const shiftMs = this.#parts.nowMs() - job.createdMs;
		const pending = { job: later(job, shiftMs), shiftMs, added: to.added, failed: to.failed };
		if (this.#pending.push(pending) === 1) queueMicrotask(() => void this.#store(this.#pending.splice(0)));
	}

	/** @throws what `hand` tells as `failed` */
	add(job: NewJob, most: number): Promise<Added> {
		return new Promise((resolve, reject) => this.hand(job, most, { added: resolve, failed: reject }));
	}

	async #store(pending: readonly Pending[]): Promise<void> {
		let outcomes: AddOutcome[];
		try {
			const added = this.#parts.store.add(pending.map(({ job }) => job));
			// A claim that follows at once shares their commit, and finds them.
			this.#parts.wake();
			outcomes = await added;
		} catch (error) {
			// One that cannot be stored must not take the others with it; what was stored all the same is the same job.
			if (pending.length > 1) for (const one of pending) void this.#store([one]);
			else {
				this.#parts.refused(error);
				pending[0]?.failed(error);
			}
			return;
		}
		for (const [at, one] of pending.entries()) {
			const { job, shiftMs } = one;
			const outcome = outcomes[at] as AddOutcome;
			if (job.idempotency !== null) this.#parts.release(job.idempotency.key, job.id);
			this.#parts.added(job, outcome);
			one.added(outcome.kind === 'added' ? { kind: 'added', shiftMs } : outcome);
		}
	}
}
