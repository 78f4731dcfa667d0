/** Thresholds: whether they fit their figure, and whether they can ever be met. */
import type { FigureInfo, FigureQuery } from '../core/metric.ts';
import { formatValue, readValue } from './figure-value.ts';
import { type Bound, type Comparison, isBeyond } from './rule.ts';

/** Figures whose values do not stay within those of their unit. */
const RANGES: Record<string, readonly [number, number]> = {
	apdex: [0, 1],
	retry_rate: [0, Number.POSITIVE_INFINITY],
	// Overspent it is below 0.
	'slo.budget': [Number.NEGATIVE_INFINITY, 1],
	// Of what is over already.
	'certificate.expires_in': [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
};

interface Written {
	query: FigureQuery;
	comparison: Comparison;
	text: string;
}

/** The bound in the figure's unit; what is wrong with it goes to `problems`. */
export function checkBound(info: FigureInfo, { query, comparison, text }: Written, problems: string[]): Bound {
	const value = readValue(text, info);
	if (typeof value === 'string') {
		problems.push(value);
		return { query, comparison, value: 0 };
	}
	const [least, most] = rangeOf(info, query);
	const written = `\`${info.name} ${comparison} ${text}\``;
	// From the two ends of its values: what neither end meets, none does.
	const [low, high] = [isBeyond(least, comparison, value), isBeyond(most, comparison, value)];
	if (!low && !high) problems.push(`${written} can never be met: it is ${between(info, [least, most])}`);
	else if (low && high) problems.push(`${written} always holds: it is ${between(info, [least, most])}`);
	return { query, comparison, value };
}

function rangeOf(info: FigureInfo, { where, by }: FigureQuery): readonly [number, number] {
	const known = RANGES[info.name];
	if (known !== undefined) return known;
	if (info.open === true) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
	// That of a tree of processes is of one core.
	const ofProcesses =
		info.name === 'cpu' && ['service', 'pool', 'instance'].some((label) => label in where || by.includes(label));
	return [0, info.unit === 'ratio' && !info.perSecond && !ofProcesses ? 1 : Number.POSITIVE_INFINITY];
}

function between(info: FigureInfo, [least, most]: readonly [number, number]): string {
	if (most === Number.POSITIVE_INFINITY) return `never below ${formatValue(least, info)}`;
	if (least === Number.NEGATIVE_INFINITY) return `never over ${formatValue(most, info)}`;
	return `from ${formatValue(least, info)} to ${formatValue(most, info)}`;
}

/** Where a firing alert ends: on the good side of the threshold. */
export function checkUntil(
	info: FigureInfo,
	{ bound, comparison, text }: { bound: Bound; comparison: Comparison; text: string },
	problems: string[],
): number | null {
	const value = readValue(text, info);
	if (typeof value === 'string') {
		problems.push(value);
		return null;
	}
	const upper = bound.comparison.startsWith('>');
	if (upper !== comparison.startsWith('<'))
		problems.push(`expected \`until ${upper ? '<' : '>'}\`, since it fires at \`${bound.comparison}\``);
	else if (upper ? value > bound.value : value < bound.value)
		problems.push(
			`expected \`until\` at most as ${upper ? 'high' : 'low'} as the threshold, ${formatValue(bound.value, info)}; else it would end while it holds`,
		);
	return value;
}
