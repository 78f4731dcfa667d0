/** What a pod's containers are given, as a change of it is written. Pure. */
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import type { MemberSize } from '../platform/platform.ts';
import { parseQuantity } from './quantity.ts';
import { limitOf, requestOf, sizedContainer } from './sized-container.ts';

export interface SizeForPort {
	readonly size: MemberSize;
	/** See `sizedContainer`. */
	readonly port: number | string;
}

type Resource = 'cpu' | 'memory';

/**
 * The container that is sized, with requests of this size; empty: it has it. Limits that it has keep their ratio to
 * the requests, as with Kubernetes' VPA: a pod cannot change into another QoS class where it is.
 * @param pod a pod, or `{ spec }` of a template
 */
export function containersOfSize(pod: unknown, { size, port }: SizeForPort): object[] {
	const container = sizedContainer(pod, port);
	const changed = changesOf(container, size);
	if (changed.length === 0) return [];
	const requests = Object.fromEntries(changed.map(({ resource, wanted }) => [resource, written(resource, wanted)]));
	const limited = changed.flatMap(({ resource, wanted }) => {
		const limit = limitFor(container, resource, wanted);
		return limit === null ? [] : [[resource, written(resource, limit)] as const];
	});
	const limits = limited.length === 0 ? {} : { limits: Object.fromEntries(limited) };
	return [{ name: textAt(container, 'name'), resources: { requests, ...limits } }];
}

/** A change where it is would start the container anew: with all at once nothing would answer. */
export function restartsForSize(pod: unknown, { size, port }: SizeForPort): boolean {
	const container = sizedContainer(pod, port);
	const restarts = (resource: Resource) =>
		listAt(container, 'resizePolicy').some(
			(one) => textAt(one, 'resourceName') === resource && textAt(one, 'restartPolicy') === 'RestartContainer',
		);
	return changesOf(container, size).some(({ resource }) => restarts(resource));
}

function changesOf(container: unknown, { cpu, memoryBytes }: MemberSize): { resource: Resource; wanted: number }[] {
	if (container === null) return [];
	const all = [
		{ resource: 'cpu', wanted: cpu === null ? null : Math.max(0.001, Math.round(cpu * 1000) / 1000) },
		{ resource: 'memory', wanted: memoryBytes === null ? null : Math.ceil(memoryBytes) },
	] as const;
	return all.flatMap(({ resource, wanted }) => {
		const request = parseQuantity(valueAt(container, 'resources', 'requests', resource));
		return wanted === null || (request !== null && Math.abs(request / wanted - 1) <= 1e-9)
			? []
			: [{ resource, wanted }];
	});
}

function limitFor(container: unknown, resource: Resource, wanted: number): number | null {
	const limit = limitOf(container, resource);
	const request = requestOf(container, resource);
	if (limit === null) return null;
	return request === null || request <= 0 ? Math.max(limit, wanted) : Math.max(wanted, (limit / request) * wanted);
}

const written = (resource: Resource, value: number): string =>
	resource === 'cpu' ? `${Math.ceil(value * 1000 - 1e-6)}m` : String(Math.ceil(value - 1e-6));
