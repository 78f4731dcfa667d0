/** What VMs use, from the time series of Cloud Monitoring. */
import { listAt, numberAt, textAt } from '../platform/json-reading.ts';

/** 0…1 of what the VM is given; measured by the host. */
export const CPU_METRIC = 'compute.googleapis.com/instance/cpu/utilization';
/** 0…100, by state; only where the Ops Agent runs. */
export const MEMORY_METRIC = 'agent.googleapis.com/memory/percent_used';

export interface Point {
	readonly value: number;
	readonly atMs: number;
}

/** The newest point of each VM, by its numeric id. */
export function newestByInstance(series: readonly unknown[]): Map<string, Point> {
	const found = new Map<string, Point>();
	for (const one of series) {
		const id = textAt(one, 'resource', 'labels', 'instance_id');
		for (const point of listAt(one, 'points')) {
			const value = numberAt(point, 'value', 'doubleValue');
			const atMs = Date.parse(textAt(point, 'interval', 'endTime'));
			if (id === '' || value === null || Number.isNaN(atMs)) continue;
			if (atMs >= (found.get(id)?.atMs ?? 0)) found.set(id, { value, atMs });
		}
	}
	return found;
}
