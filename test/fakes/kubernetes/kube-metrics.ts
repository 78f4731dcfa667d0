/** What metrics-server says of pods. */
import type { KubeObject } from './kube-store.ts';

/** @param usage of the container `api`, by pod, `*` for all others; those without are left out */
export function podMetricsList(
	pods: readonly KubeObject[],
	usage: ReadonlyMap<string, { cpu: string; memory: string }>,
): object {
	const timestamp = `${new Date(Date.now() - 5000).toISOString().slice(0, 19)}Z`;
	const items = pods.flatMap(({ metadata: { name, ...metadata } }) => {
		const used = usage.get(name) ?? usage.get('*');
		if (used === undefined) return [];
		const mesh = { name: 'mesh', usage: { cpu: '0', memory: '0' } };
		const containers = [{ name: 'api', usage: used }, mesh];
		return [{ metadata: { name, namespace: metadata['namespace'] }, timestamp, window: '15s', containers }];
	});
	return { kind: 'PodMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {}, items };
}
