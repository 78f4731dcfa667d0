import type { AttemptOutcome } from '../attempt.ts';
import type { Job, JobResult } from '../job.ts';
import { splitIds } from './external-ids.ts';
import type { ExternalPolicy } from './external-policy.ts';
import { pointed } from './json-pointer.ts';
import { parseJson } from './read-status.ts';

export interface Asking {
	ask(job: Job, target: string): Promise<AttemptOutcome>;
	text(outcome: AttemptOutcome): Promise<string | null>;
}

/** After so many questions what there is must do. */
const TRIES_MOST = 20;

export type FetchedResult = { kind: 'there'; result: JobResult } | { kind: 'unready' | 'unanswered' };

/** Asks for what came of a job. Of one with several ids it is a list, in their order. */
export async function fetchResult(
	job: Job,
	{ result: policy }: ExternalPolicy,
	{ ask, text, tries }: Asking & { tries: number },
): Promise<FetchedResult> {
	if (policy === null || job.externalId === null) return { kind: 'unanswered' };
	const bodies: string[] = [];
	let head: Uint8Array = new Uint8Array(0);
	for (const id of splitIds(job.externalId)) {
		const outcome = await ask(job, policy.path.replace('{id}', id));
		const body = await text(outcome);
		if (outcome.kind !== 'answered' || outcome.status >= 400 || body === null) return { kind: 'unanswered' };
		if (tries < TRIES_MOST && policy.ready !== null && pointed(parseJson(body), policy.ready) == null)
			return { kind: 'unready' };
		bodies.push(body);
		head = outcome.head;
	}
	const inline = Buffer.from(bodies.length === 1 ? (bodies[0] as string) : `[${bodies.join(',')}]`);
	return { kind: 'there', result: { head, body: { inline } } };
}

/** What `ready` leads to, of each of its ids; null: not of all. */
export function resultUrls({ body }: JobResult, { result }: ExternalPolicy, count: number): string[] | null {
	const value = body !== null && 'inline' in body ? parseJson(body.inline) : undefined;
	const parts = count === 1 ? [value] : Array.isArray(value) ? value : [];
	const urls = parts.map((part) => pointed(part, result?.ready ?? ''));
	return urls.length === count && urls.every((url) => typeof url === 'string') ? (urls as string[]) : null;
}
