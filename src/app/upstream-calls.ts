import type { AttemptOutcome } from '../jobs/attempt.ts';
import type { Job } from '../jobs/job.ts';
import type { AttemptPlaces } from '../jobs/runner.ts';
import { type QuestionMethod, questionAt, questionOf } from './offload/upstream-request.ts';

/** Most time for a question, ms. */
const ANSWER_MS = 30_000;

/** Questions about jobs: each goes out by a worker, as a fetch like any other. */
export class UpstreamCalls {
	readonly #places: Pick<AttemptPlaces, 'begin' | 'abort'>;
	readonly #open = new Map<string, (outcome: AttemptOutcome) => void>();
	#count = 0;

	constructor(places: Pick<AttemptPlaces, 'begin' | 'abort'>) {
		this.#places = places;
	}

	/** A call of this path at the job's upstream, in its place there. */
	ask(job: Job, target: string, method: QuestionMethod = 'GET'): Promise<AttemptOutcome> {
		return this.#ask(questionOf(job.request, target, method), job.lane);
	}

	/** GET where there is no job, by a route that makes some. */
	askAt(place: { service: string; route: string; lane: string }, target: string): Promise<AttemptOutcome> {
		return this.#ask(questionAt(place, target), place.lane);
	}

	#ask(request: Uint8Array, lane: string): Promise<AttemptOutcome> {
		const token = `question-${++this.#count}`;
		return new Promise((resolve) => {
			const late = setTimeout(() => {
				this.#places.abort(token);
				this.ended(token, { kind: 'failed', code: 'request_timeout', began: true });
			}, ANSWER_MS);
			this.#open.set(token, (outcome) => {
				clearTimeout(late);
				resolve(outcome);
			});
			const order = { token, id: '', attempt: 0, request, body: null, upstreamKey: '', lane };
			if (!this.#places.begin(order)) this.ended(token, { kind: 'no_place', code: 'draining' });
		});
	}

	/** False: it is no question. */
	ended(token: string, outcome: AttemptOutcome): boolean {
		const open = this.#open.get(token);
		this.#open.delete(token);
		open?.(outcome);
		return open !== undefined;
	}

	/** Whoever asked these is no more. */
	lost(tokens: Iterable<string>): void {
		for (const token of tokens) this.ended(token, { kind: 'no_place', code: 'draining' });
	}
}
