/** Which instances say something about a pool: the classes of Kubernetes' HPA (`groupPods`). */
import type { EachValue } from './samples.ts';

/** An instance, as far as it matters here. */
export interface ScaledInstance {
	id: string;
	/** `pending`: on its way. `unready`: running, takes no requests. `leaving`: draining or being deleted. */
	state: 'pending' | 'unready' | 'ready' | 'leaving' | 'failed';
	/** Since when it is ready, epoch ms; null: it is not. */
	readySinceMs: number | null;
}

export interface InstanceValue {
	value: number;
	/** When it was measured, epoch ms. */
	atMs: number;
}

/**
 * Leaving and failed ones are skipped, pending ones ignored; those without a value are missing. Of CPU what an
 * instance used before it was ready, and within `warmUpMs` after it, is ignored: that is the cost of its start.
 * @param cpu The values are CPU: what is not ready or not warm says nothing.
 */
export function classify(
	instances: Iterable<ScaledInstance>,
	values: { get(id: string): InstanceValue | undefined },
	{ cpu, warmUpMs }: { cpu: boolean; warmUpMs: number },
): EachValue {
	const found: EachValue = { sum: 0, counted: 0, missing: 0, ignored: 0 };
	for (const { id, state, readySinceMs } of instances) {
		if (state === 'leaving' || state === 'failed') continue;
		if (state === 'pending') {
			found.ignored++;
			continue;
		}
		const value = values.get(id);
		if (value === undefined || !Number.isFinite(value.value)) found.missing++;
		else if (cpu && (readySinceMs === null || state !== 'ready' || value.atMs < readySinceMs + warmUpMs))
			found.ignored++;
		else {
			found.sum += value.value;
			found.counted++;
		}
	}
	return found;
}
