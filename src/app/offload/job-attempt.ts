import type { ErrorCode } from '../../core/errors.ts';
import type { AttemptConnection, Destination, FetchParty } from '../../gateway/attempt.ts';
import { balanceKey } from '../../gateway/balance-key.ts';
import type { DataPlane } from '../../gateway/data-plane.ts';
import { Fetch } from '../../gateway/fetch.ts';
import { CacheTrack, type ResponseCache } from '../../gateway/response-cache.ts';
import type { ConcurrencyLimit, Route } from '../../gateway/route.ts';
import { writeUpstreamHead } from '../../gateway/upstream-head.ts';
import type { AttemptOrder, AttemptOutcome } from '../../jobs/attempt.ts';
import type { JobBody } from '../../jobs/job.ts';
import type { BodyScan } from '../../wire/body.ts';
import type { Framing } from '../../wire/framing.ts';
import type { Output } from '../../wire/output.ts';
import type { ResponseHead } from '../../wire/response-head.ts';
import { Timer } from '../../wire/timer-wheel.ts';
import { BodySpool } from './body-spool.ts';
import { BodyUpload } from './body-upload.ts';
import { JobImage } from './job-image.ts';
import { jobRoute } from './job-route.ts';
import type { OffloadParts } from './offload-parts.ts';
import { retryAfterMs } from './retry-after.ts';
import { bufferOf, storedAnswer } from './stored-answer.ts';

/** Who is told what came of an attempt. */
export interface AttemptEnd {
	ended(attempt: JobAttempt, outcome: AttemptOutcome): void;
}

interface KeptHead {
	head: Buffer;
	retryAfterMs: number | null;
}

/** One attempt of a job: a fetch by its route, whose answer is kept. */
export class JobAttempt extends JobImage implements FetchParty {
	readonly order: AttemptOrder;
	readonly fetch: Fetch;
	readonly copied = false;
	readonly resendable = true;
	readonly cache: CacheTrack<JobAttempt, Route> = new CacheTrack<JobAttempt, Route>();
	readonly startMs = performance.now();
	status = 0;
	failure: ErrorCode | null = null;
	broken = false;
	bytesOut = 0;
	readonly #parts: OffloadParts;
	readonly #end: AttemptEnd;
	/** Of a body that lies in a file. */
	readonly #upload: BodyUpload | null;
	readonly #timer: Timer;
	#spool: BodySpool | null = null;
	#answer: KeptHead | null = null;
	#resultMost = 0;
	#place: ConcurrencyLimit | null = null;
	/** Some of it went to an instance, which may have had its effect. */
	#sent = false;
	#over = false;

	/** @throws where what was stored cannot be read */
	constructor(plane: DataPlane, order: AttemptOrder, to: { parts: OffloadParts; end: AttemptEnd }) {
		super(plane, order.request);
		this.order = order;
		this.#parts = to.parts;
		this.#end = to.end;
		this.fetch = new Fetch(plane, this);
		this.#timer = new Timer(this);
		const { body } = order;
		this.#upload =
			body === null || 'inline' in body
				? null
				: new BodyUpload(this.fetch, body, {
						path: to.parts.files.path(body.file),
						reader: (fd) => to.parts.files.reader(body.file, fd),
						failed: (error) => this.#broken(error),
					});
	}

	/** Payload that instances were sent, as far as it counts. */
	get body(): { received: number } {
		const { body } = this.order;
		return { received: body === null ? 0 : 'file' in body ? body.bytes : body.inline.length };
	}

	/** By the job's route as it is configured now. */
	start(route: Route): void {
		const { policy, forJob, repeats } = jobRoute(route, this);
		this.route = forJob;
		this.#resultMost = policy.resultMost;
		const limit = route.service.concurrency;
		if (limit !== null && !limit.enter(route.priority.level)) {
			this.#over = true;
			this.#end.ended(this, { kind: 'no_place', code: 'overloaded' });
			return;
		}
		this.#place = limit;
		this.plane.active++;
		// What it changes, the caches must hear of (RFC 9111 §4.4).
		(route.cache as ResponseCache<JobAttempt> | null)?.passes(this);
		this.plane.wheel.set(this.#timer, forJob.timeouts.requestMs);
		this.fetch.reset();
		this.fetch.repeatable = repeats;
		const { key } = route.service;
		this.fetch.start(forJob, key === null ? 0 : balanceKey(this, key), this.startMs);
	}

	/** Nobody waits for it any more. */
	abort(): void {
		if (this.#over) return;
		this.fetch.cancel();
		this.#finish();
	}

	// What the fetch asks for.

	get bytesHeld(): number {
		return this.buffer.length + (this.order.body !== null && 'inline' in this.order.body ? this.body.received : 0);
	}

	get requestDone(): boolean {
		return this.#upload?.done ?? true;
	}

	lookAfter(): void {}

	writeRequestHead(out: Output, destination: Destination): void {
		this.#sent = true;
		writeUpstreamHead(out, this, destination);
	}

	writeRequestBody(out: Output): boolean {
		const { body } = this.order;
		if (this.#upload !== null) {
			this.#upload.write();
			return false;
		}
		if (body !== null && 'inline' in body) out.bytes(bufferOf(body.inline));
		return true;
	}

	requestDrained(): void {
		this.#upload?.drained();
	}

	// What it brings.

	interim(): void {}

	answerHead(head: ResponseHead, bytes: Uint8Array, framing: Framing): void {
		this.status = head.status;
		this.cache.watch?.answered(this, head, bytes);
		const edits = this.route?.response ?? null;
		this.#answer = {
			head: storedAnswer(head, bytes, { edits, date: this.plane.date }),
			retryAfterMs: retryAfterMs(head.fields.value(bytes, 'retry-after')),
		};
		this.#spool = new BodySpool(this.#parts.files, {
			ready: () => {
				if (!this.fetch.paused || this.#over) return;
				this.fetch.paused = false;
				this.fetch.resume();
			},
			failed: (error) => this.#broken(error),
		});
		if (framing.contentLength > this.#resultMost) this.#tooLarge();
	}

	answerBody(bytes: Uint8Array, scan: BodyScan): void {
		const spool = this.#spool;
		if (this.#over || spool === null) return;
		for (let i = 0; i < scan.rangeCount; i++)
			spool.add(bytes, scan.ranges[2 * i] as number, scan.ranges[2 * i + 1] as number);
		this.bytesOut = spool.received;
		if (spool.received > this.#resultMost) this.#tooLarge();
	}

	flushAnswer(): boolean {
		if (this.#over || this.#spool?.ready !== false) return true;
		this.fetch.paused = true;
		return false;
	}

	answerEnd(): void {
		if (this.#over) return;
		const { head, retryAfterMs: afterMs } = this.#answer as KeptHead;
		const spool = this.#spool as BodySpool;
		this.#spool = null;
		this.#finish();
		const answered = (body: JobBody | null): void =>
			this.#end.ended(this, { kind: 'answered', status: this.status, head, body, retryAfterMs: afterMs });
		const held = spool.held();
		if (held !== undefined) answered(held);
		else
			spool.finish().then(answered, (error: unknown) => {
				this.plane.report(error);
				this.#end.ended(this, { kind: 'failed', code: 'jobs_unavailable', began: true });
			});
	}

	upgraded(connection: AttemptConnection): void {
		connection.abandon();
		this.answerFailed('bad_answer');
	}

	answerFailed(code: ErrorCode): void {
		if (this.#over) return;
		this.failure = code;
		this.broken = this.status !== 0;
		// What a kept connection swallowed counts as no attempt of the fetch.
		const began = this.#sent;
		const nothing = !began && this.fetch.attempts === 0;
		this.#finish();
		if (nothing) this.#end.ended(this, { kind: 'no_place', code });
		else this.#end.ended(this, { kind: 'failed', code, began });
	}

	onTimer(): void {
		this.fetch.cancel();
		this.answerFailed('request_timeout');
	}

	#tooLarge(): void {
		this.#cut('body_too_large');
	}

	/** The disk does not take or give what it should. */
	#broken(error: unknown): void {
		if (this.#over) return;
		this.plane.report(error);
		this.#cut('jobs_unavailable');
	}

	/** From a later turn: whoever brings the answer is still at it. */
	#cut(code: ErrorCode): void {
		setImmediate(() => {
			if (this.#over) return;
			this.fetch.cancel();
			this.answerFailed(code);
		});
	}

	#finish(): void {
		this.#over = true;
		const { plane } = this;
		plane.active--;
		plane.wheel.remove(this.#timer);
		this.#upload?.close();
		this.#spool?.discard();
		this.#spool = null;
		this.#place?.leave();
		this.#place = null;
		plane.recorder.request(this, (performance.now() - this.startMs) * 1000);
	}
}
