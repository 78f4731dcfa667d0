/** Figures of a service under load on a test clock: counts each second, figures over windows of them, as the real source gives. */

import { globFits } from '../../core/glob.ts';
import type { FigureInfo, FigureQuery, FigureSeries, FigureSource, FigureValue, Labels } from '../../core/metric.ts';
import { KNOWN_FIGURES } from './known-figures.ts';

interface Counted {
	labels: Labels;
	/** Sums up to and with each second. */
	sums: number[];
}

/** Written forward, a second at a time; asked for at any time that was written. */
export class FleetFigures implements FigureSource {
	readonly startMs: number;
	#second = -1;
	readonly #counters = new Map<string, Counted[]>();
	readonly #gauges = new Map<string, { labels: Labels; values: (number | null)[] }[]>();
	/** Latencies of a service, seconds, by second. */
	readonly #latencies = new Map<string, number[][]>();

	constructor(startMs: number) {
		this.startMs = startMs;
	}

	/** Begins the next second. */
	next(): void {
		this.#second++;
	}

	count(metric: string, labels: Labels, amount: number): void {
		const one = seriesOf(this.#counters, metric, labels, () => ({ labels, sums: [] as number[] }));
		const last = one.sums.at(-1) ?? 0;
		while (one.sums.length < this.#second) one.sums.push(last);
		one.sums[this.#second] = (one.sums[this.#second] ?? last) + amount;
	}

	gauge(figure: string, labels: Labels, value: number): void {
		const one = seriesOf(this.#gauges, figure, labels, () => ({ labels, values: [] as (number | null)[] }));
		one.values[this.#second] = value;
	}

	latency(service: string, seconds: readonly number[]): void {
		const all = this.#latencies.get(service) ?? [];
		all[this.#second] = [...(all[this.#second] ?? []), ...seconds];
		this.#latencies.set(service, all);
	}

	find(name: string): FigureInfo | undefined {
		return KNOWN_FIGURES.find(name);
	}

	list(): readonly FigureInfo[] {
		return KNOWN_FIGURES.list();
	}

	async range(): Promise<FigureSeries[]> {
		return [];
	}

	async at(query: FigureQuery, timeMs: number): Promise<FigureValue[]> {
		const to = Math.floor((timeMs - this.startMs) / 1000);
		const from = to - Math.round(query.overMs / 1000);
		// Nothing is known of before.
		if (to < 0 || to > this.#second) return [];
		const { figure } = query;
		if (figure === 'error_rate') return this.#ratio(query, ['errors', 'requests'], [from, to]);
		if (figure === 'retry_rate') return this.#ratio(query, ['retries', 'requests'], [from, to]);
		if (/^p\d+$/.test(figure)) return this.#percentiles(query, [from, to]);
		if (this.#counters.has(figure)) {
			const seconds = to - Math.max(0, from);
			return this.#counted(query, [from, to]).map(({ labels, value }) => ({
				labels,
				value: value / Math.max(1, seconds),
			}));
		}
		return this.#means(query, [from, to]);
	}

	#ratio(query: FigureQuery, [part, whole]: [string, string], window: [number, number]): FigureValue[] {
		const parts = this.#counted({ ...query, figure: part }, window);
		return this.#counted({ ...query, figure: whole }, window).flatMap(({ labels, value }) => {
			const some = parts.find((one) => JSON.stringify(one.labels) === JSON.stringify(labels))?.value ?? 0;
			return value === 0 ? [] : [{ labels, value: some / value }];
		});
	}

	#counted({ figure, where, by }: FigureQuery, [from, to]: [number, number]): FigureValue[] {
		const at = ({ sums }: Counted, second: number) => (second < 0 ? 0 : (sums[Math.min(second, sums.length - 1)] ?? 0));
		const found = (this.#counters.get(figure) ?? []).filter(({ labels }) => fits(labels, where));
		return grouped(
			found.map((one) => ({ labels: one.labels, value: at(one, to) - at(one, from) })),
			by,
			(a, b) => a + b,
		);
	}

	#means({ figure, where, by }: FigureQuery, [from, to]: [number, number]): FigureValue[] {
		const found = (this.#gauges.get(figure) ?? []).filter(({ labels }) => fits(labels, where));
		const adds = this.find(figure)?.unit === 'number';
		const means = found.flatMap(({ labels, values }) => {
			const known = values.slice(Math.max(0, from + 1), to + 1).filter((value) => value != null);
			return known.length === 0 ? [] : [{ labels, value: known.reduce((sum, value) => sum + value, 0) / known.length }];
		});
		return grouped(means, by, (a, b) => (adds ? a + b : Math.max(a, b)));
	}

	#percentiles({ figure, where }: FigureQuery, [from, to]: [number, number]): FigureValue[] {
		const share = Number(`0.${figure.slice(1)}`);
		return [...this.#latencies].flatMap(([service, all]) => {
			if (!fits({ service }, where)) return [];
			const sorted = sortedOf(all.slice(Math.max(0, from + 1), to + 1));
			return sorted.length === 0
				? []
				: [
						{
							labels: { service },
							value: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number,
						},
					];
		});
	}
}

function sortedOf(parts: readonly (readonly number[])[]): Float64Array {
	const values = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		values.set(part ?? [], at);
		at += part?.length ?? 0;
	}
	return values.sort();
}

function seriesOf<T extends { labels: Labels }>(all: Map<string, T[]>, name: string, labels: Labels, make: () => T): T {
	const list = all.get(name) ?? [];
	all.set(name, list);
	const found = list.find((one) => JSON.stringify(one.labels) === JSON.stringify(labels));
	if (found !== undefined) return found;
	const made = make();
	list.push(made);
	return made;
}

const fits = (labels: Labels, where: Labels) =>
	Object.entries(where).every(([name, glob]) => globFits(glob, labels[name] ?? ''));

function grouped(
	values: readonly FigureValue[],
	by: readonly string[],
	join: (a: number, b: number) => number,
): FigureValue[] {
	const groups = new Map<string, FigureValue>();
	for (const { labels, value } of values) {
		const own = Object.fromEntries(by.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])));
		const key = JSON.stringify(own);
		const before = groups.get(key);
		groups.set(key, { labels: own, value: before === undefined ? value : join(before.value, value) });
	}
	return [...groups.values()];
}
