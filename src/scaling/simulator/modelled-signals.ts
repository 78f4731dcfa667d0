/** The values of a policy's signals, from what the model knows; gathered as the live loop does it. */
import { BallastError } from '../../core/errors.ts';
import { inert } from '../../core/inert.ts';
import type { ScalePolicy, SignalSource } from '../policy.ts';
import type { SignalReading, SignalValue } from '../samples.ts';
import type { Seen } from './controller.ts';
import { cpuShareOf, type Model } from './model.ts';
import { RecentSteps } from './recent-steps.ts';

export type ModelledSignal =
	/** A value each second, put into the policy's windows. */
	| { name: string; value(seen: Seen): SignalValue }
	/** A figure, which has windows of its own. */
	| { name: string; observe(seen: Seen): void; read(): SignalReading };

const MODELLED =
	'cpu, requests, in-flight requests, latency (p50 to p99.9, latency.mean), error_rate, errors and instances.ready';

/** All of a policy's signals and steps. Throws `bad_command` where the model has nothing of the kind. */
export function modelledSignals(policy: ScalePolicy, model: Model): ModelledSignal[] {
	const signals = new Map<string, ModelledSignal>();
	for (const { name, source } of [...policy.signals, ...policy.steps]) {
		if (!signals.has(name)) signals.set(name, modelledSignal({ name, source, policy }, model));
	}
	return [...signals.values()];
}

function modelledSignal(
	{ name, source, policy }: { name: string; source: SignalSource; policy: ScalePolicy },
	model: Model,
): ModelledSignal {
	switch (source.from) {
		case 'cpu':
			return cpuSignal(name, model);
		case 'requests':
			return { name, value: ({ figures }) => ({ value: (figures.arrivals * 1000) / figures.stepMs }) };
		case 'in-flight':
			return { name, value: ({ figures }) => ({ value: figures.inFlight }) };
		case 'memory':
			throw noModel(name, 'how much memory an instance takes');
		case 'prometheus':
			throw noModel(name, 'what a Prometheus answers');
		default:
			return figureSignal(name, source.query, policy);
	}
}

/** Each instance has its share of all work: least connections sees to it. */
function cpuSignal(name: string, model: Model): ModelledSignal {
	const share = cpuShareOf(model);
	const value = ({ figures, fleet }: Seen): SignalValue => {
		const ignored = fleet.ignored(figures.atMs);
		const counted = fleet.ready - ignored;
		const all = (figures.busyMs / figures.stepMs) * share;
		const sum = fleet.ready > 0 ? (all * counted) / fleet.ready : 0;
		return { sum, counted, missing: 0, ignored: ignored + fleet.starting };
	};
	return { name, value };
}

/** null: it has no value. */
type ReadFigure = (recent: RecentSteps) => number | null;

const FIGURES: Readonly<Record<string, ReadFigure>> = {
	requests: ({ arrivals, ms }) => (arrivals * 1000) / ms,
	errors: ({ unmet, ms }) => (unmet * 1000) / ms,
	error_rate: ({ unmet, completed }) => (unmet + completed > 0 ? unmet / (unmet + completed) : null),
	in_flight: ({ inFlightMs, ms }) => inFlightMs / ms,
	'latency.mean': ({ latency }) => seconds(latency.meanMs),
};

function figureSignal(
	name: string,
	query: Extract<SignalSource, { from: 'figure' }>['query'],
	{ windowMs, panic }: ScalePolicy,
): ModelledSignal {
	const { figure, overMs } = query;
	if (figure === 'instances.ready') return readySignal(name);
	const percentile = /^p(\d{2}(?:\.\d+)?|\d{3})$/.exec(figure)?.[1];
	const share = Number(`0.${percentile?.replace('.', '')}`);
	const known = Object.hasOwn(FIGURES, figure) ? FIGURES[figure] : undefined;
	const read = percentile === undefined ? known : ({ latency }: RecentSteps) => seconds(latency.percentile(share));
	if (read === undefined) throw noModel(name, `the figure ${figure}`);
	const timed = percentile !== undefined || figure === 'latency.mean';
	const stable = new RecentSteps(overMs === 0 ? windowMs : overMs, timed);
	const rush = panic === null || overMs !== 0 ? null : new RecentSteps(panic.windowMs, timed);
	return {
		name,
		observe(seen) {
			stable.add(seen);
			rush?.add(seen);
		},
		read: () => ({ stable: valued(read(stable)), panic: rush === null ? null : valued(read(rush)) }),
	};
}

function readySignal(name: string): ModelledSignal {
	let ready = 0;
	return {
		name,
		observe({ fleet }) {
			ready = fleet.ready;
		},
		read: () => ({ stable: { value: ready }, panic: { value: ready } }),
	};
}

function valued(value: number | null): SignalValue | null {
	return value === null || !Number.isFinite(value) ? null : { value };
}

function seconds(ms: number | null): number | null {
	return ms === null ? null : ms / 1000;
}

function noModel(name: string, what: string): BallastError {
	return new BallastError(
		'bad_command',
		`the signal \`${inert(name)}\` cannot be simulated: a trace does not say ${inert(what)}\nmodelled are ${MODELLED}; --without ${inert(name)} leaves it out`,
	);
}
