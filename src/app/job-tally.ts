import { BallastError } from '../core/errors.ts';
import type { Job, JobState } from '../jobs/job.ts';
import type { ReportKind } from '../jobs/job-store.ts';
import type { FromJobsThread, JobCounts, JobFigures } from './jobs-messages.ts';
import { OTHER_CODE } from './known-codes.ts';

/** Dead letters that are told one by one in a second; of the others only their number is. */
const TOLD_MOST = 10;

/** A trouble whose end nobody tells is over when it was not met for so many seconds. */
const TROUBLE_S = 10;

/** How much of the last second there is in a pace. */
const PACE_SHARE = 0.1;

const END_OF: Partial<Record<ReportKind['kind'], JobState>> = {
	succeeded: 'succeeded',
	failed: 'failed',
	parked: 'parked',
	cancelled: 'cancelled',
};

/** Counts what becomes of jobs, and tells what somebody should know. */
export class JobTally {
	readonly #say: (message: FromJobsThread) => void;
	readonly #counts = new Map<string, JobCounts>();
	/** First attempts a second, of late, and how many there were when it was last looked. */
	readonly #paces = new Map<string, { perS: number; started: number }>();
	readonly #warned = new Set<string>();
	/** Codes of errors that are told apart. */
	codes: ReadonlySet<string> = new Set();
	#told = 0;
	#untold = 0;
	#stranded: ReadonlySet<string> = new Set();
	/** What carries jobs out says it, and says when it is over. */
	#unusable = '';
	/** What others met, and for how many seconds it still counts. */
	#trouble = { why: '', seconds: 0 };
	/** What was told. */
	#toldWhy = '';
	#figures: JobFigures | null = null;

	constructor(say: (message: FromJobsThread) => void) {
		this.#say = say;
	}

	#of(queue: string): JobCounts {
		let counts = this.#counts.get(queue);
		if (counts === undefined) this.#counts.set(queue, (counts = emptyCounts(queue)));
		return counts;
	}

	startsPerS(queue: string): number {
		return this.#paces.get(queue)?.perS ?? 0;
	}

	#pace(): void {
		for (const { queue, started } of this.#counts.values()) {
			const before = this.#paces.get(queue) ?? { perS: 0, started: 0 };
			const perS = before.perS + (started - before.started - before.perS) * PACE_SHARE;
			this.#paces.set(queue, { perS, started });
		}
	}

	added(queue: string): void {
		this.#of(queue).added++;
	}

	began(job: Job, nowMs: number): void {
		const counts = this.#of(job.queue);
		counts.attempts++;
		if (job.attempts !== 1) return;
		counts.started++;
		counts.waitedS += Math.max(0, nowMs - job.runAtMs) / 1000;
	}

	settled(job: Job, report: ReportKind, nowMs: number): void {
		const end = END_OF[report.kind];
		if (end === undefined) return;
		const counts = this.#of(job.queue);
		const { ended } = counts;
		ended[end] = (ended[end] ?? 0) + 1;
		if (end === 'succeeded') counts.ranS += Math.max(0, nowMs - (job.startedMs ?? nowMs)) / 1000;
		if (report.kind !== 'failed' && report.kind !== 'parked') return;
		const { code, message } = report.error;
		if (report.kind === 'failed') {
			const known = this.codes.has(code) ? code : OTHER_CODE;
			counts.failed[known] = (counts.failed[known] ?? 0) + 1;
		}
		const what = report.kind === 'failed' ? `is a dead letter after ${job.attempts} attempts` : 'is parked';
		this.#tellSome(
			report.kind === 'failed' ? 'dead_letter' : 'job_parked',
			job.queue,
			`job ${job.id} ${what}: ${message} (${code})`,
		);
	}

	#tellSome(kind: string, subject: string, text: string): void {
		if (this.#told++ < TOLD_MOST) this.tell('warn', kind, subject, text);
		else this.#untold++;
	}

	/** '': it can be used again. */
	unusable(why: string): void {
		this.#unusable = why;
		this.#tellUse();
	}

	/** The store could not do something, which need not be so for all. */
	trouble(why: string): void {
		this.#trouble = { why, seconds: TROUBLE_S };
		this.#tellUse();
	}

	/** A look at the store has no answer for a while: all that can be told is how it was before. */
	late(): void {
		this.trouble('it does not answer');
		if (this.#figures !== null) this.#say({ ...this.#figures, unusable: this.#why });
	}

	/** A job that was handed in was not stored: without room for new ones those that there are may go on. */
	refused(error: unknown): void {
		if (error instanceof BallastError && error.code === 'jobs_unavailable') this.trouble(error.message);
	}

	get #why(): string {
		return this.#unusable || this.#trouble.why;
	}

	#tellUse(): void {
		const before = this.#toldWhy;
		this.#toldWhy = this.#why;
		if ((this.#why === '') === (before === '')) return;
		if (this.#why === '') this.tell('info', 'jobs_usable', 'jobs', 'the store of jobs can be used again');
		else this.tell('error', 'jobs_unusable', 'jobs', `the store of jobs cannot be used: ${this.#why}`);
	}

	quarantined(path: string, movedTo: string, reason: string): void {
		const text = `${path} was corrupt (${reason}) and is ${movedTo} now; the jobs in it are not worked on`;
		this.tell('error', 'jobs_quarantined', 'jobs', text);
	}

	/** Of queues whose service makes no jobs any more; each is told of once. */
	stranded(queues: readonly string[]): void {
		for (const queue of queues.filter((one) => !this.#stranded.has(one))) {
			this.tell(
				'warn',
				'',
				queue,
				'jobs wait that no route carries out any more: not before one of the service has offload',
			);
		}
		this.#stranded = new Set(queues);
	}

	/** Once for each that is new: connections come and go. */
	warned(warnings: readonly string[]): void {
		for (const warning of warnings) {
			if (this.#warned.has(warning)) continue;
			this.#warned.add(warning);
			this.tell('warn', 'jobs_at_risk', 'jobs', warning);
		}
	}

	tell(level: 'info' | 'warn' | 'error', kind: string, subject: string, text: string): void {
		this.#say({ type: 'told', level, kind, subject, text });
	}

	/** Nobody is told of the job's end any more. */
	webhookGivenUp({ id, queue, state }: Job, why: string): void {
		this.#tellSome('webhook_given_up', queue, `nobody was told that job ${id} is ${state}: ${why}`);
	}

	receiverGone({ id }: Job, host: string): void {
		const text = `a receiver of webhooks at ${host} answered 410 (job ${id}) and is called no more; \`ballast jobs receivers\` shows it`;
		this.#tellSome('webhook_receiver_gone', host, text);
	}

	uncancelled({ id, queue }: Job, why: string): void {
		const text = `job ${id} has ended here, and its upstream goes on with it: ${why}; it holds its slot until that is over`;
		this.#tellSome('cancel_given_up', queue, text);
	}

	mediaFailed({ id, queue }: Job, why: string, final: boolean): void {
		const what = final ? 'is not copied' : 'is not copied yet, and tried again';
		this.#tellSome(final ? 'media_given_up' : 'media_late', queue, `what came of job ${id} ${what}: ${why}`);
	}

	everySecond(figures: Omit<JobFigures, 'type' | 'counts' | 'unusable'>): void {
		if (this.#untold > 0)
			this.tell('warn', 'dead_letter', 'jobs', `${this.#untold} more jobs failed, were parked or could not be told of`);
		this.#told = 0;
		this.#untold = 0;
		this.#pace();
		if (this.#trouble.seconds > 0 && --this.#trouble.seconds === 0) {
			this.#trouble = { why: '', seconds: 0 };
			this.#tellUse();
		}
		const counts = [...this.#counts.values()];
		this.#figures = { type: 'figures', ...figures, counts, unusable: this.#why };
		this.#say(this.#figures);
	}
}

const emptyCounts = (queue: string): JobCounts => ({
	...{ queue, added: 0, attempts: 0, ended: {}, failed: {} },
	...{ waitedS: 0, started: 0, ranS: 0 },
});
