/** The same rules for a Prometheus that scrapes Ballast. */
import { stringify } from 'yaml';
import type { FigureInfo } from '../core/metric.ts';
import { formatValue } from './figure-value.ts';
import { promDuration, ruleExpression } from './promql.ts';
import { type AlertRule, type FigureNames, queryOf } from './rule.ts';
import { runbookAnnotation } from './runbook.ts';

export interface PrometheusRules {
	/** YAML, for Prometheus 2.42 and later. */
	text: string;
	/** Names of rules whose figures have no form in PromQL. */
	left: string[];
}

export function prometheusRules(rules: readonly AlertRule[], figures: FigureNames): PrometheusRules {
	const expressions = new Map(rules.map((rule) => [rule.name, ruleExpression(rule, figures)]));
	const written = rules.flatMap((rule) => {
		const expr = expressions.get(rule.name) ?? null;
		return expr === null ? [] : [ruleForm(rule, expr, figures.find(queryOf(rule.condition).figure))];
	});
	const text = stringify({ groups: [{ name: 'ballast', rules: written }] }, { lineWidth: 0 });
	return { text, left: rules.filter(({ name }) => expressions.get(name) === null).map(({ name }) => name) };
}

function ruleForm(rule: AlertRule, expr: string, info: FigureInfo | undefined): Record<string, unknown> {
	return {
		alert: rule.name,
		expr,
		...(rule.forMs === 0 ? {} : { for: promDuration(rule.forMs) }),
		...(rule.keepMs === 0 ? {} : { keep_firing_for: promDuration(rule.keepMs) }),
		labels: { severity: rule.severity },
		annotations: {
			summary: summaryOf(rule, info),
			rule: plain(rule.text),
			...runbookAnnotation(rule.runbook),
		},
	};
}

const VALUE = {
	ratio: '{{ $value | humanizePercentage }}',
	seconds: '{{ $value | humanizeDuration }}',
	bytes: '{{ $value | humanize1024 }}B',
	number: '{{ $value | humanize }}',
};

/** Our `{{service}}` is Prometheus's `{{ $labels.service }}`. */
function summaryOf({ summary, condition, text }: AlertRule, info: FigureInfo | undefined): string {
	const measure = info ?? { unit: 'number', perSecond: false };
	const value = VALUE[measure.unit];
	if (summary === null) return `${queryOf(condition).figure} is ${value} (${plain(text)})`;
	const threshold =
		condition.kind === 'threshold'
			? `${condition.bound.comparison} ${formatValue(condition.bound.value, measure)}`
			: plain(text);
	const field = (name: string) =>
		name === 'value' ? value : name === 'threshold' ? threshold : `{{ $labels.${name} }}`;
	// Between the fields stands text.
	return summary
		.split(/\{\{\s*(\w+)\s*\}\}/)
		.map((part, at) => (at % 2 === 1 ? field(part) : plain(part)))
		.join('');
}

/** What would begin a template of Prometheus is none. */
const plain = (text: string) => text.replaceAll('{{', '{ {').replaceAll('}}', '} }');
