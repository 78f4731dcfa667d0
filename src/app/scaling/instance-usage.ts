/** What each instance uses of what it is given, from totals that are read every few seconds. */
import type { ProcessReading } from '../../metrics/node-readers.ts';
import type { InstanceValue } from '../../scaling/classify.ts';
import type { InstanceSize } from '../../scaling/policy.ts';

export type InstanceReading = Pick<ProcessReading, 'cpuSeconds' | 'memoryBytes'> & { instance: string };

interface Known {
	cpuSeconds: number;
	atMs: number;
	cores: InstanceValue | undefined;
	memoryBytes: number;
	seenMs: number;
}

/** A total that did not change for so long was not read: an idle process uses some CPU now and then, a page is late, ms. */
const SAME_MS = 4000;
/** Older values say nothing of now, ms. */
const STALE_MS = 60_000;

export class InstanceUsage {
	readonly #known = new Map<string, Known>();

	/** Totals as they are known now; those that stay the same may just not have been read anew. */
	read(readings: Iterable<InstanceReading>, nowMs: number): void {
		for (const { instance, cpuSeconds, memoryBytes } of readings) {
			const known = this.#known.get(instance);
			const fresh = { cpuSeconds, atMs: nowMs, cores: undefined, memoryBytes, seenMs: nowMs };
			if (known === undefined || !(cpuSeconds >= known.cpuSeconds)) this.#known.set(instance, fresh);
			else if (cpuSeconds > known.cpuSeconds || nowMs - known.atMs >= SAME_MS) {
				const cores = (cpuSeconds - known.cpuSeconds) / ((nowMs - known.atMs) / 1000);
				this.#known.set(instance, { ...fresh, cores: { value: cores, atMs: nowMs } });
			} else {
				known.memoryBytes = memoryBytes;
				known.seenMs = nowMs;
			}
		}
		for (const [instance, { seenMs }] of this.#known) if (nowMs - seenMs > STALE_MS) this.#known.delete(instance);
	}

	/** Of its `size.cpu`, or of one core. */
	cpu(size: InstanceSize): { get(id: string): InstanceValue | undefined } {
		const cores = size.cpu ?? 1;
		return {
			get: (id) => {
				const used = this.#known.get(id)?.cores;
				return used === undefined ? undefined : { ...used, value: used.value / cores };
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
