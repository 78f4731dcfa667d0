import { BallastError, type ErrorCode } from '../../core/errors.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { problemOf } from '../../gateway/problem.ts';
import { ENDED, JOB_STATES, type Job, type JobState } from '../../jobs/job.ts';
import { parsePrefer } from '../../jobs/prefer.ts';
import { giveResult } from './give-result.ts';
import { JobEvents } from './job-events.ts';
import { giveMedia, ownBase, withOwnUrls } from './job-media.ts';
import { ownerOf } from './job-owner.ts';
import { askAgainS, jobView } from './job-view.ts';
import type { Wait } from './jobs-client.ts';
import { LaterTurns } from './later-turns.ts';
import type { OffloadParts } from './offload-parts.ts';

type Part = '' | 'result' | 'events' | 'media';

/** Jobs on one page of a list. */
const LIST_MOST = 100;

const METHODS: Readonly<Record<Part | 'list', readonly string[]>> = {
	'': ['GET', 'HEAD', 'DELETE'],
	result: ['GET', 'HEAD'],
	events: ['GET'],
	media: ['GET', 'HEAD'],
	list: ['GET', 'HEAD'],
};

/** One request about jobs: asks the jobs thread, then answers. */
export class JobPage implements AnswerSource {
	readonly #exchange: Exchange;
	readonly #later: LaterTurns;
	readonly #parts: OffloadParts;
	/** For the job's end; null: it is not waited for. */
	#waiting: Wait | null = null;
	/** Whom the request may speak for. */
	readonly #owners: readonly string[];

	constructor(exchange: Exchange, parts: OffloadParts, owners: readonly (readonly string[])[]) {
		this.#exchange = exchange;
		this.#later = new LaterTurns(exchange);
		this.#parts = parts;
		this.#owners = owners.map((fields) => ownerOf(exchange, fields)).filter((owner) => owner !== '');
	}

	/** `id` '': of the list. `file`: which of its copies. */
	answer(id: string, part: Part, file = 0): void {
		const exchange = this.#exchange;
		const methods = METHODS[id === '' ? 'list' : part];
		exchange.client.arm(0, 0);
		if (!methods.includes(exchange.method)) {
			exchange.failure = 'method_not_allowed';
			exchange.answerProblem(problemOf('method_not_allowed', `Allow: ${methods.join(', ')}\r\n`));
			return;
		}
		exchange.source = this;
		const done = id === '' ? this.#list() : part === 'media' ? this.#file(id, file) : this.#about(id, part);
		done.catch((error: unknown) => {
			if (error instanceof BallastError) this.#later.run(() => this.#refuse(error.code));
			else
				this.#later.run(() => {
					throw error;
				});
		});
	}

	async #about(id: string, part: Part): Promise<void> {
		const { jobs, files, path } = this.#parts;
		const { method } = this.#exchange;
		let job = await jobs.ask('look', id, this.#owners);
		if (job !== null && method === 'DELETE') job = await this.#cancel(id);
		else if (job !== null && part !== 'events') job = await this.#wait(job);
		if (part === 'result' && job?.result != null) job = await jobs.ask('get', id);
		if (job !== null && part === 'result') job = await this.#refreshed(job);
		const waits = part === '' && job?.state === 'waiting';
		const outlook = waits ? await jobs.ask('outlook', job?.queue ?? '') : null;
		this.#later.run(() => {
			if (job === null) this.#refuse('job_not_found');
			else if (part === 'events') this.#events(job);
			else if (part === 'result') {
				if (!ENDED.has(job.state) && job.result === null) this.#refuse('job_not_done', again(job));
				else {
					this.#later.over = true;
					giveResult(this.#exchange, job, files);
				}
			} else this.#json(jobView(job, path, outlook), again(job));
		});
	}

	/** A copy of what came of it. */
	async #file(id: string, file: number): Promise<void> {
		const { jobs, files } = this.#parts;
		const job = await jobs.ask('look', id, this.#owners);
		const media = job === null ? null : ((await jobs.ask('media', id))?.found[file] ?? null);
		this.#later.run(() => {
			if (job === null) this.#refuse('job_not_found');
			else if (media === null) this.#refuse('job_not_done');
			else {
				this.#later.over = true;
				giveMedia(this.#exchange, media, files);
			}
		});
	}

	/** What its upstream gives may end, such as signed URLs. */
	async #refreshed(job: Job): Promise<Job> {
		if (job.state !== 'succeeded' || job.externalId === null) return job;
		const { jobs, path } = this.#parts;
		const [fresh, media] = await Promise.all([jobs.ask('fresh', job.id), jobs.ask('media', job.id)]);
		const result = fresh ?? job.result;
		if (result === null || media === null) return { ...job, result };
		return { ...job, result: withOwnUrls(result, media, ownBase(this.#exchange, path, job.id)) };
	}

	async #cancel(id: string): Promise<Job | null> {
		const changed = await this.#parts.jobs.ask('change', id, { kind: 'cancel', nowMs: Date.now() });
		return changed?.job ?? null;
	}

	/** `Prefer: wait=N`. */
	async #wait(job: Job): Promise<Job | null> {
		const said = this.#exchange.head.fields.list(this.#exchange.buffer, 'prefer');
		const { waitS } = parsePrefer(said ?? '');
		if (waitS === null || waitS === 0 || ENDED.has(job.state)) return job;
		this.#waiting = this.#parts.jobs.wait(job.id, { version: -1, ended: true, ms: waitS * 1000 });
		// Where too many wait it is as it is.
		return this.#waiting.job.catch(() => job);
	}

	async #list(): Promise<void> {
		const { buffer, pathEnd, targetEnd } = this.#exchange;
		const query = new URLSearchParams(buffer.toString('latin1', pathEnd, targetEnd));
		const [owner] = this.#owners;
		const [given, states] = [query.getAll('state'), statesOf(query)];
		const limit = Number(query.get('limit') ?? 20);
		if (states.length < given.length || !Number.isInteger(limit) || limit < 1) throw new BallastError('bad_request');
		const after = query.get('after');
		const page =
			owner === undefined
				? { jobs: [], next: null }
				: await this.#parts.jobs.ask('list', {
						owner,
						limit: Math.min(LIST_MOST, limit),
						...(states.length === 0 ? {} : { states }),
						...(after === null ? {} : { after }),
					});
		const jobs = page.jobs.map((job) => jobView(job, this.#parts.path));
		this.#later.run(() => this.#json({ jobs, next: page.next }, ''));
	}

	#events(job: Job): void {
		this.#later.over = true;
		if (JobEvents.open(this.#exchange, this.#parts, job)) return;
		this.#exchange.failure = 'jobs_full';
		this.#exchange.answerProblem(problemOf('jobs_full'));
	}

	#json(value: unknown, lines: string): void {
		this.#later.over = true;
		const body = Buffer.from(`${JSON.stringify(value)}\n`);
		const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nCache-Control: no-store\r\n${lines}`;
		this.#exchange.answerLocally(200, Buffer.from(head, 'latin1'), body);
	}

	#refuse(code: ErrorCode, lines = ''): void {
		this.#later.over = true;
		this.#exchange.failure = code;
		this.#exchange.answerProblem(problemOf(code, lines));
	}

	resume(): void {}

	cancel(): void {
		this.#waiting?.stop();
		this.#later.over = true;
	}
}

function again(job: Job): string {
	const seconds = askAgainS(job, Date.now());
	return seconds === 0 ? '' : `Retry-After: ${seconds}\r\n`;
}

const statesOf = (query: URLSearchParams): JobState[] =>
	query.getAll('state').filter((one): one is JobState => JOB_STATES.includes(one as JobState));
