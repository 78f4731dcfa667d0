/** All that a simulation says, for the terminal, JSON and HTML alike. */
import type { ScalePolicy } from '../policy.ts';
import { timeText } from './distribution.ts';
import type { EngineName } from './engine.ts';
import { type Load, STEP_MS } from './load.ts';
import { capacityOf, type Model, placesOf } from './model.ts';
import type { Outcome } from './outcome.ts';
import type { Simulated } from './simulate.ts';

export interface Report {
	trace: {
		/** What it is called: the file, or what it was generated from. */
		name: string;
		kind: string;
		fromMs: number;
		spanMs: number;
		requests: number;
		meanPerSecond: number;
		mostPerSecond: number;
	};
	model: {
		serviceTime: string;
		/** `given`, `learned from the trace`, `assumed`. */
		serviceTimeFrom: string;
		startUp: string;
		concurrency: number;
		places: number;
		/** Requests a second that one instance can do. */
		capacity: number;
		patienceMs: number;
	};
	engine: EngineName;
	seed: number;
	policies: Outcome[];
	peak: Outcome | null;
	clairvoyant: Outcome | null;
	/** For an instance and hour; null: not said. */
	costPerHour: number | null;
	/** What to bear in mind, a sentence each. */
	notes: string[];
}

export interface ReportFacts {
	name: string;
	load: Load;
	model: Model;
	serviceTimeFrom: string;
	policy: ScalePolicy;
	engine: EngineName;
	seed: number;
	costPerHour: number | null;
}

export function reportOf({ policies, peak, clairvoyant }: Simulated, facts: ReportFacts): Report {
	const { name, load, model, engine, seed, costPerHour, serviceTimeFrom } = facts;
	const seconds = (load.counts.length * STEP_MS) / 1000;
	return {
		trace: {
			name,
			kind: load.kind,
			fromMs: load.fromMs,
			spanMs: seconds * 1000,
			requests: Math.round(load.total),
			meanPerSecond: load.total / seconds,
			mostPerSecond: load.counts.reduce((most, count) => Math.max(most, count), 0) / (STEP_MS / 1000),
		},
		model: {
			serviceTime: model.serviceTime.text,
			serviceTimeFrom,
			startUp: model.startUp.text,
			concurrency: model.concurrency,
			places: placesOf(model),
			capacity: capacityOf(model),
			patienceMs: model.patienceMs,
		},
		...{ engine, seed, policies, peak, clairvoyant, costPerHour },
		notes: notesOf(facts),
	};
}

/** null: nobody said what an hour costs. */
export function costOf(outcome: Outcome, costPerHour: number | null): number | null {
	return costPerHour === null ? null : (outcome.instanceSeconds / 3600) * costPerHour;
}

function notesOf({ load, model, policy, serviceTimeFrom }: ReportFacts): string[] {
	const notes: string[] = [];
	const { read, bad, skipped, firstBad } = load.lines;
	if (bad > 0) notes.push(`${bad} of ${read} lines were left out: line ${firstBad?.line}: ${firstBad?.why}`);
	if (skipped > 0) notes.push(`${skipped} of ${read} lines are no requests of this service`);
	if (serviceTimeFrom === 'assumed')
		notes.push('how long requests take was assumed, since neither the trace nor --service-time says it');
	if (policy.mode === 'shadow' || policy.mode === 'off')
		notes.push(`mode is ${policy.mode}; simulated as if it were on`);
	const capacity = capacityOf(model);
	for (const { source, target, name } of policy.signals) {
		if (source.from === 'requests' && target > capacity)
			notes.push(
				`${name} ${target} is never reached: an instance of this model does ${+capacity.toPrecision(3)} requests/s`,
			);
		if (source.from === 'in-flight' && target > placesOf(model))
			notes.push(`${name} ${target} has requests wait: an instance of this model works on ${placesOf(model)} at once`);
	}
	for (const { source, target, name } of policy.signals) {
		const percentile = source.from === 'figure' ? /^p(\d\d)$/.exec(source.query.figure) : null;
		const aloneMs = percentile === null ? 0 : model.serviceTime.quantile(Number(percentile[1]) / 100);
		if (aloneMs > target * 1000)
			notes.push(
				`${name} is always over ${timeText(target * 1000)}: requests take ${timeText(aloneMs)} even without waiting`,
			);
	}
	if (policy.signals.length + policy.steps.length + policy.schedules.length === 0)
		notes.push('the policy has no signal, so its size does not change');
	return notes;
}
