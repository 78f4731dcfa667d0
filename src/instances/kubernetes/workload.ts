/** A Deployment or StatefulSet: what is read from it. Pure. */
import { listAt, numberAt, textAt, valueAt } from '../platform/json-reading.ts';
import { PlatformError } from '../platform/platform-error.ts';
import { wordsOf } from '../platform/rest-client.ts';

/**
 * Its selector as a query takes it: `app=api,tier in (a,b)`.
 * @throws PlatformError `bad_request`: without one, all pods of the namespace would be meant
 */
export function selectorOf(workload: unknown): string {
	const labels = Object.entries((valueAt(workload, 'spec', 'selector', 'matchLabels') ?? {}) as object);
	const equal = labels.map(([name, value]) => `${name}=${String(value)}`);
	const rest = listAt(workload, 'spec', 'selector', 'matchExpressions').map((one) => {
		const name = textAt(one, 'key');
		const values = listAt(one, 'values').join(',');
		const by: Record<string, string> = {
			In: `${name} in (${values})`,
			NotIn: `${name} notin (${values})`,
			Exists: name,
			DoesNotExist: `!${name}`,
		};
		return by[textAt(one, 'operator')] ?? '';
	});
	const all = [...equal, ...rest];
	if (all.length === 0 || all.includes(''))
		throw new PlatformError('bad_request', 'its selector cannot be read; no pod can be told to be its own');
	return all.join(',');
}

/** Of a workload that says nothing Kubernetes makes 1. */
export const replicasOf = (workload: unknown): number => numberAt(workload, 'spec', 'replicas') ?? 1;

/** Changes under way, half a sentence; null: none. */
export function rolloutOf(workload: unknown): string | null {
	const [all, updated] = [
		numberAt(workload, 'status', 'replicas') ?? 0,
		numberAt(workload, 'status', 'updatedReplicas'),
	];
	// A StatefulSet of which a part is kept at the old revision, or that waits for deletions, is not under way.
	const strategy = valueAt(workload, 'spec', 'updateStrategy');
	if (textAt(strategy, 'type') === 'OnDelete' || (numberAt(strategy, 'rollingUpdate', 'partition') ?? 0) > 0)
		return null;
	if (updated === null || updated >= all) return null;
	const late = conditionOf(workload, 'Progressing');
	const words = textAt(late, 'status') === 'False' ? `, and does not come on: ${wordsOf(textAt(late, 'message'))}` : '';
	return `a rollout is under way: ${updated} of ${all} pods are new${words}`;
}

/** A condition of a workload or pod; null: it does not say. */
export function conditionOf(object: unknown, type: string): unknown {
	return listAt(object, 'status', 'conditions').find((one) => textAt(one, 'type') === type) ?? null;
}

/** Why the controller cannot make pods, as a Deployment says it; null: it says nothing. */
export function replicaFailure(workload: unknown): PlatformError | null {
	const condition = conditionOf(workload, 'ReplicaFailure');
	if (textAt(condition, 'status') !== 'True') return null;
	return creationFailure(`${textAt(condition, 'reason')}: ${textAt(condition, 'message')}`);
}

export function creationFailure(message: string): PlatformError {
	return new PlatformError('capacity', wordsOf(message));
}
