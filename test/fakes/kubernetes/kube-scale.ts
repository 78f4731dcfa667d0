import type { KubeObject } from './kube-store.ts';

/** The `scale` subresource of a workload. */
export function scaleOf({ metadata, spec, status }: KubeObject): object {
	const { replicas, selector } = spec as { replicas: number; selector: { matchLabels: Record<string, string> } };
	const labels = Object.entries(selector.matchLabels).map(([name, value]) => `${name}=${value}`);
	const { name, resourceVersion, namespace, uid } = metadata;
	return {
		apiVersion: 'autoscaling/v1',
		kind: 'Scale',
		metadata: { name, namespace, resourceVersion, uid },
		spec: replicas === 0 ? {} : { replicas },
		status: { replicas: (status as { replicas: number }).replicas, selector: labels.join(',') },
	};
}
