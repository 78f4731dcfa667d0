/** When an upstream is asked how jobs get on, and for which. Pure. */
import type { PollPolicy } from './external-policy.ts';

export interface PolledJob {
	/** What the upstream calls it. */
	id: string;
	/** Since when the upstream has it. */
	sinceMs: number;
	/** When it was last asked for; null: not yet. */
	askedMs: number | null;
	/** Somebody knows that it is time: not later than then; null: nobody. */
	wantedMs: number | null;
}

export interface PollMoment {
	nowMs: number;
	/** Webhooks came lately: asking is only for what they leave out. */
	heard: boolean;
	/** Most ids of one question. */
	most: number;
}

export interface PollDecision {
	/** Questions that are to be asked now, each with its ids. */
	ask: string[][];
	/** When to decide anew; null: there is nothing to ask for. */
	nextMs: number | null;
}

/** One question carries all jobs that fit, also those whose time has not come: it costs no more, and saves theirs. */
export function decidePoll(jobs: readonly PolledJob[], policy: PollPolicy, moment: PollMoment): PollDecision {
	const { nowMs, most } = moment;
	const timed = jobs
		.map((job) => ({ id: job.id, dueMs: dueOf(job, policy, moment) }))
		.sort((a, b) => a.dueMs - b.dueMs);
	const due = timed.filter(({ dueMs }) => dueMs <= nowMs).length;
	const questions = most === 1 ? due : Math.ceil(due / most);
	const asked = timed.slice(0, questions * most);
	const ask: string[][] = [];
	for (let at = 0; at < asked.length; at += most) ask.push(asked.slice(at, at + most).map(({ id }) => id));
	const left = timed[asked.length];
	return { ask, nextMs: left?.dueMs ?? null };
}

function dueOf(job: PolledJob, policy: PollPolicy, { nowMs, heard }: PollMoment): number {
	const fromMs = job.askedMs ?? job.sinceMs;
	const everyMs = everyOf(nowMs - job.sinceMs, policy);
	const dueMs = fromMs + (heard ? Math.max(everyMs, policy.heardMs) : everyMs);
	return job.wantedMs === null ? dueMs : Math.min(dueMs, job.wantedMs);
}

function everyOf(ageMs: number, { steps }: PollPolicy): number {
	const step = steps.find(({ untilMs }) => ageMs < untilMs) ?? steps.at(-1);
	return step?.everyMs ?? 60_000;
}
