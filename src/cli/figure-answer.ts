/** What a running Ballast answers about figures. */
import type { FigureInfo, FigureSeries, Unit } from '../core/metric.ts';
import { labelsOf, list, number, text, textOr } from './answer-form.ts';

/** What a person needs to know to read a value. */
export type Shown = Pick<FigureInfo, 'name' | 'unit' | 'perSecond'>;

const UNITS: readonly string[] = ['number', 'seconds', 'bytes', 'ratio'] satisfies Unit[];
/** More cannot be asked for. */
const MOST_POINTS = 2000;

export function readSeries(value: unknown): FigureSeries[] {
	return list(value, 'the answer', (series, at) => ({
		labels: labelsOf(series['labels']),
		fromMs: number(series['fromMs'], `${at}.fromMs`),
		stepMs: number(series['stepMs'], `${at}.stepMs`),
		values: valuesOf(series['values']),
	}));
}

export function readFigureList(value: unknown): FigureInfo[] {
	return list(value, 'the answer', (figure, at) => ({
		name: text(figure['name'], `${at}.name`),
		unit: (UNITS.includes(textOr(figure['unit'])) ? figure['unit'] : 'number') as Unit,
		perSecond: figure['perSecond'] === true,
		text: textOr(figure['text']),
		labels: Array.isArray(figure['labels']) ? figure['labels'].filter((label) => typeof label === 'string') : [],
		promql: typeof figure['promql'] === 'string' ? figure['promql'] : null,
	}));
}

/** How the figure of a query is to be read: as the list says, else by the name of the metric. */
export function shownAs(query: string, known: readonly FigureInfo[]): Shown {
	const name = query.trim().split(/\s+/)[0] ?? '';
	const found = known.find((figure) => figure.name === name);
	if (found !== undefined) return found;
	const unit = /_seconds(?:_total)?$/.test(name) ? 'seconds' : /_bytes(?:_total)?$/.test(name) ? 'bytes' : 'number';
	return { name, unit: /_ratio$/.test(name) ? 'ratio' : unit, perSecond: name.endsWith('_total') };
}

/** The newest value that is known; NaN: none. */
export function newest(values: readonly (number | null)[]): number {
	return values.findLast((value) => value !== null) ?? Number.NaN;
}

function valuesOf(value: unknown): (number | null)[] {
	if (!Array.isArray(value)) return [];
	return value.slice(0, MOST_POINTS).map((each) => (typeof each === 'number' && Number.isFinite(each) ? each : null));
}
