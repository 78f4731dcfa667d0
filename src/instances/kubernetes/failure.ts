/** Why a workload does not come to its size, as Kubernetes tells it. */
import { textAt } from '../platform/json-reading.ts';
import { PlatformError } from '../platform/platform-error.ts';
import type { ClusterApi } from './cluster-api.ts';
import { isLive, memberOf, unscheduledSince } from './pod-member.ts';
import { creationFailure, replicaFailure, replicasOf } from './workload.ts';

/** Nodes that are added for pods take minutes; then nobody adds any, ms. */
const UNSCHEDULED_MS = 300_000;
/** An event that is older tells of what was, ms. */
const EVENT_MS = 600_000;

export interface FailureParts {
	readonly api: ClusterApi;
	readonly workload: unknown;
	readonly pods: readonly unknown[];
	/** A StatefulSet: it has no condition for pods that cannot be made, its events tell. */
	readonly stateful: boolean;
}

/** null: nothing is known to be in the way. @throws PlatformError */
export async function failureOf(
	{ api, workload, pods, stateful }: FailureParts,
	signal: AbortSignal,
): Promise<PlatformError | null> {
	const live = pods.filter(isLive);
	if (live.length < replicasOf(workload))
		return stateful ? eventFailure(await api.creationFailures(signal)) : replicaFailure(workload);
	const oldest = Date.now() - UNSCHEDULED_MS;
	const waiting = live.filter((pod) => (unscheduledSince(pod) ?? Number.POSITIVE_INFINITY) < oldest);
	const [first] = waiting;
	if (first === undefined) return null;
	const count = waiting.length === 1 ? 'a pod has' : `${waiting.length} pods have`;
	return new PlatformError('capacity', `${count} no node: ${memberOf(first, 0).note}`);
}

function eventFailure(events: readonly unknown[]): PlatformError | null {
	const timeOf = (event: unknown) =>
		Date.parse(textAt(event, 'lastTimestamp') || textAt(event, 'eventTime') || textAt(event, 'firstTimestamp')) || 0;
	const latest = [...events].sort((one, other) => timeOf(other) - timeOf(one))[0];
	if (latest === undefined || timeOf(latest) < Date.now() - EVENT_MS) return null;
	return creationFailure(`FailedCreate: ${textAt(latest, 'message')}`);
}
