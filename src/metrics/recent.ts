/**
 * What all kept metrics did in the last hour, second by second, in memory: of each second only what
 * changed. Bounded in time and in bytes; the oldest minutes go first.
 */
import { FrameWriter } from './frame.ts';
import type { MinuteFrames, MinuteMetric } from './minute-frames.ts';
import { MINUTE, RecentBlock } from './recent-block.ts';
import type { Metric, Registry } from './registry.ts';
import { CounterSeries, HistogramSeries, type Series } from './series.ts';
import { type SlotAnswer, SlotFill, type SlotRequest } from './slots.ts';

/** Most that one record can stand for: the machine slept, or the clock was set forward. */
const LONGEST_MS = 3_600_000;

export interface RecentOptions {
	/** How long back, ms; default an hour. */
	keepMs?: number;
	/** Most bytes; default 64 MiB. */
	maxBytes?: number;
}

/** What a series had when it was last recorded. */
interface Before {
	value: number;
	sum: number;
	cells: Uint32Array | undefined;
}

interface Known {
	values: readonly string[];
	/** Begin of the last minute in which it was there. */
	seenMs: number;
}

export class Recent {
	readonly #registry: Registry;
	readonly #keepMs: number;
	readonly #maxBytes: number;
	readonly #blocks: RecentBlock[] = [];
	#before = new WeakMap<Series, Before>();
	readonly #known = new Map<string, Map<number, Known>>();
	/** The series of each metric when it was last recorded. */
	readonly #lists = new Map<string, readonly Series[]>();
	readonly #frame = new FrameWriter();
	#firstMs = 0;
	#lastMs: number | undefined;
	#rebase = false;

	constructor(registry: Registry, options: RecentOptions = {}) {
		this.#registry = registry;
		this.#keepMs = options.keepMs ?? 3_600_000;
		this.#maxBytes = options.maxBytes ?? 64 * 1_048_576;
	}

	/** What is known reaches back so far, epoch ms; Infinity: nothing is. */
	get fromMs(): number {
		return Math.max(this.#firstMs, this.#blocks[0]?.fromMs ?? Number.POSITIVE_INFINITY);
	}

	/** What is from then on was not handed on yet, epoch ms. */
	get openMs(): number {
		return this.#blocks.at(-1)?.fromMs ?? Number.POSITIVE_INFINITY;
	}

	/** When was last recorded, epoch ms; 0: never. */
	get untilMs(): number {
		return this.#lastMs ?? 0;
	}

	get bytes(): number {
		return this.#blocks.reduce((sum, block) => sum + block.bytes, 0);
	}

	/**
	 * What counters grew by until the next record did not happen now: they were taken over from another core.
	 * The first record of all is taken so by itself.
	 */
	rebase(): void {
		this.#rebase = true;
	}

	/** Once a second, after `Registry.sample`. A minute that is over is handed on, for the roll-ups. */
	record(timeMs: number): MinuteFrames | null {
		const last = this.#lastMs;
		// The clock was set back: a little is waited for, after more all begins anew.
		if (last !== undefined && timeMs <= last && timeMs > last - MINUTE) return null;
		if (last !== undefined && timeMs <= last) this.#blocks.length = 0;
		this.#lastMs = timeMs;
		const first = last === undefined || timeMs <= last;
		if (first) this.#firstMs = timeMs;
		const minuteMs = Math.floor(timeMs / MINUTE) * MINUTE;
		const open = this.#blocks.at(-1);
		const over = open !== undefined && open.fromMs < minuteMs ? this.#close(open) : null;
		const block = over === null && open !== undefined ? open : new RecentBlock(minuteMs);
		if (block !== open) this.#blocks.push(block);
		const second = Math.floor((timeMs - minuteMs) / 1000);
		const covered = first ? 0 : Math.min(LONGEST_MS, timeMs - last);
		block.coveredMs[second] = (block.coveredMs[second] as number) + covered;
		const silent = first || this.#rebase;
		for (const metric of this.#registry.metrics()) {
			if (metric.kept) this.#write(metric, { block, second, silent });
		}
		this.#rebase = false;
		this.#forget(timeMs);
		return over;
	}

	/** Ends the minute that is under way, when the program ends; null: there is nothing. */
	flush(): MinuteFrames | null {
		const open = this.#blocks.at(-1);
		return open === undefined ? null : this.#close(open);
	}

	#write(metric: Metric, to: { block: RecentBlock; second: number; silent: boolean }): void {
		const { kind, name } = metric.definition;
		const series = metric.all;
		const frame = this.#frame;
		frame.clear();
		const others = this.#lists.get(name) !== series;
		const full = kind === 'gauge' && (others || !to.block.has(name));
		if (others) {
			this.#lists.set(name, series);
			this.#know(metric, to.block.fromMs);
		}
		for (const one of series) {
			if (one instanceof CounterSeries) this.#counter(one, to.silent);
			else if (one instanceof HistogramSeries) this.#histogram(one, to.silent);
			else if (this.#changed(one) || full) frame.number(one.id, one.value);
		}
		if (!frame.empty || full) to.block.put(metric, to.second, { bytes: frame.view(), full });
	}

	#of(series: Series): Before {
		let before = this.#before.get(series);
		if (before === undefined) {
			const cells = series instanceof HistogramSeries ? new Uint32Array(series.cells.length) : undefined;
			const value = series instanceof CounterSeries ? series.base : 0;
			this.#before.set(series, (before = { value, sum: 0, cells }));
		}
		return before;
	}

	#changed(series: Series & { value: number }): boolean {
		const before = this.#of(series);
		if (Object.is(before.value, series.value)) return false;
		before.value = series.value;
		return true;
	}

	#counter(series: CounterSeries, silent: boolean): void {
		const before = this.#of(series);
		const grown = toParts(series.value - before.value);
		if (grown <= 0) return;
		// What is kept is rounded: the rest is told with the next.
		before.value = silent ? series.value : before.value + grown;
		if (!silent) this.#frame.number(series.id, grown);
	}

	#histogram(series: HistogramSeries, silent: boolean): void {
		const before = this.#of(series);
		if (before.value === series.count || before.cells === undefined) return;
		before.value = series.count;
		const sum = toParts(series.sum - before.sum);
		if (!silent) this.#frame.cells(series.id, Math.max(0, sum), gained(series.cells, before.cells));
		before.sum = silent ? series.sum : before.sum + sum;
		before.cells.set(series.cells);
	}

	#close(block: RecentBlock): MinuteFrames {
		block.close();
		const metrics: MinuteMetric[] = [];
		for (const metric of this.#registry.metrics()) {
			const { name, kind, labels } = metric.definition;
			if (!metric.kept) continue;
			this.#know(metric, block.fromMs);
			const sum = block.sum(metric);
			const known = this.#known.get(name);
			const series = sum.ids().map((id) => [id, known?.get(id)?.values ?? []] as const);
			if (series.length === 0) continue;
			const frame = sum.encode();
			block.keep(name, frame);
			metrics.push({ name, kind, cells: metric.cellCount, labels, series, frame });
		}
		return { timeMs: block.fromMs, coveredMs: Math.round(block.totalMs), metrics };
	}

	/** Remembers who the ids are for as long as there are frames of them. */
	#know(metric: Metric, minuteMs: number): Map<number, Known> {
		const { name } = metric.definition;
		let known = this.#known.get(name);
		if (known === undefined) this.#known.set(name, (known = new Map()));
		for (const { id, values } of metric.all) {
			const found = known.get(id);
			if (found === undefined) known.set(id, { values, seenMs: minuteMs });
			else found.seenMs = minuteMs;
		}
		return known;
	}

	#forget(timeMs: number): void {
		const before = this.#blocks.length;
		let bytes = this.bytes;
		while (this.#blocks.length > 1) {
			const [oldest] = this.#blocks as [RecentBlock];
			if (oldest.fromMs + MINUTE > timeMs - this.#keepMs && bytes <= this.#maxBytes) break;
			bytes -= oldest.bytes;
			this.#blocks.shift();
		}
		if (this.#blocks.length === before) return;
		for (const [name, known] of this.#known) {
			for (const [id, { seenMs }] of known) if (seenMs < this.fromMs) known.delete(id);
			if (known.size > 0 || this.#registry.find(name) !== undefined) continue;
			this.#known.delete(name);
			this.#lists.delete(name);
		}
	}

	/** What is asked for, as far as it is in memory and not before `sinceMs`. */
	read(request: SlotRequest, sinceMs: number = request.fromMs): SlotAnswer {
		const metric = this.#registry.find(request.metric);
		const fromMs = Math.max(sinceMs, request.fromMs);
		const toMs = request.fromMs + request.slots * request.slotMs;
		const fill = new SlotFill(request, metric?.definition.kind ?? 'counter', metric?.cellCount ?? 0);
		if (metric?.kept === true) {
			const { labels } = metric.definition;
			for (const [id, { values, seenMs }] of this.#know(metric, this.openMs))
				if (seenMs + 2 * MINUTE > request.fromMs) fill.learn(id, labels, values);
		}
		// Of a metric that is not there, what was recorded of others still says that nothing happened.
		for (const block of this.#blocks) {
			if (block.fromMs + MINUTE > fromMs && block.fromMs < toMs) block.read(request.metric, fill, { fromMs, toMs });
		}
		return fill.finish(this.untilMs);
	}
}

/** To a millionth, which is what a frame keeps. */
function toParts(value: number): number {
	return Number.isInteger(value) ? value : Math.round(value * 1e6) / 1e6;
}

function* gained(now: Uint32Array, before: Uint32Array): Generator<readonly [number, number]> {
	for (let i = 0; i < now.length; i++) {
		const more = ((now[i] as number) - (before[i] as number)) >>> 0;
		if (more !== 0) yield [i, more];
	}
}
