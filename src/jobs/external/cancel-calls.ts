import type { AttemptOutcome } from '../attempt.ts';
import type { Job } from '../job.ts';
import { splitIds } from './external-ids.ts';
import type { CancelPolicy } from './external-policy.ts';

/** Tries of one job, each behind a pause that is twice as long, ms. */
const TRIES_MOST = 8;
const PAUSE_MS = 1000;

export interface CancelParts {
	/** The call for one job, in its place upstream. */
	ask(job: Job, target: string, method: CancelPolicy['method']): Promise<AttemptOutcome>;
	/** The body of an answer, which is gone then. */
	text(outcome: AttemptOutcome): Promise<string | null>;
	pause(ms: number): Promise<void>;
}

/** Has the upstream end a job that nobody wants any more; false: it will not, or gave no answer. */
export async function cancelUpstream(job: Job, policy: CancelPolicy, parts: CancelParts): Promise<boolean> {
	const verdicts: boolean[] = [];
	for (const id of splitIds(job.externalId))
		verdicts.push(await one(job, policy.path.replace('{id}', id), policy, parts));
	return verdicts.length > 0 && verdicts.every((gone) => gone);
}

async function one(job: Job, target: string, { method }: CancelPolicy, parts: CancelParts): Promise<boolean> {
	for (let tries = 0; tries < TRIES_MOST; tries++) {
		if (tries > 0) await parts.pause(PAUSE_MS * 2 ** (tries - 1));
		const outcome = await parts.ask(job, target, method);
		await parts.text(outcome);
		if (outcome.kind !== 'answered') continue;
		const { status } = outcome;
		// What is not there any more holds no place.
		if (status < 400 || status === 404 || status === 410) return true;
		if (status < 500 && status !== 408 && status !== 429) return false;
	}
	return false;
}
