/**
 * The one-line language of rules: a figure, what it must not be, and for how long.
 *
 *     p95 > 500ms for 1m
 *     error_rate service:videos by route > 2% over 5m and requests > 1/s until < 1%
 *     absent requests service:videos for 10m
 *     requests down 50% against 1w over 10m
 *     burn fast by service
 *
 * Clauses stand in any order behind the figure. What is read is checked against the catalogue of figures,
 * so that a rule which could never fire is refused when it is read.
 */
import { closest } from '../core/closest.ts';
import type { FigureInfo, FigureQuery } from '../core/metric.ts';
import { orList } from '../core/or-list.ts';
import { formatDuration } from '../core/units.ts';
import { ruleDuration } from './figure-value.ts';
import { BURN_LEAST_REQUESTS, BURN_PAIRS, type FigureNames, type RuleExpression } from './rule.ts';
import { checkBound, checkUntil } from './rule-bounds.ts';
import { Clauses } from './rule-clauses.ts';
import { type Word, wordsOf } from './rule-words.ts';

/** Longest window, and longest `for` and `keep`, ms. */
const MOST_OVER_MS = 30 * 86_400_000;
/** Of what other programs count there is an hour. */
const MOST_OPEN_MS = 3_600_000;
const MOST_WAIT_MS = 7 * 86_400_000;

export type ReadRule = { rule: RuleExpression } | { problems: string[] };

/** Reads a rule; all that is wrong with it comes at once, a sentence each. */
export function readRule(text: string, figures: FigureNames): ReadRule {
	const words = wordsOf(text);
	if (typeof words === 'string') return { problems: [words] };
	if (words.length === 0) return { problems: ['expected a rule such as `p95 > 500ms for 1m`'] };
	const reader = new RuleReader(figures);
	const rule = reader.read(text.trim(), words);
	return rule === undefined || reader.problems.length > 0 ? { problems: reader.problems } : { rule };
}

class RuleReader {
	readonly #figures: FigureNames;
	readonly problems: string[] = [];

	constructor(figures: FigureNames) {
		this.#figures = figures;
	}

	read(text: string, words: readonly Word[]): RuleExpression | undefined {
		const clauses = new Clauses(words, this.problems);
		clauses.read();
		if (this.problems.length > 0) return undefined;
		const condition = this.#condition(clauses);
		if (condition === undefined) return undefined;
		return {
			text,
			condition,
			guards: this.#guards(clauses),
			forMs: this.#time(clauses, 'for', [0, MOST_WAIT_MS]) ?? 0,
			keepMs: this.#time(clauses, 'keep', [0, MOST_WAIT_MS]) ?? 0,
		};
	}

	#condition(clauses: Clauses): RuleExpression['condition'] | undefined {
		if (clauses.burn !== null) return this.#burn(clauses);
		const info = this.#figure(clauses.figure);
		if (info === undefined) return undefined;
		const query = this.#query(info, clauses);
		if (clauses.absent) {
			this.#refuse(
				clauses.comparison !== null,
				'expected no comparison behind `absent`: it says that nothing is known, or 0',
			);
			return { kind: 'absent', query };
		}
		if (clauses.change !== null) return this.#change(clauses, query, info.open === true ? MOST_OPEN_MS : MOST_OVER_MS);
		const { comparison, value } = clauses;
		if (comparison === null || value === null) {
			this.problems.push(
				`expected a comparison behind \`${info.name}\`, such as \`${info.name} > ${exampleOf(info)}\``,
			);
			return undefined;
		}
		const bound = checkBound(info, { query, comparison, text: value }, this.problems);
		const until = clauses.until === null ? null : checkUntil(info, { bound, ...clauses.until }, this.problems);
		return { kind: 'threshold', bound, until };
	}

	#change(clauses: Clauses, query: FigureQuery, mostMs: number): RuleExpression['condition'] | undefined {
		const { direction, share, against } = clauses.change as NonNullable<Clauses['change']>;
		const percent = /^(\d+(?:\.\d+)?)%$/.exec(share);
		const parsed = percent === null ? Number.NaN : Number(percent[1]) / 100;
		const most = direction === 'down' ? 1 : 1000;
		this.#refuse(
			!(parsed > 0 && parsed <= most),
			`expected a share such as 50% behind \`${direction}\`, not \`${share}\``,
		);
		this.#refuse(
			direction === 'down' && parsed === 1,
			'expected less than 100% behind `down`; `absent` says that nothing is left',
		);
		const againstMs = against === null ? undefined : ruleDuration(against);
		this.#refuse(
			against === null,
			`expected \`against\` and a duration: \`${query.figure} ${direction} 50% against 1w\``,
		);
		if (against !== null && (againstMs === undefined || againstMs < query.overMs || againstMs > mostMs))
			this.problems.push(
				`expected a duration from ${formatDuration(query.overMs)} (its window) to ${formatDuration(mostMs)} behind \`against\`, not \`${against}\``,
			);
		return { kind: 'change', query, direction, share: parsed, againstMs: againstMs ?? 0 };
	}

	#burn(clauses: Clauses): RuleExpression['condition'] | undefined {
		const speed = clauses.burn as string;
		const near = closest(speed, ['fast', 'slow']);
		if (speed !== 'fast' && speed !== 'slow') {
			this.problems.push(
				`expected \`burn fast\` or \`burn slow\`, not \`burn ${speed}\`${near === undefined ? '' : `; did you mean \`burn ${near}\`?`}`,
			);
			return undefined;
		}
		this.#refuse(clauses.times.has('over'), 'expected no `over` behind `burn`: its windows are fixed');
		this.#refuse(
			clauses.comparison !== null || clauses.until !== null,
			'expected no comparison behind `burn`: its factors are fixed',
		);
		const info = this.#figure('slo.burn');
		if (info === undefined) return undefined;
		const by = clauses.by.length > 0 ? clauses.by : ['service', 'route'].filter((label) => info.labels.includes(label));
		const pairs = BURN_PAIRS[speed];
		const query = { ...this.#query(info, clauses), by, overMs: pairs[0].longMs };
		return { kind: 'burn', query, pairs, requests: BURN_LEAST_REQUESTS };
	}

	#guards(clauses: Clauses): RuleExpression['guards'] {
		return clauses.guards.flatMap(({ figure, where, comparison, value }) => {
			const info = this.#figure(figure);
			if (info === undefined) return [];
			const inherited = Object.entries(clauses.where).filter(([label]) => hasLabel(info, label));
			const query: FigureQuery = {
				figure: info.name,
				where: { ...Object.fromEntries(inherited), ...where },
				by: clauses.by.filter((label) => hasLabel(info, label)),
				overMs: this.#time(clauses, 'over', [1000, MOST_OVER_MS]) ?? defaultOverMs(info),
			};
			this.#labels(info, [...Object.keys(query.where), ...query.by]);
			return [checkBound(info, { query, comparison, text: value }, this.problems)];
		});
	}

	#query(info: FigureInfo, clauses: Clauses): FigureQuery {
		this.#labels(info, [...Object.keys(clauses.where), ...clauses.by]);
		const most = info.open === true ? MOST_OPEN_MS : MOST_OVER_MS;
		const overMs = this.#time(clauses, 'over', [1000, most]) ?? defaultOverMs(info);
		return { figure: info.name, where: clauses.where, by: clauses.by, overMs };
	}

	#time(clauses: Clauses, word: 'over' | 'for' | 'keep', [least, most]: [number, number]): number | undefined {
		const text = clauses.times.get(word);
		if (text === undefined) return undefined;
		const ms = ruleDuration(text);
		const meant = /^\d+(\.\d+)?$/.test(text) ? `; write \`${text}s\`` : '';
		const range = `from ${formatDuration(least)} to ${formatDuration(most)}`;
		if (ms === undefined)
			this.#refuse(true, `expected a duration such as 30s behind \`${word}\`, not \`${text}\`${meant}`);
		else this.#refuse(ms < least || ms > most, `expected a duration ${range} behind \`${word}\`, not \`${text}\``);
		return ms ?? 0;
	}

	#figure(name: string): FigureInfo | undefined {
		const info = this.#figures.find(name);
		if (info !== undefined) return info;
		const reason = this.#figures.complain(name.slice(0, 60), []);
		if (reason !== undefined) {
			this.#refuse(true, reason);
			return undefined;
		}
		const names = this.#figures.list().map((one) => one.name);
		const near = closest(name, names);
		const known = near === undefined ? `; known are ${names.slice(0, 12).join(', ')} …` : `; did you mean \`${near}\`?`;
		this.#refuse(true, `there is no figure \`${name.slice(0, 60)}\`${known}`);
		return undefined;
	}

	#labels(info: FigureInfo, labels: readonly string[]): void {
		const known = labels.every((label) => info.labels.includes(label));
		const complaint = known ? this.#figures.complain(info.name, [...new Set(labels)]) : undefined;
		this.#refuse(complaint !== undefined, complaint ?? '');
		for (const label of labels) {
			if (info.open === true || info.labels.includes(label)) continue;
			const near = closest(label, info.labels);
			const there = info.labels.length === 0 ? 'it has no labels' : `expected ${orList(info.labels)}`;
			this.#refuse(
				true,
				`\`${info.name}\` has no label \`${label}\`; ${near === undefined ? there : `did you mean \`${near}\`?`}`,
			);
		}
	}

	#refuse(wrong: boolean, message: string): void {
		if (wrong && !this.problems.includes(message)) this.problems.push(message);
	}
}

/** Which labels another program's metric has is seen when it comes. */
const hasLabel = (info: FigureInfo, label: string): boolean => info.open === true || info.labels.includes(label);

/** A rate, a percentile or a share of a minute; other figures as they are now. */
function defaultOverMs(info: FigureInfo): number {
	return info.perSecond || /^(p\d|latency\.|apdex)|_rate$|^ballast_\w*_duration_seconds$/.test(info.name)
		? 60_000
		: 2000;
}

function exampleOf({ unit, perSecond }: FigureInfo): string {
	return { number: '10', ratio: '5%', seconds: '500ms', bytes: '10MB' }[unit] + (perSecond ? '/s' : '');
}
