import type { FigureQuery } from '../core/metric.ts';
import type { Figure } from './figure-form.ts';
import { matcher } from './figure-form.ts';

/** What a figure is over our own `/metrics`; null: it cannot be asked of Prometheus. */
export function promqlOf(figure: Figure, query: FigureQuery): string | null {
	const asked = [...Object.keys(query.where), ...query.by];
	const form = figure.forms.find(({ labels }) => asked.every((label) => labels.includes(label)));
	const text = form?.promql ?? null;
	if (text === null) return null;
	const { worst } = figure;
	const outer = query.by.join(',');
	const by = worst === undefined || query.by.includes(worst.by) ? outer : [...query.by, worst.by].join(',');
	const filled = fill(text, { where: query.where, by, overMs: query.overMs });
	return by === outer || worst === undefined ? filled : `${worst.fold} by (${outer}) (${filled})`;
}

/** Prometheus reads a page every 15 s or so: a shorter window holds nothing most of the time. */
const SHORTEST_MS = 15_000;

/**
 * Puts what is asked for into a figure's `promql`. What is asked as it is now is the newest sample of a minute.
 */
export function fill(promql: string, of: { where: FigureQuery['where']; by: string; overMs: number }): string {
	const isNow = of.overMs < SHORTEST_MS;
	const where = Object.entries(of.where)
		.map(([label, pattern]) => matcher(label, pattern))
		.join('');
	const values: Record<string, string> = {
		where: where.replace(/,$/, ''),
		by: of.by,
		over: isNow ? '60s' : `${Math.round(of.overMs / 1000)}s`,
	};
	return (isNow ? promql.replaceAll('avg_over_time(', 'last_over_time(') : promql)
		.replaceAll(/\$(where|by|over)/g, (_, name: string) => values[name] as string)
		.replaceAll(/\(le,\)/g, '(le)');
}
