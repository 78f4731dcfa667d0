import type { MessagePort } from 'node:worker_threads';
import type { AttemptOrder, AttemptOutcome } from '../../jobs/attempt.ts';
import type { Job, NewJob } from '../../jobs/job.ts';
import type { Added, Awaited, FromJobs, JobCall, JobCalls, ToJobs } from '../jobs-messages.ts';
import { type Flat, readFromJobs, writeToJobs } from '../jobs-wire.ts';
import { TurnBox } from '../turn-box.ts';
import { CallBook, type CallEnd } from './call-book.ts';

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
	#box: TurnBox<ToJobs> | null = null;
	attempts: AttemptTaker | null = null;
	#takes = false;

	/** The jobs thread, or another one in its place. */
	connect(port: MessagePort): void {
		const before = this.#port;
		this.#port = port;
		this.#box = new TurnBox<ToJobs>(port, writeToJobs);
		before?.close();
		if (before !== null) this.#ended();
		if (this.#takes) this.#box.say({ type: 'takes', attempts: true });
		const receive = (message: FromJobs): void => this.#receive(message);
		port.on('message', (flat: Flat) => readFromJobs(flat, receive));
		port.once('close', () => {
			if (this.#port !== port) return;
			this.#port = null;
			this.#box = null;
			this.#ended();
		});
	}

	#ended(): void {
		this.#calls.failAll('jobs_unavailable', 'the jobs thread ended');
		this.attempts?.abandoned();
	}

	/** @throws BallastError `jobs_unavailable`, and what the call itself throws */
	ask<N extends JobCall>(name: N, ...args: Parameters<JobCalls[N]>): Promise<ReturnType<JobCalls[N]>> {
		const box = this.#box;
		return this.#calls.begin(box === null ? null : (call) => box.say(call), name, args);
	}

	/** Hands a job in. `most`: of jobs that wait in its queue. */
	add(job: NewJob, most: number, end: CallEnd<Added>): void {
		const box = this.#box;
		this.#calls.enter(box === null ? null : (call) => box.say(call), { name: 'add', args: [job, most] }, end);
	}

	/** As `awaited`; `stop`: nobody waits any more, then it is null. @throws BallastError `jobs_unavailable` of `job` */
	wait(id: string, of: Awaited): Wait {
		const box = this.#box;
		let call = 0;
		const send = (message: Extract<ToJobs, { type: 'call' }>): void => {
			call = message.id;
			box?.say(message);
		};
		return {
			job: this.#calls.begin(box === null ? null : send, 'awaited', [id, of]),
			stop: () => {
				if (this.#calls.drop(call)) box?.say({ type: 'unwait', id: call });
			},
		};
	}

	/** Whether this worker takes attempts: it does once it serves, until it is on its way out. */
	takes(attempts: boolean): void {
		this.#takes = attempts;
		this.#box?.say({ type: 'takes', attempts });
	}

	outcome(token: string, outcome: AttemptOutcome): void {
		this.#box?.say({ type: 'outcome', token, outcome });
	}

	/** This thread is about to end: what was said goes out before. */
	flush(): void {
		this.#box?.flush();
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
