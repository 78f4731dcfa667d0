/** What a rule finds: the values of its figures at a time, held against its bounds. */
import type { FigureQuery, FigureSource, FigureValue, Labels } from '../core/metric.ts';
import { alertKey, keptLabels } from './alert.ts';
import { type AlertRule, type Bound, type Condition, isBeyond } from './rule.ts';

export interface Observation {
	labels: Labels;
	value: number;
	/** What it is held against. */
	limit: number;
	holds: boolean;
	/** An alert that fires goes on: it holds, or has not yet come back to where it ends. */
	stays: boolean;
}

/** Combinations of labels that were there once, for rules that look for absence; filled by `observe`. */
export type KnownLabels = Map<string, Labels>;

const MOST_KNOWN = 200;

export interface ObserveInput {
	rule: AlertRule;
	figures: Pick<FigureSource, 'at' | 'find'>;
	known: KnownLabels;
	nowMs: number;
	/** Since when anything is counted. */
	sinceMs: number;
}

/** @throws whatever the source throws */
export async function observe(input: ObserveInput): Promise<Observation[]> {
	const { rule, figures, nowMs } = input;
	const at = (query: FigureQuery, timeMs = nowMs) => figures.at(query, timeMs);
	const above = async (bound: Bound) => sober(bound, await at(bound.query), input);
	const { condition } = rule;
	const [found, guards] = await Promise.all([
		condition.kind === 'threshold'
			? above(condition.bound).then((values) => values.map((one) => threshold(condition, one)))
			: observeOther(condition, at, input),
		Promise.all(rule.guards.map(async (guard) => ({ guard, values: await above(guard) }))),
	]);
	return found.map((one) => {
		const guarded = guards.every(({ guard, values }) => passes(guard, values, one.labels));
		// A guard keeps an alert from firing; it ends one, too.
		return { ...one, labels: keptLabels(one.labels), holds: one.holds && guarded, stays: one.stays && guarded };
	});
}

type At = (query: FigureQuery, timeMs?: number) => Promise<FigureValue[]>;

/**
 * A rate of the first seconds is that of a few requests: one error in five seconds is 0.2 a second. Until the
 * window is full, what must be over a bound is taken as if nothing had been before.
 */
function sober(
	{ query, comparison }: Bound,
	values: FigureValue[],
	{ figures, nowMs, sinceMs }: ObserveInput,
): FigureValue[] {
	const full = Math.max(1000, nowMs - sinceMs) / query.overMs;
	if (full >= 1 || comparison.startsWith('<') || figures.find(query.figure)?.perSecond !== true) return values;
	return values.map(({ labels, value }) => ({ labels, value: value * full }));
}

async function observeOther(
	condition: Exclude<Condition, { kind: 'threshold' }>,
	at: At,
	{ known, nowMs, sinceMs }: ObserveInput,
): Promise<Observation[]> {
	if (condition.kind === 'absent') return absent(await at(condition.query), condition.query, known);
	if (condition.kind === 'burn') return await burn(condition, at, nowMs - sinceMs);
	const { query, direction, share, againstMs } = condition;
	const [now, then] = await Promise.all([at(query), at(query, nowMs - againstMs)]);
	return now.flatMap(({ labels, value }) => {
		const before = valueAt(then, labels);
		// Of nothing there is no share.
		if (before === undefined || !(before > 0)) return [];
		const limit = before * (direction === 'up' ? 1 + share : 1 - share);
		const holds = direction === 'up' ? value > limit : value < limit;
		return [{ labels, value, limit, holds, stays: holds }];
	});
}

function threshold(
	{ bound, until }: Extract<Condition, { kind: 'threshold' }>,
	{ labels, value }: FigureValue,
): Observation {
	const holds = isBeyond(value, bound.comparison, bound.value);
	const upper = bound.comparison.startsWith('>');
	const stays = holds || (until !== null && (upper ? value >= until : value <= until));
	return { labels, value, limit: bound.value, holds, stays };
}

function absent(values: readonly FigureValue[], { by }: FigureQuery, known: KnownLabels): Observation[] {
	const gone = new Map(known);
	const found = values.map(({ labels, value }) => {
		const kept = keptLabels(labels);
		const key = alertKey('', kept);
		gone.delete(key);
		if (known.size < MOST_KNOWN) known.set(key, kept);
		return { labels: kept, value, limit: 0, holds: value === 0, stays: value === 0 };
	});
	const missing = [...gone.values()].map((labels) => ({ labels, value: 0, limit: 0, holds: true, stays: true }));
	if (found.length + missing.length > 0 || by.length > 0) return [...found, ...missing];
	return [{ labels: {}, value: 0, limit: 0, holds: true, stays: true }];
}

async function burn(
	{ query, pairs, requests }: Extract<Condition, { kind: 'burn' }>,
	at: At,
	countedMs: number,
): Promise<Observation[]> {
	const over = (figure: string, overMs: number) => at({ ...query, figure, overMs });
	const rates = await Promise.all(
		pairs.map(async ({ longMs, shortMs, factor }) => {
			const [long, short, traffic] = await Promise.all([
				over('slo.burn', longMs),
				over('slo.burn', shortMs),
				over('requests', longMs),
			]);
			return { longMs, factor, long, short, traffic };
		}),
	);
	const all = new Map<string, Observation>();
	for (const { longMs, factor, long, short, traffic } of rates) {
		for (const { labels, value } of long) {
			// The rate of a window that is not yet full is that of the time for which anything was counted.
			const seconds = Math.min(longMs, countedMs) / 1000;
			const enough = (valueAt(traffic, labels) ?? 0) * seconds >= requests;
			const stays = value > factor && (valueAt(short, labels) ?? 0) > factor;
			const holds = enough && stays;
			const key = alertKey('', labels);
			// The first pair that holds is the more urgent one.
			if (!all.has(key) || (holds && all.get(key)?.holds === false))
				all.set(key, { labels, value, limit: factor, holds, stays });
		}
	}
	return [...all.values()];
}

function passes({ query, comparison, value: bound }: Bound, values: readonly FigureValue[], labels: Labels): boolean {
	// A value that has no such label is of something else.
	const same = (own: Labels) => query.by.every((name) => own[name] === labels[name]);
	return values.some(({ labels: own, value }) => same(own) && isBeyond(value, comparison, bound));
}

function valueAt(values: readonly FigureValue[], labels: Labels): number | undefined {
	return values.find(
		({ labels: own }) => isPartOf(own, labels) && Object.keys(own).length === Object.keys(labels).length,
	)?.value;
}

const isPartOf = (part: Labels, labels: Labels) =>
	Object.entries(part).every(([name, value]) => labels[name] === value);
