import type { Job } from '../job.ts';
import type { ReconcilePolicy } from './external-policy.ts';
import { pointed, textAt } from './json-pointer.ts';
import { parseJson } from './read-status.ts';
import type { Asking } from './result-call.ts';

export type Reconciled =
	| { kind: 'there'; externalId: string }
	/** `never`: it was never made. `unclear`: it cannot be told. `asked_in_vain`: there was no answer. */
	| { kind: 'never' | 'unclear' | 'asked_in_vain' };

/** Looks whether the upstream has a job of ours, by the id or the key that it was told. */
export async function reconcile(job: Job, policy: ReconcilePolicy | null, { ask, text }: Asking): Promise<Reconciled> {
	if (policy === null) return { kind: 'unclear' };
	const outcome = await ask(job, policy.path);
	const body = await text(outcome);
	if (outcome.kind !== 'answered' || outcome.status >= 400 || body === null) return { kind: 'asked_in_vain' };
	const items = pointed(parseJson(body), policy.items);
	if (!Array.isArray(items)) return { kind: 'unclear' };
	const ours = [job.id, ...(job.upstreamKey === '' ? [] : [job.upstreamKey])];
	const found = items.find((item) => ours.includes(textAt(item, policy.key) ?? ''));
	const externalId = found === undefined ? null : textAt(found, policy.id);
	if (externalId !== null) return { kind: 'there', externalId };
	return { kind: policy.complete ? 'never' : 'unclear' };
}
