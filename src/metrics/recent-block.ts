/** One minute of one-second frames. */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { FrameReader } from './frame.ts';
import { FrameSum } from './frame-sum.ts';
import type { Metric } from './registry.ts';
import type { SlotFill } from './slots.ts';

export const MINUTE = 60_000;
/** What an empty part takes beside its bytes. */
const PART_BYTES = 100;

/** A frame in the bytes of its part. `full`: series that are not in it are no more. */
interface Placed {
	second: number;
	full: boolean;
	from: number;
	to: number;
}

/** The frames of one metric. */
interface Part {
	gauge: boolean;
	/** While it is written. */
	writer: ByteWriter | undefined;
	bytes: Uint8Array;
}

export class RecentBlock {
	/** Epoch ms. */
	readonly fromMs: number;
	/** Of each second, how long what was recorded then took. */
	readonly coveredMs: Float64Array = new Float64Array(60);
	readonly #parts = new Map<string, Part>();
	/** By metric, once it is closed: the whole minute as one frame. */
	readonly #whole = new Map<string, Uint8Array>();
	#bytes = 0;
	#closed = false;

	constructor(fromMs: number) {
		this.fromMs = fromMs;
	}

	/** About how much memory it takes. */
	get bytes(): number {
		return this.#bytes;
	}

	get totalMs(): number {
		return this.coveredMs.reduce((sum, ms) => sum + ms, 0);
	}

	has(metric: string): boolean {
		return this.#parts.has(metric);
	}

	/** Adds a frame of a second, 0…59. */
	put(metric: Metric, second: number, frame: { bytes: Uint8Array; full: boolean }): void {
		const { name, kind } = metric.definition;
		let part = this.#parts.get(name);
		if (part === undefined) {
			part = { gauge: kind === 'gauge', writer: new ByteWriter(256), bytes: new Uint8Array(0) };
			this.#parts.set(name, part);
			this.#bytes += PART_BYTES;
		}
		const { writer } = part;
		if (writer === undefined) return;
		const before = writer.length;
		writer.varint(second * 2 + (frame.full ? 1 : 0));
		writer.varint(frame.bytes.length);
		writer.bytes(frame.bytes);
		part.bytes = writer.view();
		this.#bytes += writer.length - before;
	}

	/** Nothing is added any more. */
	close(): void {
		this.#closed = true;
		for (const part of this.#parts.values()) {
			part.bytes = part.writer?.take() ?? part.bytes;
			part.writer = undefined;
		}
	}

	/** Keeps the whole minute of a metric, too. */
	keep(metric: string, frame: Uint8Array): void {
		this.#whole.set(metric, frame);
		this.#bytes += frame.length + PART_BYTES;
	}

	/** Tells what a metric did in a range of epoch ms: at once where the minute is within one slot, else second by second. */
	read(metric: string, fill: SlotFill, range: { fromMs: number; toMs: number }): void {
		const within = range.fromMs <= this.fromMs && this.fromMs + MINUTE <= range.toMs;
		const whole = this.#whole.get(metric);
		if (within && this.#closed && fill.holds(this.fromMs, MINUTE)) {
			if (fill.at(this.fromMs, this.totalMs) && whole !== undefined) fill.addFrame(whole);
			return;
		}
		this.#readSeconds(metric, fill, range);
	}

	#readSeconds(metric: string, fill: SlotFill, range: { fromMs: number; toMs: number }): void {
		const part = this.#parts.get(metric);
		const frames = part === undefined ? [] : placed(part.bytes);
		const carried = new Map<number, number>();
		let at = 0;
		for (let second = 0; second < 60; second++) {
			const covered = this.coveredMs[second] as number;
			const timeMs = this.fromMs + second * 1000;
			const wanted = covered > 0 && timeMs >= range.fromMs && timeMs < range.toMs && fill.at(timeMs, covered);
			for (; part !== undefined && frames[at]?.second === second; at++) {
				const frame = frames[at] as Placed;
				if (part.gauge) carry(carried, part.bytes, frame);
				else if (wanted) addAll(fill, part.bytes, frame);
			}
			if (wanted) for (const [id, value] of carried) fill.gauge(id, value, covered);
		}
	}

	/** The whole minute of a metric. */
	sum(metric: Metric): FrameSum {
		const { name, kind } = metric.definition;
		const sum = new FrameSum(kind, metric.cellCount);
		const part = this.#parts.get(name);
		if (part === undefined) return sum;
		const frames = placed(part.bytes);
		if (kind !== 'gauge') {
			for (const frame of frames) sum.add(part.bytes, frame);
			return sum;
		}
		const carried = new Map<number, number>();
		for (let second = 0, at = 0; second < 60; second++) {
			for (; frames[at]?.second === second; at++) carry(carried, part.bytes, frames[at] as Placed);
			const covered = this.coveredMs[second] as number;
			if (covered > 0) for (const [id, value] of carried) sum.addValue(id, value, covered);
		}
		return sum;
	}
}

function placed(bytes: Uint8Array): Placed[] {
	const reader = new ByteReader(bytes);
	const frames: Placed[] = [];
	while (!reader.done) {
		const first = reader.varint();
		const length = reader.varint();
		const from = reader.at;
		frames.push({ second: first >> 1, full: (first & 1) === 1, from, to: reader.skip(length) });
	}
	return frames;
}

/** A gauge keeps its value until another is told. */
function carry(carried: Map<number, number>, bytes: Uint8Array, frame: Placed): void {
	if (frame.full) carried.clear();
	const reader = new FrameReader('number', bytes, frame);
	while (reader.next()) {
		if (Number.isNaN(reader.value)) carried.delete(reader.id);
		else carried.set(reader.id, reader.value);
	}
}

function addAll(fill: SlotFill, bytes: Uint8Array, frame: Placed): void {
	const reader = new FrameReader(fill.cells > 0 ? 'cells' : 'number', bytes, frame);
	while (reader.next()) fill.add(reader);
}
