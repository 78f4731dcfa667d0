import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { decideLost, type LostDecision } from '../decide-lost.ts';
import { decideRetry, type RetryPolicy } from '../decide-retry.ts';
import { ENDED, type JobError } from '../job.ts';
import type { ClaimedJob, JobChanged, JobStore, ReportKind } from '../job-store.ts';
import type { WorkerSettings } from './job-options.ts';
import { readValue, writeValue } from './job-value.ts';
import { steadyNow } from './steady-clock.ts';

/** Thrown by a handler: no further attempt is of use. */
export class JobFailed extends Error {
	override readonly name = 'JobFailed';
}

/** A job in the hands of its handler. */
export interface WorkedJob<T> {
	id: string;
	payload: T;
	/** From 1. */
	attempt: number;
	group: string;
	/** Ends it early: cancelled, expired, out of time, or another has it. What the handler then gives is not kept. */
	signal: AbortSignal;
	/** @param percent 0 to 100; null: not known */
	progress(percent: number | null, text?: string): void;
}

/** Gives the result, which JSON can hold; what it throws is another attempt, as long as there are any. */
export type Handler<T> = (job: WorkedJob<T>) => unknown;

/** Whoever died is missed after this, ms. */
const LEASE_MS = 30_000;
const BEAT_MS = 10_000;
/** Other processes' jobs, and those whose time has come, are looked for so often, ms. */
const LOOK_MS = 200;
const JITTER = 0.25;

/** One that nobody else has. */
export const holderName = (): string => `${hostname()}/${process.pid}/${randomBytes(6).toString('base64url')}`;

interface Running {
	job: ClaimedJob;
	abort: AbortController;
	progress: { percent: number | null; text: string } | undefined;
}

/** Claims jobs of one queue while it has hands free, and reports what came of them. */
export class JobWorker<T> {
	readonly #store: JobStore;
	readonly #of: { queue: string; handle: Handler<T>; settings: WorkerSettings };
	readonly #holder = holderName();
	readonly #running = new Map<string, Running>();
	readonly #timers: NodeJS.Timeout[];
	/** Jobs that were told to have ended while a claim is under way, which may hand them out: it was made before. */
	readonly #ended = new Set<string>();
	#claiming: Promise<void> | null = null;
	#closing = false;
	#idle = Promise.withResolvers<void>();

	constructor(store: JobStore, of: { queue: string; handle: Handler<T>; settings: WorkerSettings }) {
		this.#store = store;
		this.#of = of;
		// A process with nothing else to do goes on for its workers.
		this.#timers = [setInterval(() => this.#look(), LOOK_MS), setInterval(() => this.#beat(), BEAT_MS)];
		this.#look();
	}

	/** For `openEmbeddedJobStore`. */
	readonly changed: JobChanged = ({ id, state }) => {
		if (state === 'waiting') setImmediate(() => this.#look());
		if (!ENDED.has(state)) this.#ended.delete(id);
		else if (this.#running.has(id)) this.#running.get(id)?.abort.abort(new Error(`the job is ${state}`));
		else if (this.#claiming !== null) this.#ended.add(id);
	};

	/** Begins nothing more, and waits for what it has begun. */
	async close(): Promise<void> {
		this.#closing = true;
		clearInterval(this.#timers[0]);
		await this.#claiming;
		if (this.#running.size > 0) await this.#idle.promise;
		clearInterval(this.#timers[1]);
	}

	#look(): void {
		const { concurrency } = this.#of.settings;
		if (this.#closing || this.#claiming !== null || this.#running.size >= concurrency) return;
		this.#claiming = this.#claim(concurrency - this.#running.size)
			// What cannot be had now is asked for again soon.
			.catch(() => 0)
			.then((count) => {
				this.#claiming = null;
				this.#ended.clear();
				if (count > 0) this.#look();
			});
	}

	async #claim(most: number): Promise<number> {
		const { queue, settings } = this.#of;
		const { concurrency, perGroup, rate } = settings;
		const room = { name: queue, concurrency, rate, group: { concurrency: perGroup, rate: null }, lanes: [] };
		const claim = { holder: this.#holder, leaseMs: LEASE_MS, most, nowMs: steadyNow(), queues: [room] };
		const jobs = await this.#store.claim(claim);
		for (const job of jobs) void this.#take(job);
		return jobs.length;
	}

	async #take(job: ClaimedJob): Promise<void> {
		const running: Running = { job, abort: new AbortController(), progress: undefined };
		this.#running.set(job.id, running);
		try {
			const lost = job.lost ? decideLost(job, this.#policy(), steadyNow()) : null;
			if (this.#ended.has(job.id)) await this.#report(job, { kind: 'cancelled' });
			else if (lost !== null) await this.#report(job, lostReport(job, lost));
			else await this.#report(job, await this.#run(running));
		} catch {
			// It could not be stored: the lease ends, and the job is lost to another.
		} finally {
			this.#running.delete(job.id);
			if (this.#running.size === 0) {
				this.#idle.resolve();
				this.#idle = Promise.withResolvers();
			}
			this.#look();
		}
	}

	async #run(running: Running): Promise<ReportKind> {
		const { job, abort } = running;
		const { timeLimitMs } = this.#of.settings;
		const { promise: late, reject } = Promise.withResolvers<never>();
		const limit = setTimeout(() => {
			const error = new Error(`the attempt took over ${timeLimitMs} ms`);
			abort.abort(error);
			reject(error);
		}, timeLimitMs);
		try {
			// One that is cancelled keeps its slot until its handler has stopped.
			const value = await Promise.race([late, (async () => this.#of.handle(this.#workedJob(running)))()]);
			return succeeded(value);
		} catch (error) {
			return this.#failed(job, error);
		} finally {
			clearTimeout(limit);
		}
	}

	#workedJob(running: Running): WorkedJob<T> {
		const { job, abort } = running;
		return {
			id: job.id,
			payload: readValue(job.request) as T,
			attempt: job.attempts,
			group: job.group,
			signal: abort.signal,
			progress: (percent, text = '') => {
				const isFirst = running.progress === undefined;
				running.progress = { percent, text: String(text).slice(0, 500) };
				// Many in one turn are one.
				if (isFirst) setImmediate(() => this.#beatOne(running));
			},
		};
	}

	#failed(job: ClaimedJob, thrown: unknown): ReportKind {
		const error: JobError = { code: 'handler_failed', message: messageOf(thrown), status: null };
		if (thrown instanceof JobFailed) return { kind: 'failed', error, result: null };
		const moment = { nowMs: steadyNow(), random: Math.random() };
		const decision = decideRetry(job, { kind: 'broken' }, { policy: { ...this.#policy(), idempotent: true }, moment });
		if (decision.do !== 'retry') return { kind: 'failed', error, result: null };
		const { atMs, counted, keepsLane } = decision;
		return { kind: 'retry', atMs, error, counted, keepsLane };
	}

	#policy(): RetryPolicy {
		const { repeatsLost, timeLimitMs, pauseMs, longestPauseMs } = this.#of.settings;
		return {
			idempotent: repeatsLost,
			keyLifeMs: null,
			attemptMostMs: timeLimitMs,
			repeatsUnkeyed: false,
			canReconcile: false,
			firstPauseMs: pauseMs,
			longestPauseMs,
			jitter: JITTER,
			statuses: new Set(),
			retryAfterMostMs: 0,
			countsRefusals: true,
		};
	}

	#beat(): void {
		for (const running of this.#running.values()) this.#beatOne(running);
	}

	#beatOne(running: Running): void {
		const { job, abort, progress } = running;
		running.progress = undefined;
		this.#report(job, { kind: 'beat', leaseMs: LEASE_MS, ...(progress === undefined ? {} : { progress }) }).then(
			(isOurs) => {
				if (!isOurs && this.#running.get(job.id) === running)
					abort.abort(new Error('the job is another’s, or has ended'));
			},
			() => {},
		);
	}

	async #report({ id, token }: ClaimedJob, what: ReportKind): Promise<boolean> {
		const [taken] = await this.#store.report([{ id, token, nowMs: steadyNow(), ...what }]);
		return taken === true;
	}
}

/** A repeat is another attempt: a job that takes its workers down ends as a dead letter. */
function lostReport(job: ClaimedJob, { do: what, reason }: LostDecision): ReportKind {
	const error: JobError = { code: 'worker_lost', message: `its worker went in its midst; ${reason}`, status: null };
	if (what === 'again') return { kind: 'retry', atMs: job.runAtMs, error, counted: true, keepsLane: true };
	return what === 'fail' ? { kind: 'failed', error, result: null } : { kind: 'parked', error };
}

/** It was done: once more would be twice, whatever JSON makes of what it gave. */
function succeeded(value: unknown): ReportKind {
	try {
		return { kind: 'succeeded', result: { head: writeValue('result', value), body: null } };
	} catch (error) {
		throw new JobFailed(messageOf(error));
	}
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
