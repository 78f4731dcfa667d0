/** The container of a pod that a size is for: what it is given, and how often it ran out of memory. Pure. */
import { listAt, numberAt, textAt, valueAt } from '../platform/json-reading.ts';
import type { MemberSize } from '../platform/platform.ts';
import { parseQuantity } from './quantity.ts';

/**
 * The one that listens on the port, else the first; null: there is none.
 * @param pod a pod, or `{ spec }` of a template
 */
export function sizedContainer(pod: unknown, port: number | string): unknown {
	const all = listAt(pod, 'spec', 'containers');
	const hasPort = (one: unknown) =>
		listAt(one, 'ports').some((each) => valueAt(each, typeof port === 'number' ? 'containerPort' : 'name') === port);
	return all.find(hasPort) ?? all[0] ?? null;
}

/** What it requests; of a limit alone Kubernetes makes the request. */
export function requestOf(container: unknown, resource: 'cpu' | 'memory'): number | null {
	const request = parseQuantity(valueAt(container, 'resources', 'requests', resource));
	return request ?? limitOf(container, resource);
}

export function limitOf(container: unknown, resource: 'cpu' | 'memory'): number | null {
	return parseQuantity(valueAt(container, 'resources', 'limits', resource));
}

export function sizeOf(pod: unknown, port: number | string): MemberSize {
	const container = sizedContainer(pod, port);
	return { cpu: requestOf(container, 'cpu'), memoryBytes: requestOf(container, 'memory') };
}

/** An end for want of memory, by what tells it from others; null: the last one was for another reason. */
export function memoryEndOf(pod: unknown, port: number | string): string | null {
	const name = textAt(sizedContainer(pod, port), 'name');
	const status = listAt(pod, 'status', 'containerStatuses').find((one) => textAt(one, 'name') === name);
	// An end is `state` until the container is started again, and `lastState` from then on.
	for (const state of ['state', 'lastState'] as const) {
		const ended = valueAt(status, state, 'terminated');
		if (textAt(ended, 'reason') !== 'OOMKilled') continue;
		return textAt(ended, 'containerID') || textAt(ended, 'finishedAt') || String(numberAt(status, 'restartCount') ?? 0);
	}
	return null;
}
