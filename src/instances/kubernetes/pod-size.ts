/** What a pod's containers are given, as a change of it is written. Pure. */
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import { parseQuantity } from './quantity.ts';

/** Cores and bytes; null: as it is. */
export interface MemberSize {
	readonly cpu: number | null;
	readonly memoryBytes: number | null;
}

export interface SizeForPort {
	readonly size: MemberSize;
	/** The container that has it is the one that is sized; else the first. */
	readonly port: number | string;
}

/**
 * The container that listens on the port with requests of this size, and limits where it has some; empty: it has it.
 * @param pod a pod, or `{ spec }` of a template
 */
export function containersOfSize(pod: unknown, { size, port }: SizeForPort): object[] {
	const all = listAt(pod, 'spec', 'containers');
	const hasPort = (one: unknown) =>
		listAt(one, 'ports').some((each) => valueAt(each, typeof port === 'number' ? 'containerPort' : 'name') === port);
	const container = all.find(hasPort) ?? all[0];
	if (container === undefined) return [];
	const wanted: Record<string, string> = {};
	if (size.cpu !== null) wanted['cpu'] = `${Math.max(1, Math.round(size.cpu * 1000))}m`;
	if (size.memoryBytes !== null) wanted['memory'] = String(Math.ceil(size.memoryBytes));
	const limited = Object.keys(wanted).filter((name) => valueAt(container, 'resources', 'limits', name) !== undefined);
	const limits = Object.fromEntries(limited.map((name) => [name, wanted[name]]));
	const resources = { requests: wanted, ...(limited.length === 0 ? {} : { limits }) };
	return has(container, resources) ? [] : [{ name: textAt(container, 'name'), resources }];
}

function has(container: unknown, wanted: { requests: object; limits?: object }): boolean {
	return (['requests', 'limits'] as const).every((kind) =>
		Object.entries(wanted[kind] ?? {}).every(([name, value]) =>
			same(valueAt(container, 'resources', kind, name), value),
		),
	);
}

/** `500m` and `0.5` are the same. */
function same(one: unknown, other: unknown): boolean {
	const [a, b] = [parseQuantity(one), parseQuantity(other)];
	return a !== null && b !== null && Math.abs(a - b) <= Math.abs(b) * 1e-9;
}
