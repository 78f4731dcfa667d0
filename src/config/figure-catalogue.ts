import type { FigureNames } from '../alerts/rule.ts';
import { closest, distance } from '../core/closest.ts';
import type { FigureQuery } from '../core/metric.ts';
import { orList } from '../core/or-list.ts';
import { CATALOGUE } from '../metrics/catalogue.ts';
import type { Figure } from '../metrics/figure-form.ts';
import { HTTP_DURATIONS, KEPT_METRICS } from '../metrics/metric-names.ts';
import { promqlOf } from '../metrics/promql.ts';
import { otherFigure, rawFigure } from '../metrics/raw-figure.ts';

/** By name: the catalogue's, and Ballast's own metrics. */
const BY_NAME: ReadonlyMap<string, Figure> = new Map(
	[...KEPT_METRICS.map(rawFigure), ...CATALOGUE].map((figure) => [figure.info.name, figure]),
);
const OWN_NAMES: readonly string[] = [...BY_NAME.keys()];
/** A name that differs so little from one of ours was meant to be it. */
const MOST_EDITS = 2;

/**
 * The figures that rules are read against, and exported by. `others`: whether metrics of other programs come in; then
 * what is no figure of Ballast's may be one of theirs.
 */
function figureNames(others: boolean): FigureNames {
	const find = (name: string, labels: readonly string[] = []): Figure | undefined =>
		BY_NAME.get(name) ?? (others && !isMistyped(name) ? otherFigure(name, labels) : undefined);
	return {
		find: (name) => find(name)?.info,
		list: () => CATALOGUE.map(({ info }) => info),
		complain: (name, labels) => (find(name)?.info.open === true ? undefined : complain(name, labels)),
		promql: (query: FigureQuery) => {
			const figure = find(query.figure, [...Object.keys(query.where), ...query.by]);
			return figure === undefined ? null : promqlOf(figure, query);
		},
	};
}

function isMistyped(name: string): boolean {
	const near = closest(name, OWN_NAMES);
	return near !== undefined && distance(name, near) <= MOST_EDITS;
}

function complain(name: string, labels: readonly string[]): string | undefined {
	const figure = BY_NAME.get(name);
	if (figure === undefined) return complainOfUnknown(name);
	if (figure.lacks !== undefined) return `\`${name}\` is not measured in this version: ${figure.lacks}`;
	if (figure.forms.some((form) => labels.every((label) => form.labels.includes(label)))) return undefined;
	const sets = figure.forms.map((form) => (form.labels.length === 0 ? 'none' : form.labels.join(', ')));
	return `\`${name}\` is not measured by ${labels.join(', ')} together; it is by ${orList(sets)}`;
}

/** What to write in place of a metric that is no figure. */
function complainOfUnknown(name: string): string | undefined {
	if (Object.hasOwn(HTTP_DURATIONS, name))
		return `\`${name}\` stands at /metrics only, without a history here; ask for p95, p99 or latency.mean`;
	const near = closest(name, OWN_NAMES);
	if (near !== undefined && distance(name, near) <= MOST_EDITS)
		return `there is no figure \`${name}\`; did you mean \`${near}\`?`;
	return otherFigure(name) === undefined || !name.includes('_')
		? undefined
		: `there is no figure \`${name}\`; a metric of your instances is one where \`scrape\` or \`receive\` reads it`;
}

/** What Ballast measures itself. */
export const FIGURE_CATALOGUE: FigureNames = figureNames(false);
/** The same, and whatever other programs may count. */
export const OPEN_CATALOGUE: FigureNames = figureNames(true);
