/** Every metric of the program, and the bound on how many series there are. */
import { BallastError } from '../core/errors.ts';
import type { MetricDefinition, MetricKind } from '../core/metric.ts';
import { type CellLayout, cellsOf } from './cells.ts';
import { CounterSeries, GaugeSeries, HistogramSeries, type Series, type SeriesByKind } from './series.ts';

/** Most characters of a label's value; what is longer is cut. */
const VALUE_CHARS = 200;
/** Series that are gone are kept so many at most, so that one that comes back goes on where it was. */
const ATTIC = 500;

export interface MetricOptions {
	/** Of a histogram; default `log-linear`. */
	cells?: CellLayout;
	/** Whether its history is kept for figures; default true. */
	kept?: boolean;
}

/** What all metrics of a registry share. */
interface Room {
	most: number;
	used: number;
	lastId: number;
	/** Grows when there may be room for what was refused. */
	epoch: number;
	readonly dropped: CounterSeries;
	/** Found no room: they are written to and read by nobody, and each is counted once. */
	readonly refused: Map<string, Series>;
	readonly attic: Map<string, Series>;
}

export class Metric<S extends Series = Series> {
	readonly definition: MetricDefinition;
	readonly cells: CellLayout;
	readonly kept: boolean;
	readonly #room: Room;
	readonly #make: (id: number, values: readonly string[]) => S;
	readonly #series = new Map<string, S>();
	#all: readonly S[] | undefined;
	#seen: Set<S> | undefined;

	constructor(
		definition: MetricDefinition,
		options: MetricOptions,
		parts: { room: Room; make: (id: number, values: readonly string[]) => S },
	) {
		this.definition = definition;
		this.cells = options.cells ?? 'log-linear';
		this.kept = options.kept ?? true;
		this.#room = parts.room;
		this.#make = parts.make;
	}

	/** How many cells its histograms have; 0: it is none. */
	get cellCount(): number {
		return this.definition.kind === 'histogram' ? cellsOf(this.cells) : 0;
	}

	/** In the order in which they came. */
	get all(): readonly S[] {
		return (this.#all ??= [...this.#series.values()].sort((one, other) => one.id - other.id));
	}

	/**
	 * The series of these values of the labels, in the order of the definition; made when it is new. One
	 * that finds no room in the registry can be written to, and is seen nowhere.
	 */
	series(...values: readonly string[]): S {
		const key = values.join('\0');
		const found = this.#series.get(key) ?? this.#create(key, values);
		this.#seen?.add(found);
		return found;
	}

	#create(key: string, values: readonly string[]): S {
		const { definition } = this;
		if (values.length !== definition.labels.length)
			throw new BallastError('internal', `${definition.name} has ${definition.labels.length} labels`);
		const room = this.#room;
		const name = `${definition.name}\0${key}`;
		const refused = room.refused.get(name);
		if (refused !== undefined) return refused as S;
		if (room.used >= room.most) {
			room.dropped.add(1);
			const nowhere = this.#make(0, values);
			if (room.refused.size < room.most) room.refused.set(name, nowhere);
			return nowhere;
		}
		const made = (room.attic.get(name) as S | undefined) ?? this.#make(++room.lastId, values.map(cut));
		room.attic.delete(name);
		room.used++;
		this.#series.set(key, made);
		this.#all = undefined;
		return made;
	}

	/** The series comes back where it was if it is asked for again soon. */
	remove(...values: readonly string[]): void {
		this.#drop(values.join('\0'));
	}

	#drop(key: string): void {
		const found = this.#series.get(key);
		if (found === undefined) return;
		const room = this.#room;
		this.#series.delete(key);
		this.#all = undefined;
		room.used--;
		makeRoom(room);
		room.attic.set(`${this.definition.name}\0${key}`, found);
		if (room.attic.size > ATTIC) room.attic.delete(room.attic.keys().next().value as string);
	}

	/** Runs what asks for all series that there are now; those that were not asked for are removed. */
	refresh(collect: () => void): void {
		const seen = (this.#seen = new Set<S>());
		try {
			collect();
		} finally {
			this.#seen = undefined;
		}
		for (const [key, series] of this.#series) if (!seen.has(series)) this.#drop(key);
	}
}

function makeRoom(room: Room): void {
	if (room.refused.size === 0) return;
	room.refused.clear();
	room.epoch++;
}

const cut = (value: string): string => (value.length <= VALUE_CHARS ? value : `${value.slice(0, VALUE_CHARS - 1)}…`);

const DROPPED: MetricDefinition & { kind: 'counter' } = {
	name: 'ballast_series_dropped_total',
	kind: 'counter',
	unit: 'number',
	help: 'Series that found no room; see metrics.series',
	labels: [],
};

export class Registry {
	readonly #metrics = new Map<string, Metric>();
	readonly #collectors = new Set<() => void>();
	readonly #room: Room;
	readonly #failed: (error: unknown) => void;

	/** @param options `series`: most of them; `failed`: a collector threw */
	constructor(options: { series?: number; failed?: (error: unknown) => void } = {}) {
		const dropped = new CounterSeries(1, []);
		// One more, since what counts the dropped ones takes a place itself.
		const most = (options.series ?? 10_000) + 1;
		this.#room = { most, used: 0, lastId: 1, epoch: 0, dropped, refused: new Map(), attic: new Map() };
		this.#failed = options.failed ?? (() => {});
		const metric = new Metric<CounterSeries>(DROPPED, {}, { room: this.#room, make: () => dropped });
		metric.series();
		this.#metrics.set(DROPPED.name, metric);
	}

	/** Series that there are. */
	get size(): number {
		return this.#room.used;
	}

	/** Grows when series that found no room may find some now. */
	get epoch(): number {
		return this.#room.epoch;
	}

	/** A reload may say another number. Those that are there stay. */
	resize(series: number): void {
		this.#room.most = series + 1;
		makeRoom(this.#room);
	}

	/** A metric; the same again for the same name. @throws BallastError `internal` when it was defined otherwise */
	define<K extends MetricKind>(
		definition: MetricDefinition & { kind: K },
		options: MetricOptions = {},
	): Metric<SeriesByKind[K]> {
		const known = this.#metrics.get(definition.name);
		if (known !== undefined) {
			const { kind, labels } = known.definition;
			if (kind !== definition.kind || labels.join() !== definition.labels.join())
				throw new BallastError('internal', `the metric ${definition.name} is defined twice, differently`);
			return known as unknown as Metric<SeriesByKind[K]>;
		}
		if (!/^[a-z_][a-z0-9_]*$/i.test(definition.name) || !definition.labels.every((name) => /^[a-z_]\w*$/i.test(name)))
			throw new BallastError('internal', `the metric ${definition.name} or a label of it has no valid name`);
		const metric = new Metric<Series>(definition, options, {
			room: this.#room,
			make: (id, values) => make(definition.kind, id, { values, layout: options.cells ?? 'log-linear' }),
		});
		this.#metrics.set(definition.name, metric);
		return metric as unknown as Metric<SeriesByKind[K]>;
	}

	/** Series that found no room, each counted once. */
	get dropped(): number {
		return this.#room.dropped.value;
	}

	/** Forgets a metric with its series, so that it can be defined otherwise. */
	undefine(name: string): void {
		const metric = this.#metrics.get(name);
		for (const { values } of metric?.all ?? []) metric?.remove(...values);
		this.#metrics.delete(name);
	}

	find(name: string): Metric | undefined {
		return this.#metrics.get(name);
	}

	metrics(): readonly Metric[] {
		return [...this.#metrics.values()];
	}

	/** Has a function run before each sample; the answer ends that. */
	collect(collector: () => void): () => void {
		this.#collectors.add(collector);
		return () => this.#collectors.delete(collector);
	}

	/** Once a second: brings all values up to date. */
	sample(): void {
		for (const collector of this.#collectors) {
			try {
				collector();
			} catch (error) {
				this.#failed(error);
			}
		}
	}
}

function make(kind: MetricKind, id: number, of: { values: readonly string[]; layout: CellLayout }): Series {
	if (kind === 'counter') return new CounterSeries(id, of.values);
	return kind === 'gauge' ? new GaugeSeries(id, of.values) : new HistogramSeries(id, of.values, of.layout);
}
