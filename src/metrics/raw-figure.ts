/** Figures that are metrics under their own names. */
import type { MetricDefinition, MetricKind } from '../core/metric.ts';
import { CATALOGUE } from './catalogue.ts';
import { type Figure, figure, gauge, quantile, rate, ratio } from './figure-form.ts';
import { unitOf } from './metric-names.ts';

/** The rate of a counter, the mean of a gauge, the p99 of a histogram. */
export function rawFigure({ name, kind, unit, help, labels }: MetricDefinition): Figure {
	const text = { name, unit, text: help };
	const lacks = LACKING.get(name);
	const reason = lacks === undefined ? {} : { lacks };
	if (kind === 'counter') return figure({ ...text, ...reason, perSecond: true }, rate(labels, { metric: name }));
	return figure({ ...text, ...reason }, kind === 'gauge' ? gauge(labels, name, 'mean') : quantile(labels, 0.99, name));
}

/** Metrics of figures that this version does not measure, with the reason. */
const LACKING: ReadonlyMap<string, string> = new Map(
	CATALOGUE.flatMap(({ lacks, forms }) =>
		lacks === undefined
			? []
			: forms.flatMap(({ parts }) => parts.map(({ metric }): [string, string] => [metric, lacks])),
	),
);

export const OTHERS_HELP = 'As instances tell it';
/** A name that can be asked for; those of Ballast's own are known. */
const NAME = /^(?!ballast_)[a-z_]\w{2,199}$/i;

/** What a metric of another program is, by its name alone: whoever has not seen one yet cannot know more. */
export function otherFigure(name: string, labels: readonly string[] = []): Figure | undefined {
	if (!NAME.test(name)) return undefined;
	const kind: MetricKind = /_(?:total|count|sum)$/.test(name) ? 'counter' : 'gauge';
	const all = [...new Set(['service', 'instance', ...labels])];
	const { info, ...rest } = rawFigure({ name, kind, unit: unitOf(name), help: OTHERS_HELP, labels: all });
	return { ...rest, info: { ...info, open: true } };
}

/** The mean of a histogram of another program, of which only sum and count are kept. */
export const otherMean = (name: string, labels: readonly string[]): Figure =>
	figure(
		{ name, unit: unitOf(name), text: OTHERS_HELP },
		ratio(labels, [{ metric: `${name}_sum` }], { metric: `${name}_count` }),
	);
