/** A policy and how well it sees. */
import type { ScalePolicy, Signal } from '../policy.ts';
import { type Lag, NO_LAG } from './metric-lag.ts';

export interface SimulatedPolicy {
	/** For people: the file that it is from. */
	name: string;
	policy: ScalePolicy;
	/** Time between two decisions, ms, at least 1,000. */
	tickMs: number;
	lag: Lag;
}

export const TICK_MS = 1000;

export function simulatedPolicy(name: string, policy: ScalePolicy): SimulatedPolicy {
	return { name, policy, tickMs: TICK_MS, lag: NO_LAG };
}

const HPA_CPU: Signal = { name: 'cpu', source: { from: 'cpu' }, kind: 'each', target: 0.8, unit: 'ratio' };
const MINUTE = 60_000;

/**
 * Kubernetes' HorizontalPodAutoscaler at its defaults, with the bounds of another policy and its targets that an
 * HPA can have (without any: 80 % CPU, as the HPA has it). It decides each 15 s on figures that are 15 to 60 s old:
 * metrics-server reads each 15 s what kubelets measured over about as long before.
 */
export function hpaPolicy(like: ScalePolicy): SimulatedPolicy {
	const signals = like.signals.filter(({ source }) => source.from !== 'figure');
	const rates = { instances: { instances: 4, periodMs: 15_000 }, share: { share: 1, periodMs: 15_000 } };
	return {
		name: 'hpa',
		tickMs: 15_000,
		lag: { everyMs: 15_000, fromMs: 15_000, toMs: 45_000 },
		policy: {
			...like,
			mode: 'on',
			signals: signals.length > 0 ? signals : [HPA_CPU],
			steps: [],
			schedules: [],
			min: Math.max(1, like.min),
			windowMs: 1000,
			panic: null,
			peakOverMs: 0,
			out: { tolerance: 0.1, windowMs: 0, cooldownMs: 0, rates: [rates.instances, rates.share], select: 'max' },
			in: { tolerance: 0.1, windowMs: 5 * MINUTE, cooldownMs: 0, rates: [rates.share], select: 'max' },
			warmUpMs: 30_000,
			flaps: null,
			brakeErrorRate: null,
		},
	};
}
