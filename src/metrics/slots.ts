/** What is read of a metric's history: its series, put together by labels, in slots of equal length. */
import type { Labels, MetricKind, Where } from '../core/metric.ts';
import { FrameReader } from './frame.ts';
import { shapeOf } from './frame-sum.ts';
import { fits } from './where.ts';

/** What several series of a gauge are together. */
export type Fold = 'sum' | 'mean' | 'max' | 'min';

/** Plain data: it goes to another thread. */
export interface SlotRequest {
	metric: string;
	where: Where;
	by: readonly string[];
	/** Of gauges. */
	fold: Fold;
	/** A multiple of `grainMs`, epoch ms. */
	fromMs: number;
	slotMs: number;
	/** How exact the edges of a slot must be, ms: it divides `slotMs`. */
	grainMs: number;
	slots: number;
}

/** The cells of a histogram that are not 0. */
export interface SparseCells {
	index: Uint16Array;
	count: Float64Array;
}

export interface SlotGroup {
	labels: Labels;
	/** By slot: by how much a counter, or a histogram's sum, grew; a gauge's mean, NaN where it is not known. */
	values: Float64Array;
	/** Of a histogram, by slot; null: nothing. */
	cells: (SparseCells | null)[] | null;
}

export interface SlotAnswer {
	/** Of each slot: how much of it was recorded. */
	coveredMs: Float64Array;
	groups: SlotGroup[];
	/** What is after this is not in it. */
	untilMs: number;
}

/** Most combinations of labels in one answer. */
const MOST_GROUPS = 1000;

/** A series in an answer that is being made, and what it did in the current slot. */
interface Member {
	group: Group;
	weighted: number;
	knownMs: number;
}

interface Group {
	labels: Labels;
	values: Float64Array;
	cells: (SparseCells | null)[] | null;
	/** Of the current slot. */
	now: Float64Array | undefined;
	folded: number;
	/** How many were folded, and the longest for which one of them is known. */
	members: number;
	knownMs: number;
}

/** Makes an answer of what is told to it in the order of time. */
export class SlotFill {
	readonly #request: SlotRequest;
	readonly #kind: MetricKind;
	/** Of a histogram. */
	readonly cells: number;
	readonly #groups = new Map<string, Group>();
	readonly #members = new Map<number, Member | null>();
	readonly #touched = new Set<Member>();
	readonly #filled = new Set<Group>();
	readonly #covered: Float64Array;
	#slot = 0;

	constructor(request: SlotRequest, kind: MetricKind, cells: number) {
		this.#request = request;
		this.#kind = kind;
		this.cells = cells;
		this.#covered = new Float64Array(request.slots);
	}

	/** Says of a series what it is; one that is not asked for is passed over from then on. */
	learn(id: number, labels: readonly string[], values: readonly string[]): void {
		if (this.#members.has(id)) return;
		const { where, by } = this.#request;
		const group = fits(where, labels, values)
			? this.#group(by.map((label) => [label, values[labels.indexOf(label)] ?? '']))
			: null;
		this.#members.set(id, group === null ? null : { group, weighted: 0, knownMs: 0 });
	}

	#group(pairs: [string, string][]): Group | null {
		const key = pairs.map(([, value]) => value).join('\0');
		const known = this.#groups.get(key);
		if (known !== undefined || this.#groups.size >= MOST_GROUPS) return known ?? null;
		const { slots } = this.#request;
		const values = new Float64Array(slots).fill(this.#kind === 'gauge' ? Number.NaN : 0);
		const cells = this.#kind === 'histogram' ? new Array<SparseCells | null>(slots).fill(null) : null;
		const group = {
			labels: Object.fromEntries(pairs),
			values,
			cells,
			now: undefined,
			folded: 0,
			members: 0,
			knownMs: 0,
		};
		this.#groups.set(key, group);
		return group;
	}

	/** Whether something of the series is asked for. */
	wants(id: number): boolean {
		return (this.#members.get(id) ?? null) !== null;
	}

	/** Goes to the slot of a time, which was recorded for so long. False: it is outside of what is asked for. */
	at(timeMs: number, coveredMs: number): boolean {
		const { fromMs, slotMs, slots } = this.#request;
		const slot = Math.floor((timeMs - fromMs) / slotMs);
		if (slot < 0 || slot >= slots) return false;
		if (slot !== this.#slot) this.#flush();
		this.#slot = slot;
		this.#covered[slot] = (this.#covered[slot] as number) + coveredMs;
		return true;
	}

	/** Whether so much time lies within one slot. */
	holds(fromMs: number, lengthMs: number): boolean {
		const into = fromMs - this.#request.fromMs;
		return Math.floor(into / this.#request.slotMs) === Math.floor((into + lengthMs - 1) / this.#request.slotMs);
	}

	/** Takes a frame of a minute or more. @throws RangeError when it is damaged */
	addFrame(frame: Uint8Array): void {
		const reader = new FrameReader(shapeOf(this.#kind), frame);
		while (reader.next()) this.add(reader);
	}

	/** Takes what the reader stands at. */
	add(reader: FrameReader): void {
		const member = this.#members.get(reader.id);
		if (member === undefined || member === null) return;
		if (this.#kind === 'gauge') return this.#know(member, reader.value, reader.knownMs);
		const { group } = member;
		group.values[this.#slot] = (group.values[this.#slot] as number) + reader.value;
		if (this.#kind !== 'histogram') return;
		reader.addCells((group.now ??= new Float64Array(this.cells)));
		this.#filled.add(group);
	}

	/** A gauge had a value for so long. */
	gauge(id: number, value: number, knownMs: number): void {
		const member = this.#members.get(id);
		if (member !== undefined && member !== null) this.#know(member, value, knownMs);
	}

	#know(member: Member, value: number, knownMs: number): void {
		member.weighted += value * knownMs;
		member.knownMs += knownMs;
		this.#touched.add(member);
	}

	/** The current slot is done. */
	#flush(): void {
		const slot = this.#slot;
		for (const group of this.#filled) {
			const { now, cells } = group;
			if (now === undefined || cells === null) continue;
			cells[slot] = sparse(now);
			now.fill(0);
		}
		this.#filled.clear();
		for (const member of this.#touched) this.#fold(member);
		for (const { group } of this.#touched) {
			const { members, knownMs, folded } = group;
			if (members === 0) continue;
			const { fold } = this.#request;
			// One that was there for half of the time counts half in a sum.
			group.values[slot] = fold === 'sum' ? folded / knownMs : fold === 'mean' ? folded / members : folded;
			group.members = 0;
			group.knownMs = 0;
		}
		this.#touched.clear();
	}

	#fold(member: Member): void {
		const { group, weighted, knownMs } = member;
		member.weighted = 0;
		member.knownMs = 0;
		if (knownMs <= 0) return;
		const { fold } = this.#request;
		const value = fold === 'sum' ? weighted : weighted / knownMs;
		const before = group.folded;
		group.knownMs = Math.max(group.knownMs, knownMs);
		if (group.members++ === 0) group.folded = value;
		else if (fold === 'max') group.folded = Math.max(before, value);
		else group.folded = fold === 'min' ? Math.min(before, value) : before + value;
	}

	finish(untilMs: number): SlotAnswer {
		this.#flush();
		const groups = [...this.#groups.values()].map(({ labels, values, cells }) => ({ labels, values, cells }));
		return { coveredMs: this.#covered, groups, untilMs };
	}
}

function sparse(cells: Float64Array): SparseCells | null {
	let used = 0;
	for (let i = 0; i < cells.length; i++) if (cells[i] !== 0) used++;
	if (used === 0) return null;
	const index = new Uint16Array(used);
	const count = new Float64Array(used);
	for (let i = 0, at = 0; i < cells.length; i++) {
		if (cells[i] === 0) continue;
		index[at] = i;
		count[at++] = cells[i] as number;
	}
	return { index, count };
}
