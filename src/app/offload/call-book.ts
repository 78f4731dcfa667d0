import { BallastError, type ErrorCode } from '../../core/errors.ts';
import type { FromJobs, JobCall, JobCalls } from '../jobs-messages.ts';

/** Most calls that wait for an answer; who is that far behind is not asked more. */
const CALLS_MOST = 10_000;
/** Of them, most that wait for a change: each for a minute at most; jobs are to be taken in all the same. */
const WAITS_MOST = 5000;

interface Call {
	waits: boolean;
	resolve(value: unknown): void;
	reject(error: unknown): void;
}

/** Calls to the jobs thread that wait for their answers. */
export class CallBook {
	readonly #calls = new Map<number, Call>();
	#waits = 0;
	#lastId = 0;

	/** `send` gets the call's number. @throws BallastError `jobs_unavailable` when too many wait, or the thread ended; what the call throws */
	begin<N extends JobCall>(
		send: ((message: { type: 'call'; id: number; name: N; args: unknown[] }) => void) | null,
		name: N,
		args: Parameters<JobCalls[N]>,
	): Promise<ReturnType<JobCalls[N]>> {
		const waits = name === 'awaited';
		if (send === null || this.#calls.size >= CALLS_MOST || (waits && this.#waits >= WAITS_MOST))
			return Promise.reject(
				new BallastError('jobs_unavailable', 'the jobs thread is not there, or has too much to do'),
			);
		const id = ++this.#lastId;
		return new Promise((resolve, reject) => {
			if (waits) this.#waits++;
			this.#calls.set(id, { waits, resolve: resolve as Call['resolve'], reject });
			send({ type: 'call', id, name, args });
		});
	}

	/** Nobody waits for its answer any more; false: it has come. */
	drop(id: number): boolean {
		const call = this.#calls.get(id);
		if (!this.#calls.delete(id)) return false;
		if (call?.waits === true) this.#waits--;
		call?.resolve(null);
		return true;
	}

	settle(message: Extract<FromJobs, { type: 'answer' | 'failed' }>): void {
		const call = this.#calls.get(message.id);
		this.#calls.delete(message.id);
		if (call?.waits === true) this.#waits--;
		if (message.type === 'answer') call?.resolve(message.value);
		else call?.reject(new BallastError(message.code, message.message));
	}

	/** Nobody will answer any more. Whether what was asked was done cannot be told. */
	failAll(code: ErrorCode, text: string): void {
		const calls = [...this.#calls.values()];
		this.#calls.clear();
		this.#waits = 0;
		for (const call of calls) call.reject(new BallastError(code, text));
	}
}
