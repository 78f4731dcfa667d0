import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnswerReading, AttemptOrder, AttemptOutcome } from '../attempt.ts';
import { attemptPolicy } from '../attempt-policy.ts';
import { openEmbeddedJobStore } from '../embedded/embedded-job-store.ts';
import type { SubmittedJobs } from '../external/submitted-jobs.ts';
import type { Job, JobBody, NewJob } from '../job.ts';
import type { ClaimedJob, JobStore } from '../job-store.ts';
import { OFFLOAD } from '../offload-policy.ts';
import { type AttemptPlaces, JobRunner } from '../runner.ts';
import { sampleJob } from './sample-job.ts';

export const nowMs = (): number => performance.timeOrigin + performance.now();
export const OK: Extract<AttemptOutcome, { kind: 'answered' }> = {
	kind: 'answered',
	status: 200,
	head: new Uint8Array([1]),
	body: null,
	retryAfterMs: null,
};

/** Makes no attempt by itself: the test says what comes of each. */
export class Places implements AttemptPlaces {
	readonly orders: AttemptOrder[] = [];
	readonly aborted: string[] = [];
	readonly dropped: JobBody[] = [];
	most = 100;

	room(): number {
		return this.most;
	}

	begin(order: AttemptOrder): boolean {
		this.orders.push(order);
		return true;
	}

	abort(token: string): void {
		this.aborted.push(token);
	}

	drop(body: JobBody): void {
		this.dropped.push(body);
	}
}

/** An upstream that takes what `reading` says, and ends nothing by itself. */
export class Upstream implements SubmittedJobs {
	reading: AnswerReading | null = null;
	readonly taking: ClaimedJob[] = [];
	readonly leaving: string[] = [];
	readonly unwantedOnes: string[] = [];
	readonly reconciled: ClaimedJob[] = [];

	keeps(): boolean {
		return this.reading !== null;
	}

	read(): AnswerReading | null {
		return this.reading;
	}

	took(job: ClaimedJob): void {
		this.taking.push({ ...job });
	}

	reconcile(job: ClaimedJob): void {
		this.reconciled.push(job);
	}

	unwanted(token: string): void {
		this.unwantedOnes.push(token);
	}

	left(token: string): void {
		this.leaving.push(token);
	}

	async taken(n: number): Promise<ClaimedJob> {
		while (this.taking.length <= n) await sleep(2);
		return this.taking[n] as ClaimedJob;
	}
}

export const TAKEN: AnswerReading = { externalId: 'v1', nameless: false, code: null, message: null, retried: null };

/** A runner over a store of its own, and what tests of it say often. */
export class RunnerStage implements AsyncDisposable {
	readonly folder: string = mkdtempSync(join(tmpdir(), 'ballast-runner-'));
	readonly places: Places = new Places();
	readonly upstream: Upstream = new Upstream();
	readonly store: JobStore;
	readonly runner: JobRunner;
	readonly unusable: string[] = [];
	concurrency = 4;
	/** What each call of the store meets first. */
	trouble: (() => void) | null = null;
	/** What each report meets once it is stored. */
	afterwards: (() => void) | null = null;
	keyLifeMs: number | null = null;
	/** What each claim meets before who made it hears of it. */
	claimed: ((jobs: readonly ClaimedJob[]) => Promise<void>) | null = null;
	/** How far the runner's clock is ahead of the store's last word. */
	skippedMs = 0;
	/** Groups whose jobs have no policy. */
	unreadable: ReadonlySet<string> = new Set();

	constructor() {
		this.store = openEmbeddedJobStore({
			path: join(this.folder, 'jobs.db'),
			changed: ({ id, state }) => this.runner.changed(id, state),
		});
		this.runner = this.run('first');
		this.runner.active = true;
	}

	run(holder: string, gone: readonly string[] = []): JobRunner {
		const { store } = this;
		const troubled = new Proxy(store, {
			get: (of, name: keyof JobStore) => {
				if (name === 'report')
					return async (...args: Parameters<JobStore['report']>) => {
						this.trouble?.();
						const taken = await of.report(...args);
						this.afterwards?.();
						return taken;
					};
				if (name === 'claim')
					return async (...args: Parameters<JobStore['claim']>) => {
						const jobs = await of.claim(...args);
						await this.claimed?.(jobs);
						return jobs;
					};
				return (of[name] as (...args: unknown[]) => unknown).bind(of);
			},
		});
		return new JobRunner({
			store: troubled,
			look: (id) => store.get(id),
			places: this.places,
			submitted: this.upstream,
			holder,
			gone,
			rooms: () => [
				{ name: 'q', concurrency: this.concurrency, rate: null, group: { concurrency: 0, rate: null }, lanes: [] },
			],
			policyOf: ({ group }) => {
				if (this.unreadable.has(group)) throw new Error('it is not what was stored');
				const upstreamKey = this.keyLifeMs === null ? null : { header: 'k', lifeMs: this.keyLifeMs };
				return attemptPolicy({ ...OFFLOAD, upstreamKey }, { idempotent: false, attemptMs: 0 });
			},
			settled: () => {},
			began: () => {},
			unusable: (why) => this.unusable.push(why),
			nowMs: () => nowMs() + this.skippedMs,
		});
	}

	async add(of: Partial<NewJob> = {}): Promise<string> {
		const id = randomBytes(16).toString('base64url');
		const job = sampleJob(nowMs(), { id, upstreamKey: this.keyLifeMs === null ? '' : id, ...of });
		await this.store.add([job]);
		this.runner.wake();
		return id;
	}

	/** The order of the nth attempt, once it was given. */
	async order(n: number): Promise<AttemptOrder> {
		while (this.places.orders.length <= n) await sleep(2);
		return this.places.orders[n] as AttemptOrder;
	}

	async until(id: string, state: Job['state']): Promise<Job> {
		for (;;) {
			const job = await this.store.get(id);
			if (job?.state === state) return job;
			await sleep(2);
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.runner.close();
		await this.store.close();
		rmSync(this.folder, { recursive: true });
	}
}
