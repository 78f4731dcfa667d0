/** Rules as PromQL. */
import type { FigureQuery } from '../core/metric.ts';
import { type AlertRule, type Bound, type Condition, type FigureNames, queryOf } from './rule.ts';

/** The expression of a rule; null: one of its figures has no form in PromQL. */
export function ruleExpression({ name, condition, guards }: AlertRule, figures: FigureNames): string | null {
	const main = conditionExpression(condition, figures, name);
	const others = guards.map((guard) => guardExpression(guard, condition, figures));
	return main === null || others.includes(null) ? null : [main, ...others].join(' and ');
}

function conditionExpression(condition: Condition, figures: FigureNames, name: string): string | null {
	const query = queryOf(condition);
	const now = figureExpression(query, figures);
	if (now === null) return null;
	if (condition.kind === 'threshold') return thresholdExpression(now, condition, name);
	if (condition.kind === 'absent') return query.by.length > 0 ? `(${now}) == 0` : `(absent(${now}) or (${now}) == 0)`;
	if (condition.kind === 'change') {
		const factor = condition.direction === 'up' ? 1 + condition.share : 1 - condition.share;
		const then = figureExpression(query, figures, condition.againstMs) as string;
		return `(${now}) ${condition.direction === 'up' ? '>' : '<'} (${then}) * ${factor}`;
	}
	const over = (figure: string, overMs: number) => figureExpression({ ...query, figure, overMs }, figures);
	const pairs = condition.pairs.map(({ longMs, shortMs, factor }) => {
		const requests = over('requests', longMs);
		const enough = requests === null ? '' : ` and (${requests}) * ${longMs / 1000} >= ${condition.requests}`;
		return `((${over('slo.burn', longMs)}) > ${factor} and (${over('slo.burn', shortMs)}) > ${factor}${enough})`;
	});
	return `(${pairs.join(' or ')})`;
}

/** With `until` an alert that fires already goes on as long as the value has not come back to there. */
function thresholdExpression(
	now: string,
	{ bound: { query, comparison, value }, until }: Extract<Condition, { kind: 'threshold' }>,
	name: string,
): string {
	const begins = `(${now}) ${comparison} ${value}`;
	if (until === null) return begins;
	const stays = `(${now}) ${comparison.startsWith('>') ? '>=' : '<='} ${until}`;
	return `(${begins} or (${stays} and on (${query.by.join(', ')}) ALERTS{alertname="${name}",alertstate="firing"}))`;
}

/** Matched by the labels that the guard has. */
function guardExpression(
	{ query, comparison, value }: Bound,
	condition: Condition,
	figures: FigureNames,
): string | null {
	const expression = figureExpression(query, figures);
	if (expression === null) return null;
	const same = query.by.length === queryOf(condition).by.length;
	return `${same ? '' : `on (${query.by.join(', ')}) `}(${expression}) ${comparison} ${value}`;
}

/** A figure of the catalogue; `beforeMs`: as it was. */
function figureExpression(query: FigureQuery, figures: FigureNames, beforeMs = 0): string | null {
	const now = figures.promql(query);
	// Behind each range; what stands in quotes is none.
	return beforeMs === 0 || now === null ? now : now.replaceAll(/\}(\[\w+\])/g, `}$1 offset ${promDuration(beforeMs)}`);
}

/** `5m`, `1h30m`: the largest units that are exact. */
export function promDuration(ms: number): string {
	const parts: string[] = [];
	let rest = Math.max(1, Math.round(ms));
	for (const [unit, size] of [
		['w', 604_800_000],
		['d', 86_400_000],
		['h', 3_600_000],
		['m', 60_000],
		['s', 1000],
		['ms', 1],
	] as const) {
		if (rest >= size) parts.push(`${Math.floor(rest / size)}${unit}`);
		rest %= size;
	}
	return parts.join('');
}
