/** What an API server refuses of a change of size where a pod is (Kubernetes 1.33). */
import type { KubeObject } from './kube-store.ts';

type Quantities = Record<string, string>;

interface Container {
	readonly name: string;
	readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities };
	readonly resizePolicy?: readonly { resourceName: string; restartPolicy: string }[];
}

const RESOURCES = ['cpu', 'memory'] as const;
const containersOf = (pod: KubeObject) => (pod['spec'] as { containers: Container[] }).containers;

/** In the words of the API server; null: it is taken. */
export function refuseResize(before: KubeObject, after: KubeObject): string | null {
	const rest = ({ metadata, spec }: KubeObject) =>
		JSON.stringify([
			{ ...metadata, resourceVersion: '' },
			{ ...(spec as object), containers: containersOf({ metadata, spec }).map((one) => ({ ...one, resources: 0 })) },
		]);
	if (rest(before) !== rest(after)) return 'spec: Forbidden: only cpu and memory resources are mutable';
	if (qosClass(before) !== qosClass(after))
		return 'spec: Invalid value: Pod QOS Class may not change as a result of resizing';
	for (const [at, container] of containersOf(after).entries()) {
		const old = containersOf(before)[at];
		const restarts = container.resizePolicy?.some(
			({ resourceName, restartPolicy }) => resourceName === 'memory' && restartPolicy === 'RestartContainer',
		);
		const [was, is] = [old?.resources?.limits?.['memory'], container.resources?.limits?.['memory']];
		if (restarts !== true && was !== undefined && is !== undefined && bytes(is) < bytes(was))
			return `spec.containers[${at}].resources.limits: Forbidden: memory limits cannot be decreased unless resizePolicy is RestartContainer`;
	}
	return null;
}

function qosClass(pod: KubeObject): string {
	const all = containersOf(pod).flatMap(({ resources }) => RESOURCES.map((name) => [resources, name] as const));
	if (all.every(([of, name]) => of?.requests?.[name] === undefined && of?.limits?.[name] === undefined))
		return 'BestEffort';
	const guaranteed = all.every(([of, name]) => {
		const limit = of?.limits?.[name];
		return limit !== undefined && bytes(of?.requests?.[name] ?? limit) === bytes(limit);
	});
	return guaranteed ? 'Guaranteed' : 'Burstable';
}

const UNITS: Record<string, number> = { '': 1, m: 1e-3, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

function bytes(quantity: string): number {
	const [, number = '', unit = ''] = /^([\d.]+)(\w*)$/.exec(quantity) ?? [];
	return Number(number) * (UNITS[unit] ?? Number.NaN);
}
