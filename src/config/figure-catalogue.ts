import type { FigureNames } from '../alerts/rule.ts';
import { orList } from '../core/schema.ts';
import { CATALOGUE } from '../metrics/catalogue.ts';
import type { Figure } from '../metrics/figure-form.ts';
import { promqlOf } from '../metrics/promql.ts';

const BY_NAME: ReadonlyMap<string, Figure> = new Map(CATALOGUE.map((figure) => [figure.info.name, figure]));

/** The figures that the program measures: what rules are read against, and exported by. */
export const FIGURE_CATALOGUE: FigureNames = {
	find: (name) => BY_NAME.get(name)?.info,
	list: () => CATALOGUE.map(({ info }) => info),
	complain(name, labels) {
		const forms = BY_NAME.get(name)?.forms ?? [];
		if (forms.some((form) => labels.every((label) => form.labels.includes(label)))) return undefined;
		const sets = forms.map((form) => (form.labels.length === 0 ? 'none' : form.labels.join(', ')));
		return `\`${name}\` is not measured by ${labels.join(', ')} together; it is by ${orList(sets)}`;
	},
	promql(query) {
		const figure = BY_NAME.get(query.figure);
		return figure === undefined ? null : promqlOf(figure, query);
	},
};
