/** Figures from what is in memory and, before that, from what is on disk. */
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import type {
	FigureInfo,
	FigureQuery,
	FigureRange,
	FigureSeries,
	FigureSource,
	FigureValue,
	Labels,
} from '../core/metric.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Figure, FigureForm } from './figure-form.ts';
import { finestAt, type Grid, gridAt, gridOver, type Kept } from './figure-grid.ts';
import { type GroupValues, type PartSlots, valuesOf } from './figure-windows.ts';
import { promqlOf } from './promql.ts';
import { otherFigure, rawFigure } from './raw-figure.ts';
import type { Recent } from './recent.ts';
import type { Registry } from './registry.ts';
import type { SlotAnswer, SlotRequest } from './slots.ts';

/** The roll-ups, which are on another thread. */
export interface RollupReader {
	read(requests: SlotRequest[]): Promise<SlotAnswer[]>;
	span(): Promise<{ fromMs: number; untilMs: number } | null>;
}

/** What other programs count. */
export interface OtherFigures {
	registry: Registry;
	recent: Recent;
	/** Those that came. */
	figure(name: string): Figure | undefined;
	figures(): Figure[];
}

export interface FigureOptions {
	registry: Registry;
	recent: Recent;
	/** null: nothing is kept on disk. */
	rollups: RollupReader | null;
	/** They have an hour in memory, and nothing on disk. Default: there are none. */
	others?: OtherFigures;
	/** How long minutes and five minutes are kept. */
	kept: Kept;
	now?: () => number;
}

/** Longest window of a figure. */
const LONGEST_MS = 400 * 86_400_000;
const MINUTE = 60_000;
/** Of other programs. */
const MOST_LISTED = 500;
const CATALOGUED: ReadonlyMap<string, Figure> = new Map(CATALOGUE.map((one) => [one.info.name, one]));

interface Asked {
	figure: Figure;
	form: FigureForm;
	/** With the label by which the worst counts. */
	by: readonly string[];
	query: FigureQuery;
}

export class Figures implements FigureSource {
	readonly #of: FigureOptions;
	readonly #now: () => number;

	constructor(options: FigureOptions) {
		this.#of = options;
		this.#now = options.now ?? Date.now;
	}

	find(name: string): FigureInfo | undefined {
		return this.#figure(name)?.info;
	}

	/** The catalogue, and what other programs count; Ballast's own metrics are figures too, under their names. */
	list(): readonly FigureInfo[] {
		const others = this.#of.others?.figures().slice(0, MOST_LISTED) ?? [];
		return [...CATALOGUE, ...others].map(({ info }) => info);
	}

	/** Over how long a figure's values are taken where nothing is said, ms. */
	defaultOverMs(name: string): number {
		return this.#figure(name)?.overMs ?? 300_000;
	}

	/** What is asked for, of Prometheus; null: it cannot be. @throws BallastError `bad_query` */
	promql(query: FigureQuery): string | null {
		return promqlOf(this.#asked(query).figure, query);
	}

	#figure(name: string): Figure | undefined {
		const known = CATALOGUED.get(name);
		if (known !== undefined) return known;
		const metric = this.#of.registry.find(name);
		if (metric === undefined) return this.#of.others?.figure(name);
		return metric.kept ? rawFigure(metric.definition) : undefined;
	}

	/** What may yet come, or come under more labels: until then nothing is known of it, which is no fault. */
	#awaited({ figure: name, where, by }: FigureQuery): Figure | undefined {
		const { others, registry } = this.#of;
		if (others === undefined || CATALOGUED.has(name) || registry.find(name) !== undefined) return undefined;
		return otherFigure(name, [...Object.keys(where), ...by]);
	}

	/** @throws BallastError `bad_query` */
	#asked(query: FigureQuery): Asked {
		const known = this.#figure(query.figure);
		const found = known !== undefined && fitting(known, query) !== undefined ? known : (this.#awaited(query) ?? known);
		if (found === undefined) {
			const near = closest(query.figure, [...CATALOGUED.keys()]);
			const meant = near === undefined ? '' : `; did you mean \`${near}\`?`;
			throw new BallastError('bad_query', `there is no figure \`${query.figure}\`${meant}`);
		}
		if (!(query.overMs >= 1000 && query.overMs <= LONGEST_MS))
			throw new BallastError('bad_query', 'a figure is taken over 1s to 400d');
		const form = fitting(found, query);
		if (form === undefined) {
			const labels = [...Object.keys(query.where), ...query.by];
			const sets = found.forms.map((one) => (one.labels.length === 0 ? 'none' : one.labels.join(', '))).join('; or ');
			throw new BallastError('bad_query', `\`${query.figure}\` has no \`${labels.join(', ')}\`; it has ${sets}`);
		}
		const { worst } = found;
		const by = worst === undefined || query.by.includes(worst.by) ? query.by : [...query.by, worst.by];
		return { figure: found, form, by, query };
	}

	async at(query: FigureQuery, timeMs: number): Promise<FigureValue[]> {
		const asked = this.#asked(query);
		const least = await this.#least(timeMs - query.overMs, timeMs);
		const groups = await this.#values(asked, gridAt(timeMs, query.overMs, least));
		return groups.flatMap(({ labels, values }) =>
			Number.isFinite(values[0]) ? [{ labels, value: values[0] as number }] : [],
		);
	}

	async range(query: FigureRange): Promise<FigureSeries[]> {
		const asked = this.#asked(query);
		const leastMs = await this.#least(query.fromMs - query.overMs, query.toMs);
		const grid = gridOver(query, { leastMs, series: this.#seriesOf(asked) });
		const groups = await this.#values(asked, grid);
		const fromMs = grid.fromMs + grid.width * grid.slotMs;
		return groups.flatMap(({ labels, values }) => {
			const points = Array.from(values, (value) => (Number.isFinite(value) ? value : null));
			return points.every((value) => value === null) ? [] : [{ labels, fromMs, stepMs: grid.slotMs, values: points }];
		});
	}

	/** The shortest slot for a time: a second where memory reaches, or where there is nothing else. */
	async #least(fromMs: number, toMs: number): Promise<number> {
		const { recent, rollups, kept } = this.#of;
		if (fromMs >= recent.fromMs || rollups === null) return 1000;
		const span = await rollups.span();
		// What is on disk begins with a whole minute, in the middle of which memory may have begun.
		const memoryMs = Math.floor(Math.min(recent.fromMs, toMs) / 60_000) * 60_000;
		if (span === null || span.fromMs >= memoryMs || span.untilMs <= fromMs) return 1000;
		return finestAt(this.#now() - fromMs, kept);
	}

	/** Most series that an answer can have. */
	#seriesOf({ form, by }: Asked): number {
		if (by.length === 0) return 1;
		return Math.max(1, ...form.parts.map(({ metric }) => this.#home(metric).registry.find(metric)?.all.length ?? 0));
	}

	async #values(asked: Asked, grid: Grid): Promise<GroupValues[]> {
		const { form, by, query } = asked;
		const requests = form.parts.map(
			({ metric, where, fold = 'sum' }): SlotRequest => ({
				metric,
				where: { ...query.where, ...where },
				by,
				fold,
				fromMs: grid.fromMs,
				slotMs: grid.slotMs,
				grainMs: grid.grainMs,
				slots: grid.slots,
			}),
		);
		const parts = await this.#read(requests);
		const groups = valuesOf(form, parts, { width: grid.width, step: 1, windows: grid.windows });
		return by === query.by ? groups : worstOf(groups, asked);
	}

	#home(metric: string): { registry: Registry; recent: Recent } {
		const { others } = this.#of;
		return others?.registry.find(metric) !== undefined && this.#of.registry.find(metric) === undefined
			? others
			: this.#of;
	}

	async #read(requests: SlotRequest[]): Promise<PartSlots[]> {
		const { recent, rollups, registry } = this.#of;
		const [first] = requests;
		const onDisk =
			rollups !== null &&
			first !== undefined &&
			first.grainMs >= MINUTE &&
			first.fromMs < recent.fromMs &&
			registry.find(first.metric) !== undefined
				? await rollups.read(requests)
				: [];
		return requests.map((request, at) => {
			const home = this.#home(request.metric);
			const metric = home.registry.find(request.metric);
			const old = onDisk[at];
			// The minute that is under way may have begun in a run of the program before this one.
			const fresh = home.recent.read(
				request,
				old === undefined ? undefined : Math.min(old.untilMs, home.recent.openMs),
			);
			const answers = old === undefined ? [fresh] : [old, fresh];
			return { gauge: metric?.definition.kind === 'gauge', layout: metric?.cells ?? 'log-linear', answers };
		});
	}
}

/** The form that has all labels that are asked for. */
function fitting({ forms }: Figure, { where, by }: FigureQuery): FigureForm | undefined {
	const labels = [...Object.keys(where), ...by];
	return forms.find((one) => labels.every((label) => one.labels.includes(label)));
}

/** One for each combination that was asked for: the worst of those that it was split into. */
function worstOf(groups: readonly GroupValues[], { figure: { worst }, query }: Asked): GroupValues[] {
	const folded = new Map<string, GroupValues>();
	for (const { labels, values } of groups) {
		const own: Labels = Object.fromEntries(
			query.by.map((label) => [label, Object.hasOwn(labels, label) ? (labels[label] as string) : '']),
		);
		const key = Object.values(own).join('\0');
		const known = folded.get(key);
		if (known === undefined) {
			folded.set(key, { labels: own, values });
			continue;
		}
		for (const [at, value] of values.entries()) {
			const other = known.values[at] as number;
			if (Number.isNaN(value)) continue;
			const fold = worst?.fold === 'min' ? Math.min : Math.max;
			known.values[at] = Number.isNaN(other) ? value : fold(other, value);
		}
	}
	return [...folded.values()];
}
