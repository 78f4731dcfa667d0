import { createHash, type Hash } from 'node:crypto';
import { BallastError, ERRORS, type ErrorCode } from '../../core/errors.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { BodyIntake } from '../../gateway/body-intake.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { type Problem, problemOf } from '../../gateway/problem.ts';
import { ENDED, type Job, type JobBody, type JobSpend, type NewJob } from '../../jobs/job.ts';
import { newJobId } from '../../jobs/job-id.ts';
import type { AddOutcome } from '../../jobs/job-store.ts';
import type { OffloadPolicy } from '../../jobs/offload-policy.ts';
import { jobSpend } from '../../jobs/spend/job-spend.ts';
import { type Told, writeNotify } from '../../jobs/webhooks/webhook-message.ts';
import { hostOf } from '../../jobs/webhooks/webhook-rules.ts';
import type { BodyScan } from '../../wire/body.ts';
import { BodySpool } from './body-spool.ts';
import { giveResult } from './give-result.ts';
import { askAgainS, jobView } from './job-view.ts';
import type { Wait } from './jobs-client.ts';
import { LaterTurns } from './later-turns.ts';
import type { OffloadParts } from './offload-parts.ts';
import { spendProblem } from './spend-problem.ts';
import { storeRequest } from './stored-request.ts';

/** What a request says of the job that it is to become. */
export interface Wanted {
	policy: OffloadPolicy;
	owner: string;
	group: string;
	/** Whose money it costs. */
	tenant: string;
	/** The client's idempotency key; '': none. */
	key: string;
	/** What the key is known by; '': there is none. */
	record: string;
	/** How long the answer is held for the result, s. */
	waitS: number;
	/** The client said `respond-async`. */
	asked: boolean;
	/** Who is told of its end; null: nobody. */
	webhook: Told | null;
	/** How long from now the job may take; 0: as the policy says. */
	cancelMs: number;
}

/** A client names by it who is told of its job's end. */
export const WEBHOOK_FIELD = 'webhook-url';

const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/** A request on its way to be a job: its body is stored, then the job; only then is it answered. */
export class OffloadedRequest implements AnswerSource, BodyIntake {
	readonly #exchange: Exchange;
	readonly #later: LaterTurns;
	readonly #parts: OffloadParts;
	readonly #wanted: Wanted;
	readonly #spool: BodySpool;
	readonly #fingerprint: Hash = createHash('sha256');
	/** Of the job that it may become. */
	readonly #id = newJobId(Date.now());
	/** What it is taken to cost; null: nothing is counted. */
	#spend: JobSpend | null = null;
	/** The key is reserved while the body comes. */
	#reserved = false;
	/** For the job's end; null: it is not waited for. */
	#waiting: Wait | null = null;
	/** Its body is stored, or was given up. */
	#stored = false;

	constructor(exchange: Exchange, parts: OffloadParts, wanted: Wanted) {
		this.#exchange = exchange;
		this.#later = new LaterTurns(exchange);
		this.#parts = parts;
		this.#wanted = wanted;
		this.#spool = new BodySpool(parts.files, {
			ready: () => this.#later.run(() => exchange.client.upstreamDrained()),
			failed: (error) => this.#later.run(() => this.#failed(error)),
		});
	}

	begin(): void {
		const exchange = this.#exchange;
		const { buffer, method, targetStart, targetEnd } = exchange;
		this.#parts.storing++;
		exchange.source = this;
		const type = exchange.field('content-type') ?? '';
		this.#fingerprint.update(`${method} ${buffer.toString('latin1', targetStart, targetEnd)}\n${type}\n`);
		if (this.#wanted.webhook?.asked === true) this.#fingerprint.update(`${this.#wanted.webhook.url}\n`);
		if (exchange.body.done) {
			this.#whole();
			return;
		}
		exchange.intake = this;
		if (this.#wanted.record !== '') this.#reserve();
		if (exchange.framing.expectAt < 0 || exchange.head.minor === 0) return;
		exchange.plane.out.bytes(CONTINUE);
		exchange.plane.out.flush(exchange.client.transport);
	}

	/** Another request with the same key may be on its way here, too. */
	#reserve(): void {
		const { jobs } = this.#parts;
		const { record } = this.#wanted;
		this.#reserved = true;
		jobs.ask('reserve', record, this.#id).then(
			(free) => {
				if (free) return;
				this.#reserved = false;
				this.#later.run(() => this.#refuse('idempotency_in_flight'));
			},
			(error) => this.#later.run(() => this.#failed(error)),
		);
	}

	#release(): void {
		if (!this.#reserved) return;
		this.#reserved = false;
		void this.#parts.jobs.ask('release', this.#wanted.record, this.#id).catch(() => {});
	}

	// Its body.

	get ready(): boolean {
		return this.#spool.ready;
	}

	take(source: Uint8Array, scan: BodyScan): void {
		if (this.#later.over) return;
		if (scan.received > this.#wanted.policy.bodyMost) {
			this.#refuse('body_too_large');
			return;
		}
		for (let i = 0; i < scan.rangeCount; i++) {
			const [start, end] = [scan.ranges[2 * i] as number, scan.ranges[2 * i + 1] as number];
			if (this.#wanted.record !== '') this.#fingerprint.update(source.subarray(start, end));
			this.#spool.add(source, start, end);
		}
		if (scan.done) this.#whole();
	}

	#whole(): void {
		const exchange = this.#exchange;
		const { contentLength, chunked } = exchange.framing;
		const bytes = chunked || contentLength >= 0 ? this.#spool.received : -1;
		const request = storeRequest(exchange, bytes, this.#wanted.policy.webhook?.asked === true ? WEBHOOK_FIELD : '');
		const upstreamKey = this.#upstreamKey();
		// From here on it waits for us; how long a job may take is no matter of this request.
		exchange.client.arm(0, exchange.route?.timeouts.streamIdleMs ?? 0);
		this.#spool
			.finish()
			.then((body) => this.#store(request, body, upstreamKey))
			.catch((error: unknown) => this.#later.run(() => this.#failed(error)));
	}

	/** The client's own key where whose it is can be told upstream, too; otherwise two owners' keys might meet there. */
	#upstreamKey(): string | null {
		const { policy, key } = this.#wanted;
		if (policy.upstreamKey === null) return '';
		const removed = this.#exchange.route?.request?.removed;
		return key !== '' && !policy.owner.some((name) => removed?.has(name)) ? key : null;
	}

	async #store(request: Uint8Array, body: JobBody | null, upstreamKey: string | null): Promise<void> {
		if (this.#later.over) return;
		const job = this.#newJob(request, body, upstreamKey);
		const outcome = await this.#add(job);
		this.#settled();
		if (this.#later.over) return;
		const held = await this.#hold(outcome).then((job) => this.#withResult(job));
		this.#later.run(() => this.#answer(outcome, held));
	}

	async #add(job: NewJob): Promise<AddOutcome> {
		const unwanted = (): void => {
			if (job.body !== null && 'file' in job.body) void this.#parts.files.remove([job.body.file]).catch(() => {});
		};
		try {
			const outcome = await this.#parts.jobs.ask('add', job, this.#wanted.policy.limits.waiting);
			// The jobs thread has given the key back.
			this.#reserved = false;
			if (outcome.kind !== 'added') unwanted();
			return outcome;
		} catch (error) {
			// Of any other failure it cannot be told whether the job was stored all the same; what nothing names is swept.
			if (error instanceof BallastError && error.code === 'jobs_full') unwanted();
			throw error;
		}
	}

	#refuseSpend(key: string): void {
		const { policy } = this.#wanted;
		if (policy.spend === null || this.#spend === null) return this.#refuse('internal');
		const { code, problem } = spendProblem(policy.spend, { spend: this.#spend, key, nowMs: Date.now() });
		this.#refuse(code, problem);
	}

	#newJob(request: Uint8Array, body: JobBody | null, upstreamKey: string | null): NewJob {
		const { policy, owner, group, tenant, record, cancelMs, webhook } = this.#wanted;
		const createdMs = Date.now();
		const service = this.#exchange.route?.service.name ?? '';
		this.#spend = policy.spend === null ? null : jobSpend(policy.spend, { service, tenant, body, nowMs: createdMs });
		const most = [cancelMs, policy.expiresMs].filter((ms) => ms > 0);
		return {
			id: this.#id,
			queue: policy.queue,
			group,
			owner,
			priority: policy.priority,
			createdMs,
			runAtMs: createdMs,
			deadlineMs: most.length === 0 ? null : createdMs + Math.min(...most),
			keepMs: policy.keepMs,
			attemptsMost: policy.retry.attempts,
			request,
			body,
			upstreamKey: upstreamKey ?? this.#id,
			notify: webhook === null ? null : writeNotify(webhook),
			notifyLane: webhook === null ? '' : hostOf(new URL(webhook.url)),
			...(this.#spend === null ? {} : { spend: this.#spend }),
			idempotency:
				record === ''
					? null
					: {
							key: record,
							fingerprint: this.#fingerprint.digest('base64url'),
							untilMs: createdMs + policy.idempotencyMs,
						},
		};
	}

	/** Waits for the job's end, for as long as the client said. */
	#hold(outcome: AddOutcome): Promise<Job | null> {
		const job = 'job' in outcome ? outcome.job : null;
		const { waitS } = this.#wanted;
		if (job === null || waitS === 0 || ENDED.has(job.state)) return Promise.resolve(job);
		this.#waiting = this.#parts.jobs.wait(job.id, { version: -1, ended: true, ms: waitS * 1000 });
		// The job is stored whatever becomes of the thread that knows how it gets on.
		return this.#waiting.job.then((last) => last ?? job).catch(() => job);
	}

	/** Of one whose result is the answer. */
	#withResult(job: Job | null): Promise<Job | null> {
		const isAnswer = job !== null && this.#wanted.waitS > 0 && ENDED.has(job.state);
		return isAnswer ? this.#parts.jobs.ask('get', job.id) : Promise.resolve(job);
	}

	#answer(outcome: AddOutcome, job: Job | null): void {
		if (outcome.kind === 'mismatch') this.#refuse('idempotency_key_reused');
		else if (outcome.kind === 'over_spend') this.#refuseSpend(outcome.key);
		else if (job === null) this.#refuse('job_not_found');
		else if (this.#wanted.waitS > 0 && ENDED.has(job.state)) {
			this.#end();
			giveResult(this.#exchange, job, this.#parts.files);
		} else this.#accept(job);
	}

	/** RFC 9110 §15.3.3, RFC 7240 §4.1. */
	#accept(job: Job): void {
		this.#end();
		const { waitS, asked } = this.#wanted;
		const { path } = this.#parts;
		const body = Buffer.from(`${JSON.stringify(jobView(job, path))}\n`);
		const applied = [...(asked ? ['respond-async'] : []), ...(waitS > 0 ? [`wait=${waitS}`] : [])].join(', ');
		const head =
			`HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n` +
			`Cache-Control: no-store\r\nLocation: ${path}/${job.id}\r\nRetry-After: ${askAgainS(job, Date.now()) || 1}\r\n` +
			(applied === '' ? '' : `Preference-Applied: ${applied}\r\n`);
		this.#exchange.answerLocally(202, Buffer.from(head, 'latin1'), body);
	}

	#failed(error: unknown): void {
		if (this.#later.over) return;
		// What is no answer is of the disk, and told by the jobs thread.
		const known = error instanceof BallastError && ERRORS[error.code].status > 0;
		if (!(error instanceof BallastError)) this.#exchange.plane.report(error);
		this.#refuse(known ? error.code : 'jobs_unavailable');
	}

	#refuse(code: ErrorCode, problem: Problem = problemOf(code)): void {
		if (this.#later.over) return;
		this.#end();
		const exchange = this.#exchange;
		exchange.failure = code;
		exchange.answerProblem(problem);
	}

	/** Nothing of it is being stored any more. */
	#settled(): void {
		if (this.#stored) return;
		this.#stored = true;
		this.#parts.storing--;
		this.#release();
	}

	/** The exchange is let go of. */
	#end(): void {
		this.#later.over = true;
		if (!this.#stored) this.#spool.discard();
		this.#settled();
		this.#exchange.source = null;
		this.#exchange.intake = null;
	}

	// Its client.

	resume(): void {}

	/** The client has left. What is with the store by now becomes a job; nothing else is kept. */
	cancel(): void {
		this.#waiting?.stop();
		if (!this.#later.over) this.#end();
	}
}
