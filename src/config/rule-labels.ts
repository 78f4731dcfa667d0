/** That what a rule narrows its figures down to is there: services, their pools and routes, classes of answers. */
import { type AlertRule, queryOf } from '../alerts/rule.ts';
import { closest } from '../core/closest.ts';
import { globFits } from '../core/glob.ts';
import type { FigureQuery } from '../core/metric.ts';
import { orList } from '../core/or-list.ts';
import { REST } from '../gateway/route-table.ts';
import type { ServiceConfig } from './config.ts';
import type { Place } from './scope.ts';

/** Labels whose values the configuration says; instances come and go. */
export type RuleLabel = 'service' | 'pool' | 'route' | 'class';

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'];
const MOST_SHOWN = 12;

export interface RuleLabelCheck {
	services: readonly ServiceConfig[];
	/** Where a label was written. */
	placeOf(label: RuleLabel): Place;
	/** The places that the complaint hangs on, too. */
	related: Place['path'][];
	/** Whether values of a figure's labels are the configuration's own. */
	isOwn(figure: string): boolean;
}

export function checkRuleLabels(rule: AlertRule, check: RuleLabelCheck): void {
	const queries = [queryOf(rule.condition), ...rule.guards.map(({ query }) => query)];
	const said = new Set<string>();
	for (const query of queries.filter(({ figure }) => check.isOwn(figure))) {
		const found = complain(query, check.services);
		// A guard has the labels of its rule.
		if (found === undefined || said.has(found.message)) continue;
		said.add(found.message);
		check.placeOf(found.label).problem(found.message, { value: found.value, related: check.related });
	}
}

function complain(
	{ where }: FigureQuery,
	services: readonly ServiceConfig[],
): { label: RuleLabel; value: string; message: string } | undefined {
	const { service = '*' } = where;
	const meant = services.filter(({ name }) => globFits(service, name));
	const known: readonly [RuleLabel, readonly string[]][] = [
		['service', services.map(({ name }) => name)],
		['pool', meant.flatMap(({ pools }) => pools.map(({ name }) => name))],
		['route', meant.flatMap(({ routes }) => [...routes.map(({ name }) => name), REST])],
		['class', CLASSES],
	];
	for (const [label, all] of known) {
		const value = where[label];
		if (value === undefined || all.some((name) => globFits(value, name))) continue;
		const names = [...new Set(all)];
		const near = closest(value, names);
		const more = names.length > MOST_SHOWN ? ' …' : '';
		const there =
			near === undefined ? `there are ${orList(names.slice(0, MOST_SHOWN))}${more}` : `did you mean \`${near}\`?`;
		return { label, value, message: `there is no ${label} \`${value}\`; ${there}` };
	}
	return undefined;
}
