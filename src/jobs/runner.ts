import { ShortLivedMap } from '../core/short-lived-map.ts';
import type { AttemptOrder, AttemptOutcome, AttemptPolicy } from './attempt.ts';
import { type AttemptReport, AttemptReports } from './attempt-reports.ts';
import type { SubmittedJobs } from './external/submitted-jobs.ts';
import { ENDED, type Job, type JobBody, type JobProgress, type JobState } from './job.ts';
import { type ClaimedJob, isFull, type JobStore, type QueueRoom, type ReportKind } from './job-store.ts';
import { mayBegin, settle, settleLost } from './settle-attempt.ts';

/** How long a claim holds without a word of its holder, ms; said again each third of it. */
const LEASE_MS = 15_000;
/** How often is looked for what has become due, ms. */
const LOOK_MS = 250;
/** While the store cannot be used, ms. */
const BACK_OFF_MS = 1000;
/** A queue whose jobs find nobody is left alone for so long, ms: others would fare no better. */
const UNREACHED_MS = 500;
/** Jobs claimed in one go. */
const CLAIM_MOST = 256;

/** Who makes attempts. */
export interface AttemptPlaces {
	/** How many more can be begun now. */
	room(): number;
	/** False: nobody can. */
	begin(order: AttemptOrder): boolean;
	abort(token: string): void;
	/** The body of an answer that nobody wants. */
	drop(body: JobBody): void;
}

export interface JobRunnerParts {
	store: JobStore;
	/** How a job gets on, also where what it keeps cannot be read. */
	look(id: string): Promise<Pick<Job, 'state'> | null>;
	places: AttemptPlaces;
	holder: string;
	/** Holders before this one, known to be gone. */
	gone: readonly string[];
	rooms(): readonly QueueRoom[];
	policyOf(job: ClaimedJob): AttemptPolicy;
	/** Jobs of upstreams that are asynchronous themselves. */
	submitted: SubmittedJobs;
	/** What became of an attempt, for counts and events. */
	settled(job: ClaimedJob, kind: ReportKind): void;
	began(job: ClaimedJob): void;
	/** The store cannot be used; '' once it can again. */
	unusable(why: string): void;
	nowMs(): number;
}

interface Running {
	job: ClaimedJob;
	/** Its report is on its way: it still holds its lease. */
	reporting: boolean;
	/** Its upstream has it: no attempt is under way. */
	submitted: boolean;
	/** It has ended here, and its upstream is told so. */
	unwanted: boolean;
}

/** Carries jobs out: claims where there is room, has attempts made, reports what became of them. */
export class JobRunner {
	readonly #parts: JobRunnerParts;
	readonly #reports: AttemptReports;
	readonly #running = new ShortLivedMap<string, Running>();
	/** Tokens, by job. */
	readonly #tokens = new Map<string, string>();
	#gone: readonly string[];
	/** Jobs that were told to have ended while a claim is under way, which may hand them out: it was made before. */
	readonly #ended = new Set<string>();
	/** Until when queues are left alone. */
	readonly #resting = new Map<string, number>();
	#timers: NodeJS.Timeout[] = [];
	#active = false;
	#ending = false;
	#claiming = false;
	#again = false;
	#pausedUntilMs = 0;
	#failed = false;
	#idle: (() => void)[] = [];
	/** Jobs that upstreams have. */
	#held = 0;
	#beatMs = 0;

	constructor(parts: JobRunnerParts) {
		this.#parts = parts;
		this.#gone = parts.gone;
		this.#reports = new AttemptReports({
			store: parts.store,
			told: (report, of) => this.#told(report, of),
			sent: (reports) => reports.every(isPlain) && this.wake(),
			done: (reports) => this.#reported(reports),
			trouble: (error) => this.#trouble(error),
			nowMs: parts.nowMs,
		});
		this.#timers.push(setInterval(() => this.#look(), LOOK_MS));
	}

	/** Attempts under way. */
	get running(): number {
		return this.#running.size - this.#held;
	}

	/** Jobs that upstreams have, which are asynchronous themselves. */
	get submitted(): number {
		return this.#held;
	}

	/** Ours in a place upstream; `ending`: only those of them that have ended here, and not there. */
	inLane(queue: string, lane: string, ending = false): number {
		let count = 0;
		for (const { job, unwanted } of this.#running.values())
			if (job.queue === queue && job.lane === lane && (unwanted || !ending)) count++;
		return count;
	}

	get active(): boolean {
		return this.#active;
	}

	/** Whether jobs are claimed; none are any more once it rests. What is under way goes on. */
	set active(active: boolean) {
		this.#active = active && !this.#ending;
		if (this.#active) this.wake();
	}

	#look(): void {
		this.wake();
		if (this.#parts.nowMs() - this.#beatMs >= LEASE_MS / 3) this.#beatAll();
	}

	#beatAll(): void {
		this.#beatMs = this.#parts.nowMs();
		if (this.#running.size > 0) void this.#beat();
	}

	async #beat(): Promise<void> {
		const nowMs = this.#parts.nowMs();
		const tokens = [...this.#running].map(([token, { job }]) => ({ token, id: job.id }));
		const beat = { kind: 'beat', nowMs, leaseMs: LEASE_MS } as const;
		try {
			const held = await this.#parts.store.report(tokens.map((of) => ({ ...of, ...beat })));
			for (const [i, { token }] of tokens.entries()) if (held[i] === false) this.#stop(token);
		} catch (error) {
			this.#trouble(error);
		}
	}

	/** Something may have become possible. */
	wake(): void {
		this.#again = true;
		if (!this.#claiming) void this.#claim();
	}

	async #claim(): Promise<void> {
		this.#claiming = true;
		try {
			while (this.#again && this.#active && this.#parts.nowMs() >= this.#pausedUntilMs) {
				this.#again = false;
				const most = Math.min(CLAIM_MOST, this.#parts.places.room());
				const queues = this.#parts.rooms().filter(({ name }) => !this.#rests(name));
				if (most <= 0 || queues.length === 0) break;
				await this.#claimSome(most, queues);
			}
		} finally {
			this.#claiming = false;
		}
	}

	#rests(queue: string): boolean {
		return (this.#resting.get(queue) ?? 0) > this.#parts.nowMs();
	}

	async #claimSome(most: number, queues: readonly QueueRoom[]): Promise<void> {
		const { store, holder } = this.#parts;
		try {
			const gone = this.#gone;
			// Behind a standstill (of the disk, of the whole process) its own leases are over, and its own jobs are not lost.
			if (this.#parts.nowMs() - this.#beatMs >= LEASE_MS / 3) this.#beatAll();
			const claim = { holder, leaseMs: LEASE_MS, most, nowMs: this.#parts.nowMs(), queues };
			const jobs = await store.claim(gone.length === 0 ? claim : { ...claim, gone });
			this.#gone = [];
			this.#usable();
			for (const job of jobs) this.#taken(job);
			if (jobs.length === most || isFull(jobs)) this.#again = true;
		} catch (error) {
			this.#trouble(error);
		} finally {
			this.#ended.clear();
		}
	}

	/** One that cannot be read must not keep its slot for ever, nor hold up the others. */
	#taken(job: ClaimedJob): void {
		try {
			this.#take(job);
			if (this.#ended.has(job.id)) this.#stop(job.token);
		} catch (error) {
			const message = `the job cannot be read: ${error instanceof Error ? error.message : String(error)}`;
			this.#report(job, { kind: 'failed', error: { code: 'internal', message, status: null }, result: null });
		}
	}

	#take(job: ClaimedJob): void {
		this.#running.set(job.token, { job, reporting: false, submitted: false, unwanted: false });
		this.#tokens.set(job.id, job.token);
		const policy = this.#parts.policyOf(job);
		const nowMs = this.#parts.nowMs();
		if (job.externalId !== null) this.#go(job, 'resume');
		else if (!job.lost && this.#ended.has(job.id)) void this.#report(job, { kind: 'cancelled' });
		else this.#go(job, job.lost ? settleLost(job, policy, nowMs) : (mayBegin(job, policy, nowMs) ?? 'again'));
	}

	#go(job: ClaimedJob, next: 'again' | 'resume' | 'reconcile' | ReportKind): void {
		if (next === 'again') this.#begin(job);
		else if (next === 'reconcile') this.#parts.submitted.reconcile(job);
		else if (next === 'resume') this.#report(job, submittedAs(job.externalId ?? ''));
		else this.#report(job, next);
	}

	#begin(job: ClaimedJob): void {
		const { token, id, attempts, request, body, upstreamKey, lane } = job;
		if (this.#parts.places.begin({ token, id, attempt: attempts, request, body, upstreamKey, lane }))
			this.#parts.began(job);
		else this.ended(token, { kind: 'no_place', code: 'draining' });
	}

	/** What came of an attempt. */
	ended(token: string, outcome: AttemptOutcome): void {
		const running = this.#running.get(token);
		if (running === undefined || running.reporting) {
			if (outcome.kind === 'answered' && outcome.body !== null) this.#parts.places.drop(outcome.body);
			return;
		}
		const { job } = running;
		if (outcome.kind === 'no_place' || (outcome.kind === 'failed' && !outcome.began))
			this.#resting.set(job.queue, this.#parts.nowMs() + UNREACHED_MS);
		const moment = { nowMs: this.#parts.nowMs(), random: Math.random() };
		const reading = this.#parts.submitted.read(job, outcome);
		const policy = this.#parts.policyOf(job);
		const next =
			reading?.externalId == null ? settle({ job, outcome, policy, moment, reading }) : submittedAs(reading.externalId);
		const kept = next !== 'reconcile' && 'result' in next && next.result !== null;
		if (!kept && outcome.kind === 'answered' && outcome.body !== null) this.#parts.places.drop(outcome.body);
		this.#go(job, next);
	}

	/** Whoever made these attempts is no more. */
	lost(tokens: Iterable<string>): void {
		for (const token of tokens) {
			const running = this.#running.get(token);
			if (running === undefined || running.reporting) continue;
			const { job } = running;
			job.lost = true;
			this.#go(job, settleLost(job, this.#parts.policyOf(job), this.#parts.nowMs()));
		}
	}

	/** The store tells of a change: who ended a job from outside ends its attempt. */
	changed(id: string, state: JobState): void {
		if (state === 'waiting') this.wake();
		if (!ENDED.has(state)) {
			this.#ended.delete(id);
			return;
		}
		const token = this.#tokens.get(id);
		if (token !== undefined) this.#stop(token);
		else if (this.#claiming) this.#ended.add(id);
	}

	/** The job has ended under its attempt, or belongs to another: what is under way is given up, and the slot back. */
	#stop(token: string): void {
		const running = this.#running.get(token);
		if (running === undefined || running.reporting) return;
		// What an upstream has, or may have by now, holds its slot there until it has ended.
		if (running.submitted) this.#unwanted(running);
		if (running.submitted || this.#parts.submitted.keeps(running.job)) return;
		this.#parts.places.abort(token);
		this.#report(running.job, { kind: 'cancelled' });
	}

	#unwanted(running: Running): void {
		running.unwanted = true;
		this.#parts.submitted.unwanted(running.job.token);
	}

	#report(job: ClaimedJob, kind: ReportKind): void {
		const running = this.#running.get(job.token);
		if (running !== undefined) running.reporting = true;
		this.#reports.add({ job, kind });
	}

	#told({ job, kind }: AttemptReport, of: { taken: boolean; isFirst: boolean }): void | Promise<void> {
		if (kind.kind === 'submitted' && !of.taken)
			return this.#hasEnded(job.id).then((ended) => this.#heard({ job, kind }, { ...of, held: ended }));
		this.#heard({ job, kind }, { ...of, held: kind.kind === 'submitted' });
	}

	#heard(
		{ job, kind }: AttemptReport,
		{ taken, isFirst, held }: { taken: boolean; isFirst: boolean; held: boolean },
	): void {
		const running = this.#running.get(job.token);
		if (held && running !== undefined && kind.kind === 'submitted') this.#hold(running, kind.externalId);
		else this.#forget(job);
		if (held && running !== undefined && !taken) this.#unwanted(running);
		if (taken) this.#parts.settled(job, kind);
		// Behind a call that failed it cannot be told whether a body is wanted: the sweep can.
		else if (isFirst && 'result' in kind && kind.result?.body != null) this.#parts.places.drop(kind.result.body);
	}

	#reported(reports: readonly AttemptReport[]): void {
		this.#usable();
		if (!reports.every(isPlain)) this.wake();
		if (this.running === 0) for (const idle of this.#idle.splice(0)) idle();
	}

	/** One that was cancelled goes on upstream, and in its slot. */
	async #hasEnded(id: string): Promise<boolean> {
		const job = await this.#parts.look(id);
		return job !== null && ENDED.has(job.state);
	}

	#hold(running: Running, externalId: string): void {
		running.reporting = false;
		running.job.externalId = externalId;
		if (!running.submitted) this.#held++;
		running.submitted = true;
		this.#parts.submitted.took(running.job);
	}

	#forget({ id, token }: ClaimedJob): void {
		if (this.#running.get(token)?.submitted === true) {
			this.#held--;
			this.#parts.submitted.left(token);
		}
		this.#running.delete(token);
		if (this.#tokens.get(id) === token) this.#tokens.delete(id);
	}

	/** What became of a job that an upstream has, or was asked for. */
	conclude(token: string, next: 'again' | ReportKind): void {
		const running = this.#running.get(token);
		if (running !== undefined && !running.reporting) this.#go(running.job, next);
	}

	/** How far it is; a word that is lost is no harm. */
	progressed(token: string, progress: JobProgress): void {
		const running = this.#running.get(token);
		if (running === undefined || running.reporting) return;
		const beat = { kind: 'beat', nowMs: this.#parts.nowMs(), leaseMs: LEASE_MS, progress } as const;
		this.#parts.store.report([{ token, id: running.job.id, ...beat }]).catch((error: unknown) => this.#trouble(error));
	}

	#trouble(error: unknown): void {
		this.#pausedUntilMs = this.#parts.nowMs() + BACK_OFF_MS;
		this.#failed = true;
		this.#parts.unusable(error instanceof Error ? error.message : String(error));
	}

	#usable(): void {
		if (!this.#failed) return;
		this.#failed = false;
		this.#parts.unusable('');
	}

	/** Claims nothing more; resolves when nothing is under way any more, or so many ms are over. */
	async rest(ms: number): Promise<void> {
		this.#ending = true;
		this.#active = false;
		if (this.running === 0) return;
		let late: NodeJS.Timeout | undefined;
		await Promise.race([
			new Promise<void>((resolve) => this.#idle.push(resolve)),
			new Promise<void>((resolve) => (late = setTimeout(resolve, ms))),
		]);
		clearTimeout(late);
	}

	close(): void {
		this.#active = false;
		for (const timer of this.#timers) clearInterval(timer);
	}
}

/** What is learned from a failure (that a place upstream is full) holds from the next claim on; of success there is nothing to learn. */
const isPlain = ({ kind }: AttemptReport): boolean => kind.kind === 'succeeded';

const submittedAs = (externalId: string): ReportKind & { kind: 'submitted' } => ({
	kind: 'submitted',
	leaseMs: LEASE_MS,
	externalId,
});
