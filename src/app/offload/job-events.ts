import type { AnswerSource } from '../../gateway/answer-source.ts';
import { crash } from '../../gateway/crash.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { ENDED, type Job } from '../../jobs/job.ts';
import { jobView } from './job-view.ts';
import type { Wait } from './jobs-client.ts';
import type { OffloadParts } from './offload-parts.ts';
import { tenantOf } from './stream-room.ts';

/** Silence after which a comment is sent, so that nobody on the way gives the connection up, ms. */
const SILENCE_MS = 15_000;

const HEAD = Buffer.from(
	'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n',
);
/** Who is answered sooner than this although nothing is new is one too many, ms. */
const SOON_MS = 1000;

const COMMENT = Buffer.from(':\n\n');

/** Tells a client of each change of a job until it has ended (server-sent events). */
export class JobEvents implements AnswerSource {
	readonly #exchange: Exchange;
	readonly #parts: OffloadParts;
	#job: Job;
	readonly #tenant: string;
	#seen: number;
	#blocked = false;
	/** null: nothing is waited for. */
	#asking: Wait | null = null;
	#askedMs = 0;
	#over = false;

	/** false: there may not be one more, of its tenant or of all. */
	static open(exchange: Exchange, parts: OffloadParts, job: Job): boolean {
		const tenant = tenantOf(job, exchange);
		if (!parts.streams.enter(tenant, parts.streamsMost)) return false;
		new JobEvents(exchange, parts, job, tenant).#begin();
		return true;
	}

	private constructor(exchange: Exchange, parts: OffloadParts, ...[job, tenant]: [Job, string]) {
		this.#exchange = exchange;
		this.#tenant = tenant;
		this.#parts = parts;
		this.#job = job;
		const last = exchange.field('last-event-id') ?? '';
		this.#seen = /^\d{1,15}$/.test(last) ? Number(last) : -1;
	}

	#begin(): void {
		const exchange = this.#exchange;
		exchange.source = this;
		// It may be silent, and last for days.
		exchange.fetch.streaming = true;
		exchange.beginAnswer(200, HEAD, -1);
		this.#tell(this.#job);
	}

	/** What is new, or that there is nothing; then the end, or the next wait. */
	#tell(job: Job): void {
		const exchange = this.#exchange;
		this.#job = job;
		if (job.version > this.#seen) {
			this.#seen = job.version;
			const data = JSON.stringify(jobView(job, this.#parts.path));
			exchange.answerPiece(Buffer.from(`id: ${job.version}\nevent: ${job.state}\ndata: ${data}\n\n`));
		} else exchange.answerPiece(COMMENT);
		if (ENDED.has(job.state)) this.#end();
		else if (exchange.flushAnswer()) this.#ask();
		else this.#blocked = true;
	}

	#ask(): void {
		if (this.#asking !== null || this.#over) return;
		this.#askedMs = performance.now();
		const of = { version: this.#seen, ended: false, ms: SILENCE_MS };
		this.#asking = this.#parts.jobs.wait(this.#job.id, of);
		this.#asking.job
			.catch(() => null)
			.then((job) => {
				this.#asking = null;
				if (this.#over) return;
				// Who is cut off comes again, with what it has seen last.
				const inVain = job !== null && job.version <= this.#seen && performance.now() - this.#askedMs < SOON_MS;
				if (job === null || inVain) this.#end();
				else this.#tell(job);
			})
			.catch((error: unknown) => crash(this.#exchange, error));
	}

	#end(): void {
		this.#close();
		this.#exchange.answerEnd(null);
	}

	#close(): void {
		if (this.#over) return;
		this.#over = true;
		this.#asking?.stop();
		this.#exchange.fetch.streaming = false;
		this.#exchange.source = null;
		this.#parts.streams.leave(this.#tenant);
	}

	resume(): void {
		if (!this.#blocked || this.#over) return;
		this.#blocked = false;
		this.#ask();
	}

	cancel(): void {
		this.#close();
	}
}
