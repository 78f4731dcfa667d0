/** The signals and steps of a `scale`. */
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import type { FigureInfo } from '../core/metric.ts';
import { parseFigureQuery } from '../metrics/query-text.ts';
import type { ScaleLong } from '../scaling/config.ts';
import type { Signal, SignalKind, SignalSource, StepPolicy } from '../scaling/policy.ts';
import { parseChange } from '../scaling/scale-text.ts';
import { FIGURE_CATALOGUE } from './figure-catalogue.ts';
import { readScaleValue, type ScaleUnit } from './scale-values.ts';
import type { Place } from './scope.ts';

/** What is said of a name, wherever it stands. */
export interface Measure {
	source: SignalSource;
	unit: ScaleUnit;
	kind: SignalKind;
}

const OWN: Readonly<Record<string, Measure>> = {
	cpu: { source: { from: 'cpu' }, unit: 'ratio', kind: 'each' },
	memory: { source: { from: 'memory' }, unit: 'ratio', kind: 'each' },
	requestsPerSecond: { source: { from: 'requests' }, unit: 'per-second', kind: 'total' },
	inFlight: { source: { from: 'in-flight' }, unit: 'number', kind: 'total' },
};

/** Names that `perInstance` takes beside figures. */
export const OWN_SIGNALS: readonly string[] = Object.keys(OWN);

interface Targets {
	input: ScaleLong;
	service: string;
	/** Where a key of `scale` stands. */
	at: (key: keyof ScaleLong) => Place;
}

/** What a name stands for; null, and a problem at `place`, when it stands for nothing. */
function measureOf(name: string, place: Place, { input: { metrics }, service, at }: Targets): Measure | null {
	const own = Object.hasOwn(OWN, name) ? OWN[name] : undefined;
	if (own !== undefined) return own;
	const asked = metrics !== undefined && Object.hasOwn(metrics, name) ? metrics[name] : undefined;
	if (asked !== undefined) {
		const headers: Record<string, string> = {};
		for (const [field, value] of Object.entries(asked.headers ?? {})) {
			const text = typeof value === 'object' ? at('metrics').at(name, 'headers', field).secret(value) : String(value);
			if (text !== undefined) headers[field.toLowerCase()] = text;
		}
		return {
			source: { from: 'prometheus', url: asked.prometheus, query: asked.query, headers },
			unit: 'number',
			kind: 'total',
		};
	}
	return figureMeasure(name, place, { metrics, service });
}

function figureMeasure(
	name: string,
	place: Place,
	{ metrics, service }: { metrics: ScaleLong['metrics']; service: string },
): Measure | null {
	try {
		const known = { ...FIGURE_CATALOGUE, defaultOverMs: () => 0 };
		const query = parseFigureQuery(name, known);
		const info = FIGURE_CATALOGUE.find(query.figure) as FigureInfo;
		if (query.by.length > 0) {
			place.problem('expected one value: leave `by` out', { at: 'key' });
			return null;
		}
		const scoped = info.labels.includes('service') && query.where['service'] === undefined;
		const where = scoped ? { ...query.where, service } : query.where;
		const unit: ScaleUnit = info.perSecond && info.unit === 'number' ? 'per-second' : info.unit;
		return { source: { from: 'figure', query: { ...query, where } }, unit, kind: 'total' };
	} catch (error) {
		if (!(error instanceof BallastError)) throw error;
		const words = [...OWN_SIGNALS, ...Object.keys(metrics ?? {}), ...FIGURE_CATALOGUE.list().map((one) => one.name)];
		const near = closest(name, words);
		const unknown = /^[\w.]+$/.test(name) && FIGURE_CATALOGUE.find(name) === undefined;
		const text = unknown
			? `expected ${OWN_SIGNALS.join(', ')}, a name of \`metrics\` or a figure of \`ballast metrics\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`
			: error.message;
		place.problem(text, { at: 'key' });
		return null;
	}
}

/** `perInstance` and `keep`. */
export function resolveSignals(targets: Targets): Signal[] {
	for (const name of Object.keys(targets.input.metrics ?? {})) {
		if (OWN_SIGNALS.includes(name) || FIGURE_CATALOGUE.find(name) !== undefined)
			targets.at('metrics').at(name).problem(`expected another name; \`${name}\` is measured here`, { at: 'key' });
	}
	const signals: Signal[] = [];
	for (const key of ['perInstance', 'keep'] as const) {
		for (const [name, value] of Object.entries(targets.input[key] ?? {})) {
			const at = targets.at(key).at(name);
			const measure = measureOf(name, at, targets);
			if (measure === null) continue;
			const target = readScaleValue(value, measure.unit);
			const complaint = typeof target === 'string' ? target : complainOfUse(key, name, measure);
			if (complaint !== undefined) at.problem(complaint, typeof target === 'string' ? { value } : { at: 'key' });
			else if (target === 0) at.problem('expected a value above 0', { value });
			else signals.push({ ...measure, name, kind: key === 'keep' ? 'level' : measure.kind, target: target as number });
		}
	}
	return signals;
}

function complainOfUse(key: 'perInstance' | 'keep', name: string, { unit, source }: Measure): string | undefined {
	if (key === 'keep')
		return source.from === 'figure' || source.from === 'prometheus'
			? undefined
			: `expected \`${name}\` in \`perInstance\`: it is shared among instances`;
	return source.from === 'figure' && (unit === 'seconds' || unit === 'ratio')
		? `expected \`${name}\` in \`keep\`: instances do not share it among them`
		: undefined;
}

/** `steps`. */
export function resolveSteps(targets: Targets): StepPolicy[] {
	return (targets.input.steps ?? []).flatMap((step, at) => {
		const here = targets.at('steps').at(at);
		const measure = measureOf(step.metric, here.at('metric'), targets);
		if (measure === null) return [];
		if (step.above === undefined && step.below === undefined)
			here.problem('missing; a step needs `above` or `below`', { at: 'key' });
		return (['above', 'below'] as const).flatMap((when) =>
			step[when] === undefined ? [] : bandsOf({ step, when, measure, place: here.at(when) }),
		);
	});
}

interface Bands {
	step: NonNullable<ScaleLong['steps']>[number];
	when: 'above' | 'below';
	measure: Measure;
	place: Place;
}

function bandsOf({ step, when, measure, place }: Bands): StepPolicy[] {
	const read = Object.entries(step[when] ?? {}).flatMap(([bound, text]) => {
		const from = readScaleValue(bound, measure.unit);
		const change = parseChange(text);
		if (typeof from === 'string') place.at(bound).problem(from, { at: 'key' });
		return typeof from === 'string' || change === undefined ? [] : [{ from, change }];
	});
	read.sort((a, b) => (when === 'above' ? a.from - b.from : b.from - a.from));
	const bands = read.map((band, at) => ({ from: band.from, to: read[at + 1]?.from ?? null, change: band.change }));
	if (bands.length === 0) return [];
	return [{ name: step.metric, source: measure.source, unit: measure.unit, when, bands }];
}
