/** Alerts in plain words. */

import { inert } from '../core/inert.ts';
import type { FigureInfo } from '../core/metric.ts';
import { formatDuration, formatShare } from '../core/units.ts';
import type { Alert } from './alert.ts';
import { formatValue } from './figure-value.ts';
import { type AlertRule, queryOf } from './rule.ts';
import { fillTemplate } from './template.ts';

const MOST_SENTENCE = 500;

/** With units: what the value is, and what it is held against. */
export interface AlertWords {
	value: string;
	threshold: string;
	/** One sentence of one line. */
	summary: string;
}

export function alertWords(alert: Alert, rule: AlertRule, info: FigureInfo | undefined): AlertWords {
	const measure = info ?? { unit: 'number', perSecond: false };
	const { condition } = rule;
	const value =
		condition.kind === 'absent'
			? 'nothing'
			: `${formatValue(alert.value, measure)}${condition.kind === 'burn' ? ' times too fast' : ''}`;
	const threshold = thresholdWords(alert, rule, measure);
	const fields = { ...alert.labels, value, threshold, alert: rule.name, figure: queryOf(condition).figure };
	const text = rule.summary === null ? sentence(alert, rule, { value, threshold }) : fillTemplate(rule.summary, fields);
	return { value, threshold, summary: inert(text).slice(0, MOST_SENTENCE) };
}

function thresholdWords(
	{ limit }: Alert,
	{ condition }: AlertRule,
	measure: Pick<FigureInfo, 'unit' | 'perSecond'>,
): string {
	const bound = formatValue(limit, measure);
	if (condition.kind === 'absent') return 'at least something';
	if (isAny(condition)) return 'any at all';
	if (condition.kind === 'burn') return `over ${bound}`;
	if (condition.kind === 'change') {
		const way = condition.direction === 'up' ? 'over' : 'under';
		const share = formatShare(condition.share);
		return `${way} ${bound}, ${share} ${condition.direction === 'up' ? 'more' : 'less'} than ${formatDuration(condition.againstMs)} before`;
	}
	const words = { '>': 'over', '>=': 'at least', '<': 'under', '<=': 'at most' };
	return `${words[condition.bound.comparison]} ${bound}`;
}

/** `p95 of videos is 820ms, over 500ms, for 1m.` */
function sentence(
	alert: Alert,
	rule: AlertRule,
	{ value, threshold }: Pick<AlertWords, 'value' | 'threshold'>,
): string {
	const { figure } = queryOf(rule.condition);
	const of = subject(alert);
	if (rule.condition.kind === 'absent') return `Nothing is known of ${figure}${of}.`;
	if (rule.condition.kind === 'burn') return `The error budget${of} is burnt ${value}.`;
	// Kept for a while, it fires on when the value is 0 again.
	if (isAny(rule.condition))
		return alert.value > 0
			? `${figure}${of} is ${value}; expected none.`
			: `${figure}${of} was not 0 a while ago; expected none.`;
	return `${figure}${of} is ${value}, ${threshold}.`;
}

/** `> 0`: that it happened says all, and 0 nothing. */
const isAny = (condition: AlertRule['condition']): boolean =>
	condition.kind === 'threshold' && condition.bound.comparison === '>' && condition.bound.value === 0;

function subject({ labels }: Alert): string {
	const { service, route, pool, instance, ...rest } = labels;
	const main = instance ?? [service, pool, route].filter((part) => part !== undefined).join(' ');
	const others = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
	const parts = [main, ...others].filter((part) => part !== '');
	return parts.length === 0 ? '' : ` of ${parts.join(', ')}`;
}
