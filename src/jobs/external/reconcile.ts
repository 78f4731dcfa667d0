import type { Job } from '../job.ts';
import type { ReconcilePolicy } from './external-policy.ts';
import { pointed, textAt } from './json-pointer.ts';
import { parseJson } from './read-status.ts';
import type { Asking } from './result-call.ts';

export type Reconciled =
	| { kind: 'there'; externalId: string }
	/** `never`: it was never made. `unclear`: it cannot be told. `asked_in_vain`: there was no answer. */
	| { kind: 'never' | 'unclear' | 'asked_in_vain' };

/** A longer token of a next page is followed no further. */
const TOKEN_MOST = 400;

/** Looks whether the upstream has a job of ours, by the id or the key that it was told, page by page. */
export async function reconcile(job: Job, policy: ReconcilePolicy | null, asking: Asking): Promise<Reconciled> {
	if (policy === null) return { kind: 'unclear' };
	const ours = [job.id, ...(job.upstreamKey === '' ? [] : [job.upstreamKey])];
	let target = policy.path;
	for (let page = 0; page < policy.pages; page++) {
		const answer = await answerOf(job, target, asking);
		if (answer === undefined) return { kind: 'asked_in_vain' };
		const items = pointed(answer, policy.items);
		if (!Array.isArray(items)) return { kind: 'unclear' };
		const found = items.find((item) => ours.includes(textAt(item, policy.key) ?? ''));
		const externalId = found === undefined ? null : textAt(found, policy.id);
		if (externalId !== null) return { kind: 'there', externalId };
		const next = policy.next === null ? null : textAt(answer, policy.next.token);
		if (next === null) return { kind: policy.complete ? 'never' : 'unclear' };
		if (next.length > TOKEN_MOST) break;
		target = withToken(policy, next);
	}
	return { kind: 'unclear' };
}

/** undefined: there is none that can be read. */
async function answerOf(job: Job, target: string, { ask, text }: Asking): Promise<unknown> {
	const outcome = await ask(job, target);
	const body = await text(outcome);
	if (outcome.kind !== 'answered' || outcome.status >= 400 || body === null) return undefined;
	return parseJson(body) ?? null;
}

function withToken({ path, next }: ReconcilePolicy, token: string): string {
	return `${path}${path.includes('?') ? '&' : '?'}${next?.field ?? ''}=${encodeURIComponent(token)}`;
}
