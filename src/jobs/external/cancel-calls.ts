import type { AttemptOutcome } from '../attempt.ts';
import type { Job } from '../job.ts';
import { splitIds } from './external-ids.ts';
import type { CancelPolicy } from './external-policy.ts';

/** Tries of one job, each behind a pause that is twice as long, ms: for an hour. */
const TRIES_MOST = 20;
const PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 300_000;

export interface CancelParts {
	/** The call for one job, in its place upstream. */
	ask(job: Job, target: string, method: CancelPolicy['method']): Promise<AttemptOutcome>;
	/** The body of an answer, which is gone then. */
	text(outcome: AttemptOutcome): Promise<string | null>;
	pause(ms: number): Promise<void>;
}

/** Has the upstream end a job that nobody wants any more; else why it has not, for people. */
export async function cancelUpstream(job: Job, policy: CancelPolicy, parts: CancelParts): Promise<'gone' | string> {
	const ids = splitIds(job.externalId);
	let verdict = ids.length === 0 ? 'it has no name there' : 'gone';
	for (const id of ids) {
		const one = await cancelOne(job, policy.path.replace('{id}', id), policy, parts);
		if (one !== 'gone') verdict = one;
	}
	return verdict;
}

async function cancelOne(job: Job, target: string, { method }: CancelPolicy, parts: CancelParts): Promise<string> {
	let last = '';
	for (let tries = 0; tries < TRIES_MOST; tries++) {
		if (tries > 0) await parts.pause(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (tries - 1)));
		const outcome = await parts.ask(job, target, method);
		await parts.text(outcome);
		last = outcome.kind === 'answered' ? `it answers ${outcome.status}` : outcome.code;
		if (outcome.kind !== 'answered') continue;
		const { status } = outcome;
		// What is not there any more holds no place.
		if (status < 400 || status === 404 || status === 410) return 'gone';
		if (status < 500 && status !== 408 && status !== 429) return last;
	}
	return `${last}, after ${TRIES_MOST} tries`;
}
