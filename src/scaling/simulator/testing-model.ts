/** Models, policies and loads for tests. */
import type { ScalePolicy, Signal } from '../policy.ts';
import { policyOf } from '../testing-policy.ts';
import { constant, type Distribution, lognormal } from './distribution.ts';
import { generateTrace } from './generate-trace.ts';
import type { Load } from './load.ts';
import type { Model } from './model.ts';
import { type Simulated, type Simulation, simulate } from './simulate.ts';
import { simulatedPolicy } from './simulated-policy.ts';

export const REQUESTS_75: Signal = {
	...{ name: 'requestsPerSecond', source: { from: 'requests' }, kind: 'total' },
	...{ target: 75, unit: 'per-second' },
};

/** Ten requests at once, 80 ms each in the mean, ready after 2 s. */
export function modelOf(extra: Partial<Model> = {}): Model {
	return {
		serviceTime: lognormal(80, 400) as Distribution,
		...{ concurrency: 10, cpuMs: null, cores: 1, startUp: constant(2000), warmUpMs: 0, warmUpFactor: 1 },
		...{ patienceMs: 10_000, queue: Number.POSITIVE_INFINITY, hold: 1000 },
		...extra,
	};
}

/** By requests, with a panic window and five minutes before it goes in. */
export function requestsPolicy(extra: Partial<ScalePolicy> = {}): ScalePolicy {
	const rates = [
		{ instances: 4, periodMs: 15_000 },
		{ share: 1, periodMs: 15_000 },
	];
	return policyOf({
		...{ min: 2, max: 1000, signals: [REQUESTS_75], panic: { windowMs: 6000, threshold: 2 } },
		out: { tolerance: 0.1, windowMs: 0, cooldownMs: 0, rates, select: 'max' },
		in: { tolerance: 0.1, windowMs: 300_000, cooldownMs: 300_000, rates: rates.slice(1), select: 'max' },
		...extra,
	});
}

export function simulated(trace: string | Load, extra: Partial<Simulation> = {}): Simulated {
	const load = typeof trace === 'string' ? generateTrace(trace, 1) : trace;
	const policies = [simulatedPolicy('it', requestsPolicy())];
	return simulate({
		load,
		model: modelOf(),
		policies,
		engine: 'events',
		seed: 1,
		first: null,
		baselines: true,
		...extra,
	});
}
