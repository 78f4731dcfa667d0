/** What a running Ballast tells of its queues of jobs. */
import { type Fields, numberOr } from './answer-form.ts';

export interface QueueStatus {
	name: string;
	paused: boolean;
	waiting: number;
	running: number;
	parked: number;
	/** Dead letters. */
	failed: number;
	done: number;
	/** When the one that waits longest could have begun, epoch ms; null: none waits. */
	oldestMs: number | null;
}

export interface JobsStatus {
	queues: QueueStatus[];
	/** Why nothing can be stored; '': all is well. */
	unusable: string;
	/** Ends that are still to be told; receivers that are called no more. */
	webhooks: { waiting: number; gone: number };
	/** Places upstream, as they came. */
	lanes: unknown;
}

export const NO_JOBS: JobsStatus = { queues: [], unusable: '', webhooks: { waiting: 0, gone: 0 }, lanes: [] };

/** null: no route makes jobs, or that version does not tell. */
export function readJobs(said: unknown): JobsStatus | null {
	if (typeof said !== 'object' || said === null) return null;
	const { queues, unusable, webhooks, lanes } = said as Fields;
	const { waiting, gone } = fieldsOf(webhooks);
	return {
		queues: readQueues(queues),
		unusable: typeof unusable === 'string' ? unusable : '',
		webhooks: { waiting: numberOr(waiting, 0), gone: numberOr(gone, 0) },
		lanes,
	};
}

/** By name. */
export const readQueues = (said: unknown): QueueStatus[] =>
	Object.entries(fieldsOf(said)).map(([name, queue]) => readQueue(name, queue));

export function readQueue(name: string, said: unknown): QueueStatus {
	const { paused, counts, oldestMs } = fieldsOf(said);
	const of = fieldsOf(counts);
	const count = (...states: string[]): number => states.reduce((sum, state) => sum + numberOr(of[state], 0), 0);
	return {
		name,
		paused: paused === true,
		waiting: count('waiting', 'scheduled'),
		running: count('running', 'submitted'),
		parked: count('parked'),
		failed: count('failed'),
		done: count('succeeded'),
		oldestMs: typeof oldestMs === 'number' ? oldestMs : null,
	};
}

export const fieldsOf = (value: unknown): Fields =>
	typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
