/** Whoever else scales the same workload, by number (a HorizontalPodAutoscaler, a ScaledObject of KEDA) or by size. */
import { textAt } from '../platform/json-reading.ts';
import type { ClusterApi } from './cluster-api.ts';
import type { KubernetesConfig } from './config.ts';

const KINDS = { deployment: 'Deployment', statefulset: 'StatefulSet' } as const;

/** @returns its name; null: nobody does */
export async function autoscalerOf(
	api: ClusterApi,
	{ kind, name }: KubernetesConfig['workload'],
	signal: AbortSignal,
): Promise<string | null> {
	const isMine = (one: unknown): boolean =>
		textAt(one, 'spec', 'scaleTargetRef', 'name') === name &&
		// KEDA takes a Deployment where nothing is said.
		(textAt(one, 'spec', 'scaleTargetRef', 'kind') || 'Deployment') === KINDS[kind];
	const scaled = (await api.scaledObjects(signal)).find(isMine);
	if (scaled !== undefined) return `the ScaledObject ${textAt(scaled, 'metadata', 'name')} of KEDA`;
	const found = (await api.horizontalAutoscalers(signal)).find(isMine);
	return found === undefined ? null : `the HorizontalPodAutoscaler ${textAt(found, 'metadata', 'name')}`;
}

/** Whoever sets the size of the same pods: a VerticalPodAutoscaler that does more than recommend. @returns its name; null: nobody does */
export async function sizerOf(
	api: ClusterApi,
	{ kind, name }: KubernetesConfig['workload'],
	signal: AbortSignal,
): Promise<string | null> {
	const found = (await api.verticalAutoscalers(signal)).find(
		(one) =>
			textAt(one, 'spec', 'targetRef', 'name') === name &&
			textAt(one, 'spec', 'targetRef', 'kind') === KINDS[kind] &&
			textAt(one, 'spec', 'updatePolicy', 'updateMode') !== 'Off',
	);
	return found === undefined ? null : `the VerticalPodAutoscaler ${textAt(found, 'metadata', 'name')}`;
}
