/** What other programs count (pages of metrics, OTLP), with a history of its own in memory, so that it can be asked for. */
import type { Labels, MetricKind } from '../core/metric.ts';
import type { Figure } from './figure-form.ts';
import { unitOf } from './metric-names.ts';
import { OTHERS_HELP, otherMean, rawFigure } from './raw-figure.ts';
import { Recent } from './recent.ts';
import { type Metric, Registry } from './registry.ts';
import { CounterSeries, type GaugeSeries } from './series.ts';

/** A series of another program as it stands now. The same object each time. */
export interface OtherSeries {
	readonly name: string;
	readonly kind: MetricKind;
	readonly labels: Labels;
	/** Of a histogram its sum. */
	readonly value: number;
	/** Of a histogram, of each bucket for itself. */
	readonly counts: readonly number[];
	/** When its last value came, epoch ms. */
	readonly seenMs: number;
	/** It is of no more use then, epoch ms: whoever told it is gone. */
	readonly untilMs: number;
}

/** Labels of all series of one name together. */
const MOST_LABELS = 32;
/** Names that are remembered: one that goes and comes back as another kind would not fit its history. */
const MOST_NAMES = 20_000;
const REMEMBERED_MS = 3_720_000;
/** Series that are begun in a second; the others wait for the next. */
const MOST_BEGUN = 2000;
const MOST_BYTES = 32 * 1_048_576;

/** The series of one name: of one kind, under one list of labels that only grows. */
interface Family {
	kind: MetricKind;
	labels: string[];
	/** Grows with `labels`. */
	version: number;
	held: number;
}

interface Held {
	family: Family;
	version: number;
	epoch: number;
	name: string;
	kept: { metric: Metric; values: string[]; series: CounterSeries | GaugeSeries }[];
	round: number;
	seenMs: number;
}

export class OtherMetrics {
	readonly registry: Registry;
	readonly recent: Recent;
	readonly #isOurs: (name: string) => boolean;
	readonly #families = new Map<string, Family>();
	readonly #held = new Map<OtherSeries, Held>();
	readonly #refused = new WeakSet<OtherSeries>();
	/** Of each metric in the registry, or that was there in the last hour. */
	readonly #kinds = new Map<string, { kind: 'counter' | 'gauge'; seenMs: number }>();
	#nowMs = 0;
	#sweptMs = 0;
	#round = 0;
	#begun = 0;
	#dropped = 0;

	/** @param isOurs names that others cannot have; `series`: most of them */
	constructor(isOurs: (name: string) => boolean, series = 10_000) {
		this.#isOurs = isOurs;
		this.registry = new Registry({ series });
		this.recent = new Recent(this.registry, { maxBytes: MOST_BYTES });
	}

	/** Series without a history: no room, more labels than may be, or of another kind than those that came first. */
	get dropped(): number {
		return this.#dropped + this.registry.dropped;
	}

	/** A figure of what came; undefined: nothing of that name did. */
	figure(name: string): Figure | undefined {
		const family = this.#families.get(name);
		if (family?.kind === 'histogram') return otherMean(name, family.labels);
		const metric = this.registry.find(name);
		return metric === undefined || this.#isOurs(name) ? undefined : rawFigure(metric.definition);
	}

	figures(): Figure[] {
		return [...this.#families.keys()].flatMap((name) => this.figure(name) ?? []);
	}

	/** Once a second: all series that there are. */
	record(all: Iterable<OtherSeries>, nowMs: number): void {
		const round = ++this.#round;
		this.#nowMs = nowMs;
		this.#begun = 0;
		for (const one of all) {
			if (nowMs > one.untilMs) continue;
			const held = this.#held.get(one);
			const current =
				held !== undefined && held.version === held.family.version && held.epoch === this.registry.epoch
					? held
					: this.#hold(one, held);
			if (current === null) continue;
			current.round = round;
			if (current.seenMs !== one.seenMs) write(current, one);
		}
		for (const [one, held] of this.#held) if (held.round !== round) this.#release(one, held);
		this.recent.record(nowMs);
		this.#sweep();
	}

	#sweep(): void {
		const nowMs = this.#nowMs;
		if (Math.abs(nowMs - this.#sweptMs) < 60_000) return;
		this.#sweptMs = nowMs;
		for (const [name, known] of this.#kinds) {
			if (this.registry.find(name) !== undefined) known.seenMs = nowMs;
			else if (Math.abs(nowMs - known.seenMs) > REMEMBERED_MS) this.#kinds.delete(name);
		}
	}

	#hold(one: OtherSeries, before: Held | undefined): Held | null {
		if (++this.#begun > MOST_BEGUN) return null;
		// What has our name, or one that no query can say, is left out.
		const family = this.#isOurs(one.name) || !/^[a-z_]\w*$/i.test(one.name) ? null : this.#familyOf(one);
		if (family === null) return null;
		const values = family.labels.map((label) =>
			(Object.hasOwn(one.labels, label) ? (one.labels[label] as string) : '').replaceAll('\0', '\ufffd'),
		);
		const kept = namesOf(one.name, one.kind).map((name) => {
			const metric = this.#define(name, keptKind(one.kind), family.labels);
			return { metric, values, series: metric.series(...values) as CounterSeries | GaugeSeries };
		});
		const { version } = family;
		const held = { family, version, epoch: this.registry.epoch, name: one.name, kept, round: 0, seenMs: Number.NaN };
		if (before === undefined) family.held++;
		this.#held.set(one, held);
		return held;
	}

	/** null: there is no place for it. */
	#familyOf(one: OtherSeries): Family | null {
		const { name, kind } = one;
		let family = this.#families.get(name);
		const labels = Object.keys(one.labels).filter((label) => /^[a-z_]\w*$/i.test(label));
		const more = labels.filter((label) => family?.labels.includes(label) !== true);
		const fits =
			(family === undefined ? this.#isFree(name, kind) : family.kind === kind) &&
			(family?.labels.length ?? 0) + more.length <= MOST_LABELS;
		if (!fits) {
			if (!this.#refused.has(one)) this.#dropped++;
			this.#refused.add(one);
			return null;
		}
		if (family === undefined) this.#families.set(name, (family = { kind, labels: [], version: 0, held: 0 }));
		if (more.length === 0) return family;
		// All of the name begin anew under the longer list.
		this.#undefine(name, family);
		family.labels = [...family.labels, ...more];
		family.version++;
		return family;
	}

	#isFree(name: string, kind: MetricKind): boolean {
		return namesOf(name, kind).every((one) => {
			const known = this.#kinds.get(one);
			const mayBe = known === undefined ? this.#kinds.size < MOST_NAMES : known.kind === keptKind(kind);
			return mayBe && this.registry.find(one) === undefined && !this.#isOurs(one);
		});
	}

	#define(name: string, kind: 'counter' | 'gauge', labels: readonly string[]): Metric {
		this.#kinds.set(name, { kind, seenMs: this.#nowMs });
		return this.registry.define({ name, kind, unit: unitOf(name), help: OTHERS_HELP, labels }) as unknown as Metric;
	}

	#undefine(name: string, { kind }: Family): void {
		for (const one of namesOf(name, kind)) this.registry.undefine(one);
	}

	#release(one: OtherSeries, { family, name, version, kept }: Held): void {
		this.#held.delete(one);
		if (version === family.version) for (const { metric, values } of kept) metric.remove(...values);
		if (--family.held > 0) return;
		this.#undefine(name, family);
		this.#families.delete(name);
	}
}

/** A histogram takes two names: its cells are not kept. */
const namesOf = (name: string, kind: MetricKind): string[] =>
	kind === 'histogram' ? [`${name}_sum`, `${name}_count`] : [name];
const keptKind = (kind: MetricKind): 'counter' | 'gauge' => (kind === 'gauge' ? 'gauge' : 'counter');

function write(held: Held, one: OtherSeries): void {
	held.seenMs = one.seenMs;
	const count = one.counts.reduce((sum, more) => sum + more, 0);
	for (const [at, { series }] of held.kept.entries()) {
		const value = at === 1 ? count : one.value;
		// A total from before it was known did not happen now.
		if (series instanceof CounterSeries) series.readOn(value);
		else series.set(value);
	}
}
