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

/** Puts what is asked for into a figure's `promql`. */
export function fill(promql: string, of: { where: FigureQuery['where']; by: string; overMs: number }): string {
	const where = Object.entries(of.where)
		.map(([label, pattern]) => matcher(label, pattern))
		.join('');
	const values: Record<string, string> = {
		where: where.replace(/,$/, ''),
		by: of.by,
		over: `${Math.max(1, Math.round(of.overMs / 1000))}s`,
	};
	return promql
		.replaceAll(/\$(where|by|over)/g, (_, name: string) => values[name] as string)
		.replaceAll(/\(le,\)/g, '(le)');
}
