import type { MessagePort } from 'node:worker_threads';
import type { AttemptOrder, AttemptOutcome } from '../../jobs/attempt.ts';
import type { Job } from '../../jobs/job.ts';
import type { Awaited, FromJobs, JobCall, JobCalls, ToJobs } from '../jobs-messages.ts';
import { CallBook } from './call-book.ts';

/** What a worker does for the jobs thread. */
export interface AttemptTaker {
	begin(order: AttemptOrder): void;
	abort(token: string): void;
	/** The jobs thread is another one: nobody waits for what is under way any more. */
	abandoned(): void;
}

/** A change that is waited for. */
export interface Wait {
	job: Promise<Job | null>;
	stop(): void;
}

/** A worker's end of its channel to the jobs thread. */
export class JobsClient {
	readonly #calls = new CallBook();
	#port: MessagePort | null = null;
	attempts: AttemptTaker | null = null;
	#takes = false;

	/** The jobs thread, or another one in its place. */
	connect(port: MessagePort): void {
		const before = this.#port;
		this.#port = port;
		before?.close();
		if (before !== null) this.#ended();
		if (this.#takes) port.postMessage({ type: 'takes', attempts: true } satisfies ToJobs);
		port.on('message', (message: FromJobs) => this.#receive(message));
		port.once('close', () => {
			if (this.#port !== port) return;
			this.#port = null;
			this.#ended();
		});
	}

	#ended(): void {
		this.#calls.failAll('jobs_unavailable', 'the jobs thread ended');
		this.attempts?.abandoned();
	}

	/** @throws BallastError `jobs_unavailable`, and what the call itself throws */
	ask<N extends JobCall>(name: N, ...args: Parameters<JobCalls[N]>): Promise<ReturnType<JobCalls[N]>> {
		const port = this.#port;
		return this.#calls.begin(port === null ? null : (call) => port.postMessage(call satisfies ToJobs), name, args);
	}

	/** As `awaited`; `stop`: nobody waits any more, then it is null. @throws BallastError `jobs_unavailable` of `job` */
	wait(id: string, of: Awaited): Wait {
		const port = this.#port;
		let call = 0;
		const send = (message: Extract<ToJobs, { type: 'call' }>): void => {
			call = message.id;
			port?.postMessage(message);
		};
		return {
			job: this.#calls.begin(port === null ? null : send, 'awaited', [id, of]),
			stop: () => {
				if (this.#calls.drop(call)) port?.postMessage({ type: 'unwait', id: call } satisfies ToJobs);
			},
		};
	}

	/** Whether this worker takes attempts: it does once it serves, until it is on its way out. */
	takes(attempts: boolean): void {
		this.#takes = attempts;
		this.#port?.postMessage({ type: 'takes', attempts } satisfies ToJobs);
	}

	outcome(token: string, outcome: AttemptOutcome): void {
		this.#port?.postMessage({ type: 'outcome', token, outcome } satisfies ToJobs);
	}

	#receive(message: FromJobs): void {
		switch (message.type) {
			case 'attempt':
				this.attempts?.begin(message.order);
				break;
			case 'abort':
				this.attempts?.abort(message.token);
				break;
			default:
				this.#calls.settle(message);
		}
	}
}
