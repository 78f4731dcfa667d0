/** Tries policies out on a load, side by side, and beside two that no policy can have. */
import type { ScalePolicy } from '../policy.ts';
import { type Controller, plannedController } from './controller.ts';
import type { Engine, EngineName, StepArrivals } from './engine.ts';
import { EventEngine } from './event-engine.ts';
import { Fleet } from './fleet.ts';
import { FluidEngine } from './fluid-engine.ts';
import { Arrivals, type Load, STEP_MS } from './load.ts';
import type { Model } from './model.ts';
import { firstLack, needsOf, orderedAhead, rateMeant } from './needs.ts';
import { type Outcome, OutcomeRecorder } from './outcome.ts';
import { PolicyController } from './policy-controller.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedPolicy } from './simulated-policy.ts';

/** From so many requests on, the mean course is reckoned instead of each of them. */
export const MANY_REQUESTS = 4_000_000;

/** A warm-up that is learned is as long as starts take, and no longer than this. */
const LEARNED_MOST_MS = 60_000;

export interface Simulation {
	load: Load;
	model: Model;
	/** At least one; baselines and the first lack are reckoned for the first. */
	policies: readonly SimulatedPolicy[];
	engine: EngineName;
	seed: number;
	/** Instances at the begin; null: as many as the load needs then, within the policy's bounds. */
	first: number | null;
	baselines: boolean;
}

export interface Simulated {
	policies: Outcome[];
	/** Always as many as the highest load needs. null: not asked for. */
	peak: Outcome | null;
	/** Always as many as needed, ordered in time since the load is known; null: not asked for. */
	clairvoyant: Outcome | null;
}

export function engineFor(load: Load): EngineName {
	return load.total > MANY_REQUESTS ? 'fluid' : 'events';
}

/** The same arguments give the same outcome. */
export function simulate(simulation: Simulation): Simulated {
	const { load, policies, engine, seed, baselines } = simulation;
	const runs = policies.map((policy) => policyRun(policy, simulation));
	const planned = baselines ? baselineRuns(simulation) : [];
	const all = [...runs, ...planned];
	const arrivals = new Arrivals(load, new SeededRandom(seed));
	for (let step = 0; step < load.counts.length; step++) {
		if (engine === 'events') {
			const now = arrivals.of(step);
			for (const run of all) run.step(now, step);
		} else for (const run of all) run.step(load.counts[step] as number, step);
	}
	const [peak = null, clairvoyant = null] = planned.map((run) => run.end());
	return { policies: runs.map((run) => run.end()), peak, clairvoyant };
}

interface Run {
	step(arrivals: StepArrivals | number, step: number): void;
	end(): Outcome;
}

interface RunFacts {
	name: string;
	first: number;
	ignoredMs: number;
	flapMs: number | null;
	lackStep: number;
	controller: Controller;
}

function policyRun(simulated: SimulatedPolicy, simulation: Simulation): Run {
	const { load, model, seed } = simulation;
	const { policy } = simulated;
	const rate = rateMeant(policy, model);
	const needs = needsOf(load, rate, 0);
	const first = simulation.first ?? within(needs[0] ?? 0, policy);
	return startRun(simulation, {
		name: simulated.name,
		first,
		ignoredMs: policy.warmUpMs ?? Math.min(LEARNED_MOST_MS, model.startUp.meanMs),
		flapMs: policy.flaps?.overMs ?? null,
		lackStep: firstLack(load, rate * (1 + policy.out.tolerance), first),
		controller: new PolicyController(simulated, model, { seed, fromMs: load.fromMs }),
	});
}

function within(size: number, { min, max }: ScalePolicy): number {
	return Math.max(min, Math.min(max, size));
}

/** They keep the policy's target within its tolerance, and `min`; `max` does not bind them. */
function baselineRuns(simulation: Simulation): [Run, Run] {
	const { load, model, policies } = simulation;
	const { policy } = policies[0] as SimulatedPolicy;
	const rate = rateMeant(policy, model) * (1 + policy.out.tolerance);
	const needs = needsOf(load, rate, Math.max(1, policy.min));
	const peak = needs.reduce((most, need) => Math.max(most, need), 0);
	// The slowest start that is likely; a warm instance is one that is ready for so long.
	const aheadMs = model.startUp.quantile(0.999) + model.warmUpMs;
	const ordered = orderedAhead(needs, Math.ceil(aheadMs / STEP_MS) + 1);
	const planned = (name: string, sizeAt: (step: number) => number) =>
		startRun(simulation, {
			...{ name, first: sizeAt(0), ignoredMs: 0, flapMs: null, lackStep: -1 },
			controller: plannedController(sizeAt),
		});
	return [
		planned('fixed at peak', () => peak),
		planned('clairvoyant', (step) => ordered[Math.min(step, ordered.length - 1)] ?? peak),
	];
}

function startRun(simulation: Simulation, facts: RunFacts): Run {
	const { load, model, seed } = simulation;
	const { name, first, ignoredMs, controller } = facts;
	const { fromMs } = load;
	// Each run draws the same times for the same requests, so that they differ by their decisions alone.
	const fleet = new Fleet({
		...{ startUp: model.startUp, warmUpMs: model.warmUpMs, ignoredMs },
		...{ random: new SeededRandom(seed + 1), first: { atMs: fromMs, size: first } },
	});
	const engine: Engine & { arriveMany?(count: number): void } =
		simulation.engine === 'events'
			? new EventEngine(model, fleet, { random: new SeededRandom(seed + 2), fromMs })
			: new FluidEngine(model, fleet, fromMs);
	const recorder = new OutcomeRecorder({
		...{ name, fromMs, steps: load.counts.length, flapMs: facts.flapMs },
		lackMs: facts.lackStep < 0 ? null : fromMs + facts.lackStep * STEP_MS,
	});
	let endMs = fromMs;
	return {
		step(arrivals, step) {
			if (typeof arrivals === 'number') engine.arriveMany?.(arrivals);
			else engine.arrive(arrivals);
			endMs = fromMs + (step + 1) * STEP_MS;
			const seen = { figures: engine.endStep(endMs), fleet };
			recorder.step(seen);
			controller.observe(seen);
			const decision = controller.decide(seen);
			if (decision === null || decision.desired === fleet.desired) return;
			const change = { atMs: endMs, from: fleet.desired, to: decision.desired, limitedBy: decision.limitedBy };
			recorder.resized(change, fleet.ready);
			engine.resize(decision.desired);
		},
		end: () => recorder.end(fleet.paidMs(endMs)),
	};
}
