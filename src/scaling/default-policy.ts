import type { ScalePolicy } from './policy.ts';

const COOLDOWN_MS = 300_000;

/**
 * What holds where a `scale` says nothing: HPA's rates and stabilisation, a window of half a minute and
 * Knative's panic window, since values are here a second after they were.
 */
export const DEFAULT_SCALE: ScalePolicy = {
	min: 2,
	max: 2,
	mode: 'on',
	signals: [],
	steps: [],
	schedules: [],
	windowMs: 30_000,
	panic: { windowMs: 6000, threshold: 2 },
	peakOverMs: 0,
	out: {
		tolerance: 0.1,
		windowMs: 0,
		cooldownMs: 0,
		rates: [
			{ instances: 4, periodMs: 15_000 },
			{ share: 1, periodMs: 15_000 },
		],
		select: 'max',
	},
	in: {
		tolerance: 0.1,
		windowMs: COOLDOWN_MS,
		cooldownMs: COOLDOWN_MS,
		rates: [{ share: 1, periodMs: 15_000 }],
		select: 'max',
	},
	warmUpMs: null,
	flaps: { most: 3, overMs: 600_000 },
	brakeErrorRate: 0.2,
	idleMs: 300_000,
	size: { cpu: null, memoryBytes: null },
	vertical: {
		mode: 'recommend',
		minCpu: 0.1,
		maxCpu: null,
		minMemoryBytes: 67_108_864,
		maxMemoryBytes: null,
	},
	nativeAutoscaler: 'refuse',
};
