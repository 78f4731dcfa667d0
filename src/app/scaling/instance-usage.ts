/** What each instance uses of what it is given, from totals that are read every few seconds. */
import type { ProcessReading } from '../../metrics/node-readers.ts';
import type { InstanceValue } from '../../scaling/classify.ts';
import type { InstanceSize } from '../../scaling/policy.ts';

export type InstanceReading = Pick<ProcessReading, 'cpuSeconds' | 'memoryBytes'> & { instance: string };

/** Written in place: there is one for each instance, each second. */
interface Known {
	cpuSeconds: number;
	/** When the total was seen to change. */
	changedMs: number;
	/** Cores in use; NaN: not known yet. */
	cores: number;
	memoryBytes: number;
	seenMs: number;
}

/** A total that did not change for so long was not read: an idle process uses some CPU now and then, a page is late, ms. */
const SAME_MS = 4000;
/** Older values say nothing of now, ms. */
const STALE_MS = 60_000;
const PRUNE_MS = 10_000;

export class InstanceUsage {
	readonly #known = new Map<string, Known>();
	#prunedMs = 0;

	/** Totals as they are known now; those that stay the same may just not have been read anew. */
	read(readings: Iterable<InstanceReading>, nowMs: number): void {
		for (const { instance, cpuSeconds, memoryBytes } of readings) {
			const known = this.#known.get(instance);
			if (known === undefined) {
				this.#known.set(instance, { cpuSeconds, changedMs: nowMs, cores: Number.NaN, memoryBytes, seenMs: nowMs });
				continue;
			}
			known.memoryBytes = memoryBytes;
			known.seenMs = nowMs;
			if (cpuSeconds === known.cpuSeconds && nowMs - known.changedMs < SAME_MS) continue;
			const cores = (cpuSeconds - known.cpuSeconds) / ((nowMs - known.changedMs) / 1000);
			// Less than before: another process.
			known.cores = cores >= 0 ? cores : Number.NaN;
			known.cpuSeconds = cpuSeconds;
			known.changedMs = nowMs;
		}
		if (nowMs - this.#prunedMs < PRUNE_MS) return;
		this.#prunedMs = nowMs;
		for (const [instance, { seenMs }] of this.#known) if (nowMs - seenMs > STALE_MS) this.#known.delete(instance);
	}

	/** Of its `size.cpu`, or of one core. */
	cpu(size: InstanceSize): { get(id: string): InstanceValue | undefined } {
		const given = size.cpu ?? 1;
		return {
			get: (id) => {
				const known = this.#known.get(id);
				return known === undefined || Number.isNaN(known.cores)
					? undefined
					: { value: known.cores / given, atMs: known.changedMs };
			},
		};
	}

	/** Of its `size.memory`, or of the machine's. @param machineBytes NaN: not known */
	memory(size: InstanceSize, machineBytes: number): { get(id: string): InstanceValue | undefined } {
		const whole = size.memoryBytes ?? machineBytes;
		return {
			get: (id) => {
				const known = this.#known.get(id);
				return known === undefined || !(whole > 0) || Number.isNaN(known.memoryBytes)
					? undefined
					: { value: known.memoryBytes / whole, atMs: known.seenMs };
			},
		};
	}
}
