/** A recorded hour on a test clock: its figures by what the program itself takes them with, and the real alert loop. */
import { setImmediate as turn } from 'node:timers/promises';
import { AlertLoop } from '../../src/alerts/alert-loop.ts';
import { defaultRules } from '../../src/alerts/default-rules.ts';
import { type AlertRule, queryOf } from '../../src/alerts/rule.ts';
import { FIGURE_CATALOGUE } from '../../src/config/figure-catalogue.ts';
import type { FigureQuery, FigureValue } from '../../src/core/metric.ts';
import { Figures } from '../../src/metrics/figure-source.ts';
import { Recent } from '../../src/metrics/recent.ts';
import { Registry } from '../../src/metrics/registry.ts';
import { TapePlayer, type TapeSecond } from './tape.ts';

const WEEK_MS = 7 * 86_400_000;
/** Against what a week ago is compared: another part of the same hour. */
const ASIDE_MS = 1_500_000;
const KEPT = { minutes: WEEK_MS, fiveMinutes: WEEK_MS };

export interface Replayed {
	/** Seconds of the tape at which each alert of a rule fired first. */
	fired: Map<string, number>;
	/** Rules of which each figure, and each guard's, had a value at some time. */
	seeing: Set<string>;
	/** What pended without firing, by rule: so many times. */
	pended: Map<string, number>;
	/** Looks at rules that came to nothing. */
	blind: { rule: string; why: string }[];
	figures: Figures;
}

/** Does in a second what a fault would, after what was recorded. `second`: since it began. */
export type Fault = (registry: Registry, second: number) => void;

export interface ReplayOptions {
	/** Part of the tape; default all. */
	from?: number;
	to?: number;
	/** Second of the tape at which the fault begins. */
	faultAt?: number;
	fault?: Fault;
}

export const RULES: readonly AlertRule[] = defaultRules(FIGURE_CATALOGUE);

/** Figures that are recorded as the tape goes on. */
class Recorded {
	readonly registry: Registry = new Registry();
	readonly recent: Recent = new Recent(this.registry);
	readonly figures: Figures;
	readonly #player = new TapePlayer(this.registry);

	constructor(now: () => number) {
		this.figures = new Figures({ registry: this.registry, recent: this.recent, rollups: null, kept: KEPT, now });
	}

	play(second: TapeSecond, change: () => void = () => {}): void {
		this.#player.play(second);
		change();
		this.recent.record(second.timeMs);
	}
}

const lastWeeks = new WeakMap<readonly TapeSecond[], Recorded>();

/** The whole tape: what is looked up of a week ago. */
function lastWeek(tape: readonly TapeSecond[]): Recorded {
	const known = lastWeeks.get(tape);
	if (known !== undefined) return known;
	const endMs = (tape.at(-1) as TapeSecond).timeMs;
	const made = new Recorded(() => endMs);
	for (const second of tape) made.play(second);
	lastWeeks.set(tape, made);
	return made;
}

/** All of the default set over the tape, from a Ballast that begins with it. */
export async function replay(tape: readonly TapeSecond[], options: ReplayOptions = {}): Promise<Replayed> {
	const { from = 0, to = tape.length, faultAt = Number.POSITIVE_INFINITY, fault = () => {} } = options;
	const endMs = (tape.at(-1) as TapeSecond).timeMs;
	let nowMs = (tape[from] as TapeSecond).timeMs;
	const now = () => nowMs;
	const live = new Recorded(now);
	const known = new Set<string>();
	const at = async (query: FigureQuery, timeMs: number): Promise<FigureValue[]> => {
		const aside = timeMs + WEEK_MS + ASIDE_MS;
		const values =
			timeMs > nowMs - WEEK_MS / 2
				? await live.figures.at(query, timeMs)
				: await lastWeek(tape).figures.at(query, aside > endMs ? aside - 2 * ASIDE_MS : aside);
		if (values.length > 0) known.add(JSON.stringify(query));
		return values;
	};
	const fired = new Map<string, number>();
	const pended = new Map<string, number>();
	let second = from;
	const loop = new AlertLoop({
		figures: { at, find: (figure) => live.figures.find(figure) },
		events: { around: async () => [] },
		states: { load: () => null, save: () => {} },
		say: ({ alert, state }) => {
			if (alert !== undefined && state === 'firing' && !fired.has(alert)) fired.set(alert, second);
		},
		node: 'recorded',
		now,
	});
	// What is before the part is there, but was not looked at.
	for (const early of tape.slice(0, from)) live.play(early);
	await loop.load({ rules: RULES, maintenance: [], deliveries: new Map() });
	const pending = new Set<string>();
	for (; second < to; second++) {
		const recorded = tape[second] as TapeSecond;
		nowMs = recorded.timeMs;
		live.play(recorded, () => second >= faultAt && fault(live.registry, second - faultAt));
		await loop.tick();
		for (const { key, name, state } of loop.answer().alerts) {
			if (state !== 'pending') pending.delete(key);
			else if (!pending.has(key)) {
				pending.add(key);
				pended.set(name, (pended.get(name) ?? 0) + 1);
			}
		}
		if (second % 100 === 0) await turn();
	}
	const seeing = RULES.filter(({ condition, guards }) =>
		[queryOf(condition), ...guards.map(({ query }) => query)].every((query) =>
			known.has(JSON.stringify(asked(query, condition))),
		),
	);
	return {
		fired,
		seeing: new Set(seeing.map(({ name }) => name)),
		pended,
		blind: loop.answer().blind,
		figures: live.figures,
	};
}

/** The query as it is asked: that of a burn rate is asked by its figure. */
function asked(query: FigureQuery, condition: AlertRule['condition']): FigureQuery {
	return condition.kind === 'burn' ? { ...query, figure: 'slo.burn' } : query;
}
