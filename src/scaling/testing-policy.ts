/** Policies and samples for tests. */
import type { ScalePolicy, Signal } from './policy.ts';
import type { ScalingSamples, SignalValue } from './samples.ts';

export const CPU: Signal = { name: 'cpu', source: { from: 'cpu' }, kind: 'each', target: 0.6, unit: 'ratio' };
export const REQUESTS: Signal = {
	...{ name: 'requestsPerSecond', source: { from: 'requests' }, kind: 'total' },
	...{ target: 100, unit: 'per-second' },
};
export const P95: Signal = {
	...{ name: 'p95', kind: 'level', target: 0.3, unit: 'seconds' },
	source: { from: 'figure', query: { figure: 'p95', where: {}, by: [], overMs: 30_000 } },
};

/** HPA's defaults of behaviour where `extra` says nothing else, but no window. */
export function policyOf(extra: Partial<ScalePolicy> = {}): ScalePolicy {
	const free = { tolerance: 0.1, windowMs: 0, cooldownMs: 0, rates: [], select: 'max' } as const;
	return {
		...{ min: 1, max: 100, mode: 'on', signals: [CPU], steps: [], schedules: [] },
		...{ windowMs: 30_000, panic: null, peakOverMs: 0, out: free, in: free, warmUpMs: null, flaps: null },
		...{ brakeErrorRate: null, idleMs: 300_000, size: { cpu: null, memoryBytes: null }, vertical: null },
		nativeAutoscaler: 'refuse',
		...extra,
	};
}

/** All instances ready and warm. `readings`: by signal, the same over both windows. */
export function samplesOf(
	desired: number,
	readings: Readonly<Record<string, SignalValue | null>>,
	extra: Partial<ScalingSamples> = {},
): ScalingSamples {
	return {
		...{ desired, ready: desired, warming: 0, starting: 0, failures: {}, held: 0, idleForMs: 0 },
		...{ errorRate: null, rollout: false, providerTrouble: { out: null, in: null } },
		readings: Object.fromEntries(
			Object.entries(readings).map(([name, value]) => [name, { stable: value, panic: value }]),
		),
		...extra,
	};
}

/** So many instances with a mean. */
export function each(mean: number, counted: number, others: { missing?: number; ignored?: number } = {}): SignalValue {
	return { sum: mean * counted, counted, missing: others.missing ?? 0, ignored: others.ignored ?? 0 };
}
