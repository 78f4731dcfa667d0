import { createHash, type Hash } from 'node:crypto';
import { BallastError, ERRORS, type ErrorCode } from '../../core/errors.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { BodyIntake } from '../../gateway/body-intake.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { type Problem, problemOf } from '../../gateway/problem.ts';
import { later, newJob } from '../../jobs/as-handed-in.ts';
import { ENDED, type Job, type JobBody, type JobSpend, type NewJob } from '../../jobs/job.ts';
import { newJobId } from '../../jobs/job-id.ts';
import type { HoldPolicy, OffloadPolicy } from '../../jobs/offload-policy.ts';
import { jobSpend } from '../../jobs/spend/job-spend.ts';
import { turnOfHost } from '../../jobs/webhooks/turn-of-host.ts';
import { type Told, writeNotify } from '../../jobs/webhooks/webhook-message.ts';
import { hostOf } from '../../jobs/webhooks/webhook-rules.ts';
import type { BodyScan } from '../../wire/body.ts';
import type { Added } from '../jobs-messages.ts';
import { BodySpool } from './body-spool.ts';
import { giveAnswer, giveResult } from './give-result.ts';
import { askAgainS, jobView } from './job-view.ts';
import type { Wait } from './jobs-client.ts';
import { LaterTurns } from './later-turns.ts';
import type { OffloadParts } from './offload-parts.ts';
import { spendProblem } from './spend-problem.ts';
import { storeRequest } from './stored-request.ts';
import { type Taken, untilTaken, withdraw } from './until-taken.ts';

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
	/** It did not ask for a job, and is answered as the API would; null: it did. */
	hold: HoldPolicy | null;
	/** The client said `respond-async`. */
	asked: boolean;
	/** Who is told of its end; null: nobody. */
	webhook: Told | null;
	/** How long from now the job may take; 0: as the policy says. */
	cancelMs: number;
}

/** A client names by it who is told of its job's end. */
export const WEBHOOK_FIELD = 'webhook-url';

/** How long a job that has begun may take until the API has it, where nothing says so, ms. */
const BEGUN_MS = 120_000;
const FULL_LINES = 'Retry-After: 30\r\n';
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/** A request on its way to be a job: its body is stored, then the job; only then is it answered. */
export class OffloadedRequest implements AnswerSource, BodyIntake {
	readonly #exchange: Exchange;
	readonly #later: LaterTurns;
	readonly #parts: OffloadParts;
	readonly #wanted: Wanted;
	readonly #spool: BodySpool;
	/** Of what its key stands for; null: it has none. */
	readonly #fingerprint: Hash | null;
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
	/** The job that goes with its client, should that leave before its turn; '': none. */
	#bound = '';

	constructor(exchange: Exchange, parts: OffloadParts, wanted: Wanted) {
		this.#exchange = exchange;
		this.#later = new LaterTurns(exchange);
		this.#parts = parts;
		this.#wanted = wanted;
		this.#fingerprint = wanted.record === '' ? null : createHash('sha256');
		this.#spool = new BodySpool(parts.files, {
			ready: () => this.#later.run(() => exchange.client.upstreamDrained()),
			failed: (error) => this.#later.run(() => this.#failed(error)),
		});
	}

	begin(): void {
		const exchange = this.#exchange;
		this.#parts.storing++;
		exchange.source = this;
		if (this.#fingerprint !== null) this.#beginFingerprint(this.#fingerprint);
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

	#beginFingerprint(hash: Hash): void {
		const exchange = this.#exchange;
		const { buffer, method, targetStart, targetEnd } = exchange;
		const type = exchange.field('content-type') ?? '';
		hash.update(`${method} ${buffer.toString('latin1', targetStart, targetEnd)}\n${type}\n`);
		const { webhook } = this.#wanted;
		if (webhook?.asked === true) hash.update(`${webhook.url}\n`);
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
			this.#fingerprint?.update(source.subarray(start, end));
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
		const held = this.#spool.held();
		if (held !== undefined) {
			this.#store(request, held, upstreamKey);
			return;
		}
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

	#store(request: Uint8Array, body: JobBody | null, upstreamKey: string | null): void {
		if (this.#later.over) return;
		const job = this.#newJob(request, body, upstreamKey);
		this.#parts.jobs.add(job, this.#wanted.policy.limits.waiting, {
			resolve: (added) => this.#added(job, added),
			reject: (error) => {
				// Of any other failure it cannot be told whether the job was stored all the same; what nothing names is swept.
				if (error instanceof BallastError && error.code === 'jobs_full') this.#unwanted(job);
				this.#later.run(() => this.#failed(error));
			},
		});
	}

	#unwanted({ body }: NewJob): void {
		if (body !== null && 'file' in body) void this.#parts.files.remove([body.file]).catch(() => {});
	}

	#added(handed: NewJob, added: Added): void {
		// The jobs thread has given the key back.
		this.#reserved = false;
		if (added.kind !== 'added') this.#unwanted(handed);
		this.#settled();
		const { hold, record } = this.#wanted;
		if (this.#later.over) {
			// It left while its job was being stored.
			if (hold !== null && record === '' && added.kind === 'added')
				void withdraw(this.#parts.jobs, handed.id).catch(() => {});
			return;
		}
		if (added.kind === 'mismatch') {
			this.#later.run(() => this.#refuse('idempotency_key_reused'));
			return;
		}
		if (added.kind === 'over_spend') {
			this.#later.run(() => this.#refuseSpend(added.key));
			return;
		}
		const job = added.kind === 'added' ? newJob(later(handed, added.shiftMs)) : added.job;
		if (hold !== null && job !== null) void this.#untilTaken(job, hold);
		else if (job === null || this.#wanted.waitS === 0) this.#later.run(() => this.#answer(job));
		else
			this.#held(job)
				.then((held) => this.#later.run(() => this.#answer(held)))
				.catch((error: unknown) => this.#later.run(() => this.#failed(error)));
	}

	#refuseSpend(key: string): void {
		const { policy } = this.#wanted;
		if (policy.spend === null || this.#spend === null) return this.#refuse('internal');
		const { code, problem } = spendProblem(policy.spend, { spend: this.#spend, key, nowMs: Date.now() });
		this.#refuse(code, problem);
	}

	#newJob(request: Uint8Array, body: JobBody | null, upstreamKey: string | null): NewJob {
		const { policy, owner, group, tenant, record, cancelMs, webhook, hold } = this.#wanted;
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
			...(webhook === null ? {} : { notifyLane: turnOfHost(hostOf(new URL(webhook.url))) }),
			lane: hold?.lane ?? '',
			...(this.#spend === null ? {} : { spend: this.#spend }),
			idempotency:
				this.#fingerprint === null
					? null
					: {
							key: record,
							fingerprint: this.#fingerprint.digest('base64url'),
							untilMs: createdMs + policy.idempotencyMs,
						},
		};
	}

	/** The job at its end, if it has one within what the client said. */
	async #held(job: Job): Promise<Job | null> {
		const ms = this.#wanted.waitS * 1000;
		// It is stored whatever becomes of the thread that knows how it gets on.
		if (!ENDED.has(job.state)) this.#waiting = this.#parts.jobs.wait(job.id, { version: -1, ended: true, ms });
		const last = (await this.#waiting?.job.catch(() => null)) ?? job;
		// What is known of one that has ended is all but its result.
		return ENDED.has(last.state) ? this.#parts.jobs.ask('get', last.id) : last;
	}

	/** Its client did not ask for a job: it is answered once the API has taken that. */
	async #untilTaken(job: Job, hold: HoldPolicy): Promise<void> {
		const { policy, record } = this.#wanted;
		const keyed = record !== '';
		if (!keyed) this.#bound = job.id;
		const waits = (wait: Wait): void => {
			this.#waiting = wait;
			if (this.#later.over) wait.stop();
		};
		const patience = { hold, keyed, begunMs: policy.timeLimitMs || BEGUN_MS, waits };
		// The job is stored whatever becomes of the thread that knows how it gets on.
		const taken = await untilTaken(this.#parts.jobs, job, patience).catch((): Taken => ({ kind: 'going', job }));
		this.#bound = '';
		this.#later.run(() => this.#answerTaken(taken));
	}

	#answerTaken(taken: Taken): void {
		if (taken.kind === 'full') this.#refuse('upstream_full', problemOf('upstream_full', FULL_LINES));
		else if (taken.kind === 'going') this.#accept(taken.job);
		else {
			this.#end();
			const { path, files } = this.#parts;
			if (taken.kind === 'taken') giveAnswer(this.#exchange, { ...taken.answer, of: taken.job, path });
			else giveResult(this.#exchange, taken.job, files);
		}
	}

	#answer(job: Job | null): void {
		if (job === null) this.#refuse('job_not_found');
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

	/** The client has left. What is with the store by now becomes a job; one that it did not ask for only if it has begun. */
	cancel(): void {
		this.#waiting?.stop();
		if (this.#later.over) return;
		this.#end();
		if (this.#bound !== '') void withdraw(this.#parts.jobs, this.#bound).catch(() => {});
	}
}
