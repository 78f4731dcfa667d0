/** What an HPA at its defaults would have done with the same load, and what this policy does by the simulator's model. */
import { constant } from '../../src/scaling/simulator/distribution.ts';
import { forecast } from '../../src/scaling/simulator/forecast.ts';
import type { Model } from '../../src/scaling/simulator/model.ts';
import type { Outcome } from '../../src/scaling/simulator/outcome.ts';
import { hpaPolicy, simulatedPolicy } from '../../src/scaling/simulator/simulated-policy.ts';
import { neededOf, type StepPlan } from './plan.ts';
import type { StepRun } from './step-run.ts';

/** Of an HPA: it goes in 5 minutes after the rush at the earliest. */
const AFTER_SECONDS = 480;

export interface Reaction {
	/** Since the step; null: never. */
	decidedMs: number | null;
	/** Until as many are ordered as it needs, since the step. */
	orderedMs: number | null;
	most: number;
	/** Since the end of the rush. */
	backMs: number | null;
}

export function forecasts(run: StepRun, plan: StepPlan): { hpa: Reaction; ballast: Reaction } {
	const rows = rowsOf(run, plan);
	const model: Model = {
		...{ serviceTime: constant(Math.max(1, run.p50Ms)), concurrency: 100, cpuMs: null, cores: 1 },
		...{ startUp: constant(run.startMs), warmUpMs: 0, warmUpFactor: 1 },
		...{ patienceMs: 10_000, queue: Number.POSITIVE_INFINITY, hold: 1000 },
	};
	const of = (policy: Parameters<typeof forecast>[1]): Reaction =>
		reactionOf(forecast(rows, policy, { model, first: plan.min }), run, plan);
	return { hpa: of(hpaPolicy(run.policy)), ballast: of(simulatedPolicy('ballast', run.policy)) };
}

/** Each second of the plan, at the times of the run. */
function rowsOf({ stepMs }: StepRun, plan: StepPlan): [number, number][] {
	const seconds = plan.calmSeconds + plan.rushSeconds + AFTER_SECONDS;
	return Array.from({ length: seconds }, (_, at) => {
		const second = at - plan.calmSeconds;
		const rate = second >= 0 && second < plan.rushSeconds ? plan.rush : plan.calm;
		return [stepMs + second * 1000, rate];
	});
}

function reactionOf({ changes, most }: Outcome, { stepMs }: StepRun, plan: StepPlan): Reaction {
	const calmMs = stepMs + plan.rushSeconds * 1000;
	const since = (atMs: number | undefined, fromMs: number): number | null =>
		atMs === undefined ? null : atMs - fromMs;
	return {
		decidedMs: since(changes.find(({ atMs, from, to }) => atMs > stepMs && to > from)?.atMs, stepMs),
		orderedMs: since(changes.find(({ atMs, to }) => atMs > stepMs && to >= neededOf(plan))?.atMs, stepMs),
		most,
		backMs: since(changes.find(({ atMs, to }) => atMs > calmMs && to <= plan.min)?.atMs, calmMs),
	};
}
