import { BallastError, type ErrorCode } from '../../core/errors.ts';
import { ShortLivedMap } from '../../core/short-lived-map.ts';
import type { FromJobs, JobCall, JobCalls, ToJobs } from '../jobs-messages.ts';

/** Most calls that wait for an answer; who is that far behind is not asked more. */
const CALLS_MOST = 10_000;
/** Of them, most that wait for a change: each for a minute at most; jobs are to be taken in all the same. */
const WAITS_MOST = 5000;

/** Who asked, and gets the answer. */
export interface CallEnd<T> {
	resolve(value: T): void;
	reject(error: unknown): void;
}

interface Call {
	waits: boolean;
	end: CallEnd<never>;
}

type Send = (message: Extract<ToJobs, { type: 'call' }>) => void;

/** Calls to the jobs thread that wait for their answers. */
export class CallBook {
	readonly #calls = new ShortLivedMap<number, Call>();
	#waits = 0;
	#lastId = 0;

	/** `send` gets the call's number. @throws BallastError `jobs_unavailable` when too many wait, or the thread ended; what the call throws */
	begin<N extends JobCall>(
		send: Send | null,
		name: N,
		args: Parameters<JobCalls[N]>,
	): Promise<ReturnType<JobCalls[N]>> {
		return new Promise((resolve, reject) => this.enter(send, { name, args }, { resolve, reject }));
	}

	/** Nobody waits for its answer any more; false: it has come. */
	drop(id: number): boolean {
		const call = this.#calls.get(id);
		if (!this.#calls.delete(id)) return false;
		if (call?.waits === true) this.#waits--;
		call?.end.resolve(null as never);
		return true;
	}

	/** The same without a promise. */
	enter<N extends JobCall>(
		send: Send | null,
		{ name, args }: { name: N; args: Parameters<JobCalls[N]> },
		end: CallEnd<ReturnType<JobCalls[N]>>,
	): void {
		const waits = name === 'awaited';
		if (send === null || this.#calls.size >= CALLS_MOST || (waits && this.#waits >= WAITS_MOST)) {
			end.reject(new BallastError('jobs_unavailable', 'the jobs thread is not there, or has too much to do'));
			return;
		}
		const id = ++this.#lastId;
		if (waits) this.#waits++;
		this.#calls.set(id, { waits, end: end as CallEnd<never> });
		send({ type: 'call', id, name, args });
	}

	settle(message: Extract<FromJobs, { type: 'answer' | 'added' | 'failed' }>): void {
		const call = this.#calls.get(message.id);
		this.#calls.delete(message.id);
		if (call?.waits === true) this.#waits--;
		if (message.type === 'answer') call?.end.resolve(message.value as never);
		else if (message.type === 'added') call?.end.resolve({ kind: 'added', shiftMs: message.shiftMs } as never);
		else call?.end.reject(new BallastError(message.code, message.message));
	}

	/** Nobody will answer any more. Whether what was asked was done cannot be told. */
	failAll(code: ErrorCode, text: string): void {
		const calls = [...this.#calls.values()];
		this.#calls.clear();
		this.#waits = 0;
		for (const { end } of calls) end.reject(new BallastError(code, text));
	}
}
