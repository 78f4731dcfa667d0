/** What a policy would do with a load that was recorded: a real run can be held against it. */
import { BallastError } from '../../core/errors.ts';
import type { EngineName } from './engine.ts';
import { type Load, LoadBuilder, STEP_MS } from './load.ts';
import type { Model } from './model.ts';
import type { Outcome } from './outcome.ts';
import { engineFor, simulate } from './simulate.ts';
import type { SimulatedPolicy } from './simulated-policy.ts';

export interface ForecastFacts {
	/** What was measured of the instances: service time, places, start-up. */
	model: Model;
	/** Default: by the number of requests. */
	engine?: EngineName;
	/** Default: 1. */
	seed?: number;
	/** Instances at the begin; default: as many as the load needs then, within the policy's bounds. */
	first?: number;
}

/**
 * `rows`: how many requests came at a time, epoch ms, or within the second from it on. A row of 0 keeps the time
 * going where nothing came. `instanceSeconds` of what is returned is to be compared; it counts an instance from its
 * order to its end.
 */
export function forecast(
	rows: Iterable<readonly [timeMs: number, requests: number]>,
	policy: SimulatedPolicy,
	{ model, engine, seed = 1, first }: ForecastFacts,
): Outcome {
	const load = loadOf(rows);
	const [outcome] = simulate({
		...{ load, model, policies: [policy], engine: engine ?? engineFor(load), seed },
		...{ first: first ?? null, baselines: false },
	}).policies;
	return outcome as Outcome;
}

/** Throws `bad_command` where there is no request, or more than 92 days lie between two. */
export function loadOf(rows: Iterable<readonly [timeMs: number, requests: number]>): Load {
	const builder = new LoadBuilder();
	for (const [timeMs, requests] of rows) {
		if (!builder.add(timeMs, requests, requests === 1 ? 0 : STEP_MS))
			throw new BallastError('bad_command', 'more than 92 days lie between two requests');
	}
	if (builder.total === 0) throw new BallastError('bad_command', 'there is no request');
	return builder.build('recorded', { read: 0, bad: 0, skipped: 0, firstBad: null });
}
