/** The values of a policy's signals, from what the model knows. */
import { BallastError } from '../../core/errors.ts';
import { inert } from '../../core/inert.ts';
import type { ScalePolicy, Signal, SignalSource } from '../policy.ts';
import type { SignalValue } from '../samples.ts';
import type { StepFigures } from './engine.ts';
import type { Fleet } from './fleet.ts';
import { LogHistogram } from './log-histogram.ts';
import { cpuShareOf, type Model } from './model.ts';

/** What a value is made from. */
export interface Seen {
	figures: StepFigures;
	fleet: Fleet;
}

/** Called for each step. null: there is no value. */
export type ReadSignal = (seen: Seen) => SignalValue | null;

const MODELLED =
	'cpu, requests, in-flight requests, latency (p50 to p99.9, latency.mean), error_rate, errors, held and instances.ready';

/** How a signal or step of a policy is read. Throws `bad_command` where the model has nothing of the kind. */
export function modelledSignal(
	signal: Pick<Signal, 'name' | 'source'> & { kind?: Signal['kind'] },
	model: Model,
): ReadSignal {
	const { source } = signal;
	switch (source.from) {
		case 'cpu':
			return cpuSignal(model);
		case 'requests':
			return ({ figures }) => ({ value: perSecond(figures.arrivals, figures) });
		case 'in-flight':
			return ({ figures }) => ({ value: figures.inFlightMs / figures.stepMs });
		case 'memory':
			throw noModel(signal.name, 'how much memory an instance takes');
		case 'prometheus':
			throw noModel(signal.name, 'what a Prometheus answers');
		default:
			return figureSignal(signal.name, source);
	}
}

/** All of a policy's signals and steps, by their names. */
export function modelledSignals({ signals, steps }: ScalePolicy, model: Model): [name: string, read: ReadSignal][] {
	return [...signals, ...steps].map((signal) => [signal.name, modelledSignal(signal, model)]);
}

/** Each instance has its share of all work: least connections sees to it. */
function cpuSignal(model: Model): ReadSignal {
	const share = cpuShareOf(model);
	return ({ figures, fleet }) => {
		const ignored = fleet.ignored(figures.atMs);
		const counted = fleet.ready - ignored;
		const all = (figures.busyMs / figures.stepMs) * share;
		const sum = fleet.ready > 0 ? (all * counted) / fleet.ready : 0;
		return { sum, counted, missing: 0, ignored: ignored + fleet.starting };
	};
}

function figureSignal(name: string, source: Extract<SignalSource, { from: 'figure' }>): ReadSignal {
	const { figure, overMs } = source.query;
	const percentile = /^p(\d{2}(?:\.\d+)?|\d{3})$/.exec(figure);
	if (percentile !== null) {
		const share = Number(`0.${(percentile[1] as string).replace('.', '')}`);
		return ofLatencies(overMs, (latencies) => latencies.percentile(share));
	}
	if (figure === 'latency.mean') return ofLatencies(overMs, (latencies) => latencies.meanMs);
	const read = FIGURES[figure];
	if (read === undefined || !Object.hasOwn(FIGURES, figure)) throw noModel(name, `the figure ${figure}`);
	return read;
}

const FIGURES: Readonly<Record<string, ReadSignal>> = {
	requests: ({ figures }) => ({ value: perSecond(figures.arrivals, figures) }),
	errors: ({ figures }) => ({ value: perSecond(figures.unmet, figures) }),
	error_rate: ({ figures: { unmet, completed } }) =>
		unmet + completed > 0 ? { value: unmet / (unmet + completed) } : null,
	in_flight: ({ figures }) => ({ value: figures.inFlightMs / figures.stepMs }),
	held: ({ figures }) => ({ value: figures.held }),
	'instances.ready': ({ fleet }) => ({ value: fleet.ready }),
};

/** Seconds. */
function ofLatencies(overMs: number, readMs: (latencies: LogHistogram) => number | null): ReadSignal {
	const recent: LogHistogram[] = [];
	const sum = new LogHistogram();
	let at = 0;
	return ({ figures }) => {
		const steps = Math.max(1, Math.min(3600, Math.round(overMs / figures.stepMs)));
		const oldest = recent[at];
		if (oldest !== undefined) sum.merge(oldest, -1);
		const newest = oldest ?? new LogHistogram();
		newest.clear();
		newest.merge(figures.latency);
		sum.merge(newest);
		recent[at] = newest;
		at = (at + 1) % steps;
		const ms = readMs(sum);
		return ms === null ? null : { value: ms / 1000 };
	};
}

function perSecond(count: number, { stepMs }: StepFigures): number {
	return (count * 1000) / stepMs;
}

function noModel(name: string, what: string): BallastError {
	return new BallastError(
		'bad_command',
		`the signal \`${inert(name)}\` cannot be simulated: a trace does not say ${inert(what)}\nmodelled are ${MODELLED}; --without ${inert(name)} leaves it out`,
	);
}
