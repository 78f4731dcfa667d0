/** Figures that a test says itself. */
import type { FigureInfo, FigureQuery, FigureSeries, FigureSource, FigureValue, Labels } from '../../core/metric.ts';
import { KNOWN_FIGURES } from './known-figures.ts';

type At = (timeMs: number, query: FigureQuery) => number | null;

/** Series by figure; a value is what the function says of the time and window asked for, null: nothing is known. */
export class MemoryFigures implements FigureSource {
	readonly #series: { figure: string; labels: Labels; at: At }[] = [];
	/** Waited for before each answer. */
	gate: Promise<unknown> = Promise.resolve();
	asked = 0;

	set(figure: string, labels: Labels, value: number | null | At): void {
		const at = this.#series.findIndex(
			(one) => one.figure === figure && JSON.stringify(one.labels) === JSON.stringify(labels),
		);
		const series = { figure, labels, at: typeof value === 'function' ? value : () => value };
		if (at < 0) this.#series.push(series);
		else this.#series[at] = series;
	}

	find(name: string): FigureInfo | undefined {
		return KNOWN_FIGURES.find(name);
	}

	list(): readonly FigureInfo[] {
		return KNOWN_FIGURES.list();
	}

	/** Series that fall together are added up, or, of a ratio or a time, the highest counts. */
	async at(query: FigureQuery, timeMs: number): Promise<FigureValue[]> {
		this.asked++;
		await this.gate;
		const adds = this.find(query.figure)?.unit === 'number';
		const groups = new Map<string, FigureValue>();
		for (const { figure, labels, at } of this.#series) {
			if (figure !== query.figure || !matches(labels, query.where)) continue;
			const value = at(timeMs, query);
			if (value === null) continue;
			const own = Object.fromEntries(
				query.by.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])),
			);
			const key = JSON.stringify(own);
			const before = groups.get(key)?.value;
			groups.set(key, {
				labels: own,
				value: before === undefined ? value : adds ? before + value : Math.max(before, value),
			});
		}
		return [...groups.values()];
	}

	async range(): Promise<FigureSeries[]> {
		return [];
	}
}

function matches(labels: Labels, where: Labels): boolean {
	return Object.entries(where).every(([name, glob]) => {
		const pattern = glob
			.split('*')
			.map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
			.join('.*');
		return new RegExp(`^${pattern}$`, 's').test(labels[name] ?? '');
	});
}
