/** What one core hands to the next of its fleet, beside the instances themselves. */
import type { InstanceSize } from '../instances/config.ts';

export interface FleetSnapshot {
	readonly version: 1;
	/** Sizes set by hand, by service. */
	readonly scale: Readonly<Record<string, number>>;
	/** What each instance is given, where that was found rather than configured, by service. */
	readonly sizes: Readonly<Record<string, InstanceSize>>;
	/** Learned start-up times, ms, by service. */
	readonly startTimes: Readonly<Record<string, readonly number[]>>;
	/** Ids of the instances that the operator drained. */
	readonly drained: readonly string[];
	/** Regions that the operator drained. */
	readonly regions: readonly string[];
}

export const EMPTY_SNAPSHOT: FleetSnapshot = {
	version: 1,
	scale: {},
	sizes: {},
	startTimes: {},
	drained: [],
	regions: [],
};

/** What the fleet remembers of its services beyond the configuration. */
export class FleetMemory {
	readonly scale = new Map<string, number>();
	readonly sizes = new Map<string, InstanceSize>();
	readonly startTimes = new Map<string, readonly number[]>();
	readonly drained = new Set<string>();
	readonly regions = new Set<string>();

	load(value: unknown): void {
		const snapshot = readSnapshot(value);
		for (const [service, count] of Object.entries(snapshot.scale)) this.scale.set(service, count);
		for (const [service, size] of Object.entries(snapshot.sizes)) this.sizes.set(service, size);
		for (const [service, times] of Object.entries(snapshot.startTimes)) this.startTimes.set(service, times);
		for (const id of snapshot.drained) this.drained.add(id);
		// Unlike an instance, a region that was taken back in meanwhile leaves no other trace.
		this.regions.clear();
		for (const region of snapshot.regions) this.regions.add(region);
	}

	save(): FleetSnapshot {
		return {
			version: 1,
			scale: Object.fromEntries(this.scale),
			sizes: Object.fromEntries(this.sizes),
			startTimes: Object.fromEntries(this.startTimes),
			drained: [...this.drained],
			regions: [...this.regions],
		};
	}
}

/** Reads what another version may have written: what is not understood is left out, nothing fails. */
export function readSnapshot(value: unknown): FleetSnapshot {
	if (!isRecord(value)) return EMPTY_SNAPSHOT;
	const scale: Record<string, number> = {};
	for (const [service, count] of entries(value['scale'])) if (isCount(count)) scale[service] = count;
	const startTimes: Record<string, number[]> = {};
	for (const [service, times] of entries(value['startTimes'])) {
		if (Array.isArray(times)) startTimes[service] = times.filter((time) => typeof time === 'number' && time >= 0);
	}
	const sizes: Record<string, InstanceSize> = {};
	for (const [service, size] of entries(value['sizes'])) {
		const { cpu, memoryBytes } = isRecord(size) ? size : {};
		if (isAmount(cpu) && isAmount(memoryBytes)) sizes[service] = { cpu, memoryBytes };
	}
	return { version: 1, scale, sizes, startTimes, drained: texts(value['drained']), regions: texts(value['regions']) };
}

export function isCount(value: unknown): value is number {
	return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function isAmount(value: unknown): value is number | null {
	return value === null || (typeof value === 'number' && value > 0);
}

function texts(value: unknown): string[] {
	return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entries(value: unknown): [string, unknown][] {
	return isRecord(value) ? Object.entries(value).filter(([key]) => key !== '__proto__') : [];
}
