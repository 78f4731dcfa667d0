/** From slots to values: what the parts of a figure did in windows of time. */
import type { Labels } from '../core/metric.ts';
import type { CellLayout } from './cells.ts';
import { emptyCells, type FigureForm, type PartWindow } from './figure-form.ts';
import type { SlotAnswer, SlotGroup } from './slots.ts';

/** What was read for one part: the answers from disk and from memory, in the order of time. */
export interface PartSlots {
	gauge: boolean;
	layout: CellLayout;
	answers: readonly SlotAnswer[];
}

export interface WindowGrid {
	/** Slots of one window, and those by which the next one is later. */
	width: number;
	step: number;
	windows: number;
}

/** Values by window; NaN: nothing is known. */
export interface GroupValues {
	labels: Labels;
	values: Float64Array;
}

const keyOf = (labels: Labels): string => Object.values(labels).join('\0');

/** All groups that any of the parts has; a part that lacks one counts as 0 there. */
export function valuesOf(form: FigureForm, parts: readonly PartSlots[], grid: WindowGrid): GroupValues[] {
	const groups = new Map<string, Labels>();
	for (const { answers } of parts)
		for (const { groups: found } of answers) for (const { labels } of found) groups.set(keyOf(labels), labels);
	const indexed = parts.map((part) => new PartReader(part));
	return [...groups].map(([key, labels]) => {
		const windows = indexed.map((part) => part.window(key, grid));
		const values = new Float64Array(grid.windows);
		for (let at = 0; at < grid.windows; at++)
			values[at] = valueAt(
				form,
				windows.map((read) => read(at)),
			);
		return { labels, values };
	});
}

function valueAt(form: FigureForm, windows: PartWindow[]): number {
	return windows.every(({ seconds }) => seconds > 0) ? form.value(windows) : Number.NaN;
}

interface Source {
	group: SlotGroup;
	coveredMs: Float64Array;
}

class PartReader {
	readonly #part: PartSlots;
	readonly #groups = new Map<string, Source[]>();

	constructor(part: PartSlots) {
		this.#part = part;
		for (const { groups, coveredMs } of part.answers) {
			for (const group of groups) {
				const key = keyOf(group.labels);
				const known = this.#groups.get(key);
				if (known === undefined) this.#groups.set(key, [{ group, coveredMs }]);
				else known.push({ group, coveredMs });
			}
		}
	}

	/** Reads one window after the other of a group; to be asked in their order. */
	window(key: string, grid: WindowGrid): (at: number) => PartWindow {
		const sources = this.#groups.get(key) ?? [];
		const cells = sources.some(({ group }) => group.cells !== null)
			? new Running(sources, this.#part.layout)
			: undefined;
		return (at) => {
			const from = at * grid.step;
			const to = from + grid.width;
			cells?.move(from, to);
			const seconds = this.#seconds(from, to);
			const value = this.#part.gauge ? mean(sources, from, to) : total(sources, from, to);
			// What has no value is not known, whatever else was recorded then.
			const known = Number.isNaN(value) ? 0 : seconds;
			return { value, seconds: known, cells: cells?.cells, count: cells?.count ?? 0, layout: this.#part.layout };
		};
	}

	#seconds(from: number, to: number): number {
		let ms = 0;
		for (const { coveredMs } of this.#part.answers) for (let slot = from; slot < to; slot++) ms += coveredMs[slot] ?? 0;
		return ms / 1000;
	}
}

function total(sources: readonly Source[], from: number, to: number): number {
	let sum = 0;
	for (const { group } of sources) for (let slot = from; slot < to; slot++) sum += group.values[slot] ?? 0;
	return sum;
}

function mean(sources: readonly Source[], from: number, to: number): number {
	let sum = 0;
	let weight = 0;
	for (const { group, coveredMs } of sources) {
		for (let slot = from; slot < to; slot++) {
			const value = group.values[slot] ?? Number.NaN;
			const ms = coveredMs[slot] ?? 0;
			if (Number.isNaN(value) || ms === 0) continue;
			sum += value * ms;
			weight += ms;
		}
	}
	return weight > 0 ? sum / weight : Number.NaN;
}

/** The cells of a window that moves on: what enters is added, what leaves is taken away. */
class Running {
	readonly cells: Float64Array;
	count = 0;
	readonly #sources: readonly Source[];
	#from = 0;
	#to = 0;

	constructor(sources: readonly Source[], layout: CellLayout) {
		this.#sources = sources;
		this.cells = emptyCells(layout);
	}

	move(from: number, to: number): void {
		if (from >= this.#to) {
			this.cells.fill(0);
			this.count = 0;
			this.#from = this.#to = from;
		}
		for (; this.#to < to; this.#to++) this.#add(this.#to, 1);
		for (; this.#from < from; this.#from++) this.#add(this.#from, -1);
	}

	#add(slot: number, sign: 1 | -1): void {
		for (const { group } of this.#sources) {
			const found = group.cells?.[slot];
			if (found === undefined || found === null) continue;
			for (let i = 0; i < found.index.length; i++) {
				const cell = found.index[i] as number;
				const count = sign * (found.count[i] as number);
				this.cells[cell] = (this.cells[cell] as number) + count;
				this.count += count;
			}
		}
	}
}
