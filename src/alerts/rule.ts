/** What an alert is raised by, read from its text: plain data that may be cloned, kept and compared. */
import type { FigureInfo, FigureQuery } from '../core/metric.ts';

/** `critical`: wakes somebody. `warning`: wants a look today. `info`: is shown, and told to channels that are named only. */
export type AlertSeverity = 'critical' | 'warning' | 'info';

export const ALERT_SEVERITIES = ['critical', 'warning', 'info'] as const satisfies readonly AlertSeverity[];

export type Comparison = '>' | '>=' | '<' | '<=';

/** A figure that is above or below a value. */
export interface Bound {
	query: FigureQuery;
	comparison: Comparison;
	/** In the figure's unit. */
	value: number;
}

/** Both windows must burn the budget faster than `factor`. */
export interface BurnPair {
	longMs: number;
	shortMs: number;
	factor: number;
}

export type Condition =
	/** `until`: where a firing alert ends; null: at the value itself. */
	| { kind: 'threshold'; bound: Bound; until: number | null }
	/** Nothing is known of the figure, or it is 0. */
	| { kind: 'absent'; query: FigureQuery }
	/** It is by `share` (0.5: half) more or less than `againstMs` ago. */
	| { kind: 'change'; query: FigureQuery; direction: 'up' | 'down'; share: number; againstMs: number }
	/** At least `requests` in the long window; `query.overMs` is that of the first pair. */
	| { kind: 'burn'; query: FigureQuery; pairs: readonly BurnPair[]; requests: number };

export interface RuleExpression {
	/** As it was written. */
	text: string;
	condition: Condition;
	/** All must hold, too. */
	guards: readonly Bound[];
	/** How long it must hold before it fires, ms; 0: at once. */
	forMs: number;
	/** How long it fires on once it no longer holds, ms. */
	keepMs: number;
}

/** What rules are read against: the catalogue of figures. */
export interface FigureNames {
	find(figure: string): FigureInfo | undefined;
	list(): readonly FigureInfo[];
	/**
	 * What is wrong with asking for a figure by these of its labels together, or with asking for one that is not there;
	 * undefined: nothing, or nothing more.
	 */
	complain(figure: string, labels: readonly string[]): string | undefined;
	/** The same of our `/metrics` in a Prometheus; null: there is none. */
	promql(query: FigureQuery): string | null;
}

export interface AlertRule extends RuleExpression {
	name: string;
	severity: AlertSeverity;
	/** Names of channels; null: all, where the severity is told unasked. */
	notify: readonly string[] | null;
	/** What it means, in one sentence; null: written from the figure. `{{label}}`, `{{value}}` and `{{threshold}}` are put in. */
	summary: string | null;
	/** Where it says what to do; null: nowhere. */
	runbook: string | null;
	/** How often a firing alert is told again, ms. */
	repeatMs: number;
	/** Rules whose alerts are not told while this one fires for the same service. */
	inhibits: readonly string[];
}

/** The figure whose value the alert tells. */
export function queryOf(condition: Condition): FigureQuery {
	return condition.kind === 'threshold' ? condition.bound.query : condition.query;
}

/** Whether `value` is on the wrong side of the bound. */
export function isBeyond(value: number, comparison: Comparison, bound: number): boolean {
	if (comparison === '>') return value > bound;
	if (comparison === '>=') return value >= bound;
	return comparison === '<' ? value < bound : value <= bound;
}

/** Burn rates of a 30-day objective: 2 % and 5 % of the budget (page), 10 % twice (ticket). */
export const BURN_PAIRS = {
	fast: [
		{ longMs: 3_600_000, shortMs: 300_000, factor: 14.4 },
		{ longMs: 21_600_000, shortMs: 1_800_000, factor: 6 },
	],
	slow: [
		{ longMs: 86_400_000, shortMs: 7_200_000, factor: 3 },
		{ longMs: 259_200_000, shortMs: 21_600_000, factor: 1 },
	],
} as const satisfies Record<string, readonly BurnPair[]>;

/** Requests in the long window below which a burn rate says nothing: a single failure would weigh too much. */
export const BURN_LEAST_REQUESTS = 100;
