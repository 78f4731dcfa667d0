/** What pods use of what they request, from `metrics.k8s.io`. Pure. */
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import type { PlatformUsage } from '../platform/platform.ts';
import { nameOf } from './pod-member.ts';
import { parseQuantity } from './quantity.ts';
import { sizedContainer, sizeOf } from './sized-container.ts';

type Resource = 'cpu' | 'memory';

/**
 * By the pod's name; pods without a figure are left out. Shares are of the whole pod, as a HorizontalPodAutoscaler
 * has them; cores and bytes of the container that a size is for.
 * @param metrics of the items of a `PodMetricsList`
 */
export function podUsage(
	metrics: readonly unknown[],
	pods: readonly unknown[],
	port: number | string,
): Map<string, PlatformUsage> {
	const byName = new Map(pods.map((pod) => [nameOf(pod), pod]));
	const usage = new Map<string, PlatformUsage>();
	for (const one of metrics) {
		const pod = byName.get(nameOf(one));
		const atMs = Date.parse(textAt(one, 'timestamp'));
		if (pod === undefined || Number.isNaN(atMs)) continue;
		const sized = textAt(sizedContainer(pod, port), 'name');
		const own = listAt(one, 'containers').find((each) => textAt(each, 'name') === sized);
		const used = (resource: Resource): number | null => parseQuantity(valueAt(own, 'usage', resource));
		const share = (resource: Resource): number | null => {
			const all = sum(listAt(one, 'containers').map((each) => valueAt(each, 'usage', resource)));
			const given = requestOf(pod, resource);
			return all === null || given === null || given <= 0 ? null : all / given;
		};
		const shares = { cpu: share('cpu'), memory: share('memory'), atMs };
		usage.set(nameOf(one), { ...shares, cores: used('cpu'), memoryBytes: used('memory'), given: sizeOf(pod, port) });
	}
	return usage;
}

/** What it requests; null: one of its containers requests nothing, so that no share can be told. */
function requestOf(pod: unknown, resource: Resource): number | null {
	const whole = parseQuantity(valueAt(pod, 'spec', 'resources', 'requests', resource));
	if (whole !== null) return whole;
	const sidecars = listAt(pod, 'spec', 'initContainers').filter((one) => textAt(one, 'restartPolicy') === 'Always');
	const all = [...listAt(pod, 'spec', 'containers'), ...sidecars];
	return sum(all.map((one) => valueAt(one, 'resources', 'requests', resource)));
}

function sum(quantities: readonly unknown[]): number | null {
	let total = 0;
	for (const quantity of quantities) {
		const value = parseQuantity(quantity);
		if (value === null) return null;
		total += value;
	}
	return quantities.length === 0 ? null : total;
}
