/** Moments of a pool, for tests. */
import type { HeldBack, ScalingSamples, SignalValue } from './samples.ts';
import { samplesOf } from './testing-policy.ts';

/** What happens at a moment, as seen from outside of the pool. */
export interface Moment {
	/** In instances' worth of CPU. */
	load: number;
	latency: number;
	missing: number;
	ignored: number;
	unread: boolean;
	warming: number;
	starting: number;
	held: number;
	idleForMs: number | null;
	errorRate: number | null;
	rollout: boolean;
	providerTrouble: HeldBack;
	stepMs: number;
}

/** What a pool of this size would show of a moment. */
export function showsOf(moment: Moment, desired: number): ScalingSamples {
	const { load, latency, missing, ignored, unread, warming, starting, stepMs: _, ...rest } = moment;
	const silent = Math.min(desired, missing + ignored);
	const counted = desired - silent;
	const cpu: SignalValue = {
		sum: desired === 0 ? 0 : (load * counted) / desired,
		...{ counted, missing: Math.min(missing, silent), ignored: Math.max(0, silent - missing) },
	};
	return samplesOf(
		desired,
		{
			...{ cpu, load: cpu, slack: cpu, requestsPerSecond: { value: load * 150 } },
			p95: unread ? null : { value: latency },
		},
		{ ...rest, warming: Math.min(warming, desired), starting: Math.min(starting, desired) },
	);
}
