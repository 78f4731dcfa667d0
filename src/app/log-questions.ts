import { setImmediate as nextTurn } from 'node:timers/promises';
import { BallastError } from '../core/errors.ts';
import type { LogBook } from '../logs/log-book.ts';
import type { LogQuestion } from '../logs/log-search.ts';
import type { Steps } from '../logs/steps.ts';
import type { FromStore, StoreCalls } from './store-messages.ts';

/** Questions that are answered at once, a step of each in turn. */
const QUESTIONS_MOST = 8;
/** An export that nobody goes on with is given up after so long, ms; and so many there may be. */
const EXPORT_IDLE_MS = 60_000;
const EXPORTS_MOST = 4;
/** Lines of an export in one answer, at least. */
const PART_LINES = 1000;

type Answered<T> = {
	[K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => R | Promise<R> : never;
};
type Calls = Answered<Omit<StoreCalls, 'trace' | 'rollups' | 'rollupSpan' | 'load' | 'decisions' | 'decision'>>;

/** Answers what is asked of the logs, a step at a time, so that the rings are emptied in between. */
export class LogQuestions {
	readonly #book: LogBook;
	readonly #say: (message: FromStore) => void;
	readonly #following = new Map<number, () => void>();
	readonly #exports = new Map<string, { lines: Generator<string, void, undefined>; usedMs: number }>();
	#lastId = 0;
	#running = 0;

	constructor(book: LogBook, say: (message: FromStore) => void) {
		this.#book = book;
		this.#say = say;
	}

	readonly calls: Calls = {
		search: (question) => this.#run(this.#book.search(question)),
		histogram: (question) => this.#run(this.#book.histogram(question)),
		top: (question) => this.#run(this.#book.top(question)),
		percentiles: (question) => this.#run(this.#book.percentiles(question)),
		analytics: (question) => this.#run(this.#book.analytics(question)),
		patterns: (question) => this.#book.patterns(question),
		exportPart: (question, token) => this.#export(question, token),
		follow: (query) => this.#follow(query),
		unfollow: (id) => {
			this.#following.get(id)?.();
			this.#following.delete(id);
		},
	};

	async #run<T>(steps: Steps<T>): Promise<T> {
		if (this.#running >= QUESTIONS_MOST)
			throw new BallastError('command_failed', 'too many searches are under way; try again in a moment');
		this.#running++;
		try {
			for (;;) {
				const step = steps.next();
				if (step.done === true) return step.value;
				await nextTurn();
			}
		} finally {
			this.#running--;
		}
	}

	#follow(query: string): number {
		const id = ++this.#lastId;
		const stop = this.#book.follow(query, (entries, skipped) => this.#say({ type: 'followed', id, entries, skipped }));
		if (stop === null) throw new BallastError('command_failed', 'too many follow the logs already');
		this.#following.set(id, stop);
		return id;
	}

	#export(question: LogQuestion, token: string): string[] | null {
		const nowMs = Date.now();
		for (const [key, { usedMs }] of this.#exports) if (nowMs - usedMs > EXPORT_IDLE_MS) this.#exports.delete(key);
		let known = this.#exports.get(token);
		if (known === undefined) {
			if (this.#exports.size >= EXPORTS_MOST)
				throw new BallastError('command_failed', 'too many exports are under way');
			this.#exports.set(token, (known = { lines: this.#book.export(question), usedMs: nowMs }));
		}
		known.usedMs = nowMs;
		const part: string[] = [];
		while (part.length < PART_LINES) {
			const next = known.lines.next();
			if (next.done === true) {
				if (part.length === 0) this.#exports.delete(token);
				return part.length === 0 ? null : part;
			}
			part.push(...next.value.trimEnd().split('\n'));
		}
		return part;
	}

	close(): void {
		for (const stop of this.#following.values()) stop();
		this.#following.clear();
		this.#exports.clear();
	}
}
