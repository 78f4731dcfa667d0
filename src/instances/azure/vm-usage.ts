/** What VMs use, from an answer of Azure Monitor. */
import { listAt, numberAt, textAt } from '../platform/json-reading.ts';
import { type MemberSize, machineUsage, type PlatformUsage } from '../platform/platform.ts';

export const CPU_METRIC = 'Percentage CPU';
export const MEMORY_METRIC = 'Available Memory Bytes';

interface Point {
	readonly value: number;
	readonly atMs: number;
}

/**
 * The newest average of each VM, by its name in lower case.
 * @param machine what a VM has; null: not known, and so is the share of its memory
 */
export function vmUsage(answer: unknown, machine: MemberSize | null): Map<string, PlatformUsage> {
	const cpu = newestOf(answer, CPU_METRIC);
	const free = newestOf(answer, MEMORY_METRIC);
	const memoryBytes = machine?.memoryBytes ?? null;
	const usage = new Map<string, PlatformUsage>();
	for (const name of new Set([...cpu.keys(), ...free.keys()])) {
		const [load, available] = [cpu.get(name), free.get(name)];
		const memory = available === undefined || memoryBytes === null ? null : 1 - available.value / memoryBytes;
		const shares = {
			cpu: load === undefined ? null : load.value / 100,
			memory: memory === null ? null : Math.max(memory, 0),
			// The older of both: a figure is never taken for newer than it is.
			atMs: Math.min(load?.atMs ?? Number.POSITIVE_INFINITY, available?.atMs ?? Number.POSITIVE_INFINITY),
		};
		usage.set(name, machineUsage(shares, machine));
	}
	return usage;
}

function newestOf(answer: unknown, metric: string): Map<string, Point> {
	const found = new Map<string, Point>();
	const named = listAt(answer, 'value').find((one) => textAt(one, 'name', 'value') === metric);
	for (const series of listAt(named, 'timeseries')) {
		const dimension = listAt(series, 'metadatavalues').find(
			(one) => textAt(one, 'name', 'value').toLowerCase() === 'vmname',
		);
		const name = textAt(dimension, 'value').toLowerCase();
		for (const point of listAt(series, 'data')) {
			const [value, atMs] = [numberAt(point, 'average'), Date.parse(textAt(point, 'timeStamp'))];
			if (name === '' || value === null || Number.isNaN(atMs)) continue;
			if (atMs >= (found.get(name)?.atMs ?? 0)) found.set(name, { value, atMs });
		}
	}
	return found;
}
