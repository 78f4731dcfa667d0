/** What size an instance needs, from what instances of its pool used: the rules of Kubernetes' VPA. */
import type { InstanceSize, VerticalPolicy } from '../policy.ts';
import { type SavedHistogram, UsageHistogram } from './usage-histogram.ts';

const DAY_MS = 86_400_000;
/** Added to what is used. */
const MARGIN = 1.15;
/** Memory counts by its peak of a day; so many days are looked at. */
const PEAK_MS = DAY_MS;
/** After an out-of-memory kill: at least so much more than there was. */
const OOM_FACTOR = 1.2;
const OOM_BYTES = 100 * 1_048_576;
/** Fewer hours of samples are not enough for an advice. */
const LEAST_MS = 3_600_000;
/** A size within this of the recommended one is right. */
const NEAR = 0.15;

export interface SizeBounds {
	/** Median, p90 and p95 with the margin; cores or bytes. */
	lower: number;
	target: number;
	upper: number;
}

export interface SizeAdvice {
	/** null: nothing is known yet. */
	cpu: SizeBounds | null;
	memoryBytes: SizeBounds | null;
	/** Hours of samples. */
	hours: number;
	/** An instance ran out of memory since the last size was given. */
	ranOut: boolean;
}

interface Peak {
	/** Bytes. */
	value: number;
	/** When the interval began. */
	sinceMs: number;
}

export interface SavedUsage {
	cpu: SavedHistogram;
	memory: SavedHistogram;
	peaks: readonly (readonly [instance: string, value: number, sinceMs: number])[];
	sinceMs: number;
	lastMs: number;
}

export class PoolUsage {
	readonly #cpu = new UsageHistogram({ first: 0.01, most: 1000, halfLifeMs: DAY_MS });
	readonly #memory = new UsageHistogram({ first: 10_000_000, most: 1e12, halfLifeMs: DAY_MS });
	readonly #peaks = new Map<string, Peak>();
	#sinceMs = 0;
	#lastMs = 0;
	#ranOut = false;

	/** What one instance used. NaN: not known. */
	add(instance: string, { cores, memoryBytes }: { cores: number; memoryBytes: number }, atMs: number): void {
		if (this.#sinceMs === 0) this.#sinceMs = atMs;
		this.#lastMs = atMs;
		// A little more for busy moments, as the VPA weighs CPU by what is requested.
		if (cores >= 0) this.#cpu.add(cores, atMs, Math.max(0.1, cores));
		if (memoryBytes >= 0) this.#addPeak(instance, memoryBytes, atMs);
	}

	#addPeak(instance: string, bytes: number, atMs: number): void {
		const peak = this.#peaks.get(instance);
		if (peak === undefined || atMs - peak.sinceMs >= PEAK_MS) {
			this.#memory.add(bytes, atMs);
			this.#peaks.set(instance, { value: bytes, sinceMs: atMs });
		} else if (bytes > peak.value) {
			this.#memory.add(peak.value, peak.sinceMs, -1);
			this.#memory.add(bytes, peak.sinceMs);
			peak.value = bytes;
		}
	}

	/** An instance was ended since it used more memory than there was. @param bytes what it had, or its limit */
	outOfMemory(instance: string, bytes: number, atMs: number): void {
		this.#ranOut = true;
		this.#addPeak(instance, Math.max(bytes * OOM_FACTOR, bytes + OOM_BYTES), atMs);
	}

	/** Instances were given another size: what they ran out of before is answered. */
	given(): void {
		this.#ranOut = false;
	}

	/** Forgets the peaks of instances that are no more; what they used stays known. */
	keep(instances: ReadonlySet<string>): void {
		for (const instance of this.#peaks.keys()) if (!instances.has(instance)) this.#peaks.delete(instance);
	}

	advice(policy: VerticalPolicy): SizeAdvice {
		const { minCpu, maxCpu, minMemoryBytes, maxMemoryBytes } = policy;
		return {
			cpu: bounds(this.#cpu, minCpu, maxCpu),
			memoryBytes: bounds(this.#memory, minMemoryBytes, maxMemoryBytes),
			hours: (this.#lastMs - this.#sinceMs) / 3_600_000,
			ranOut: this.#ranOut,
		};
	}

	save(): SavedUsage {
		return {
			cpu: this.#cpu.save(),
			memory: this.#memory.save(),
			peaks: [...this.#peaks].map(([instance, { value, sinceMs }]) => [instance, value, sinceMs]),
			sinceMs: this.#sinceMs,
			lastMs: this.#lastMs,
		};
	}

	/** What is not understood is left out. */
	load(saved: unknown): void {
		const { cpu, memory, peaks, sinceMs, lastMs } = (saved ?? {}) as Partial<Record<keyof SavedUsage, unknown>>;
		if (typeof sinceMs !== 'number' || typeof lastMs !== 'number') return;
		this.#cpu.load(cpu);
		this.#memory.load(memory);
		this.#sinceMs = sinceMs;
		this.#lastMs = lastMs;
		for (const peak of Array.isArray(peaks) ? (peaks as unknown[]) : []) {
			const [instance, value, since] = Array.isArray(peak) ? (peak as unknown[]) : [];
			if (typeof instance === 'string' && typeof value === 'number' && typeof since === 'number')
				this.#peaks.set(instance, { value, sinceMs: since });
		}
	}
}

function bounds(histogram: UsageHistogram, min: number, max: number | null): SizeBounds | null {
	const at = (share: number): number =>
		Math.min(max ?? Number.POSITIVE_INFINITY, Math.max(min, (histogram.percentile(share) ?? 0) * MARGIN));
	return histogram.percentile(0.9) === null ? null : { lower: at(0.5), target: at(0.9), upper: at(0.95) };
}

/**
 * The size to give; null: the present one is right, or too little is known. One that is not bounded is given
 * bounds only by `apply`.
 */
export function adviseSize(
	now: InstanceSize,
	advice: SizeAdvice,
	{ mode }: Pick<VerticalPolicy, 'mode'>,
): InstanceSize | null {
	const known = advice.hours * 3_600_000 >= LEAST_MS;
	if (!known && !advice.ranOut) return null;
	const cpu = known ? next(now.cpu, advice.cpu, mode) : now.cpu;
	const more = advice.ranOut ? above(now.memoryBytes, advice.memoryBytes) : null;
	const memoryBytes = more ?? (known ? next(now.memoryBytes, advice.memoryBytes, mode) : now.memoryBytes);
	if (cpu === now.cpu && memoryBytes === now.memoryBytes) return null;
	return {
		cpu: cpu === null ? null : roundCores(cpu),
		memoryBytes: memoryBytes === null ? null : roundBytes(memoryBytes),
	};
}

/** Between the bounds it stays as it is: not each new percentile is a reason to replace instances. */
function next(now: number | null, found: SizeBounds | null, mode: VerticalPolicy['mode']): number | null {
	if (found === null || (now === null && mode === 'recommend')) return now;
	if (now !== null && now >= found.lower && now <= found.upper) return now;
	if (now !== null && Math.abs(now / found.target - 1) <= NEAR) return now;
	return found.target;
}

/** Who ran out of memory is not left alone between the bounds. */
function above(now: number | null, found: SizeBounds | null): number | null {
	return now !== null && found !== null && found.target > now ? found.target : null;
}

/** To hundredths of a core, up; to MiB, up. */
const roundCores = (cores: number): number => Math.ceil(cores * 100 - 1e-9) / 100;
const roundBytes = (bytes: number): number => Math.ceil(bytes / 1_048_576) * 1_048_576;
