import type { Labels, MetricKind } from '../core/metric.ts';
import { NONE_REFUSED, type Refusal, type RemotePoint } from './remote-point.ts';

export interface RemoteSeriesBounds {
	/** Most series in all. */
	series: number;
	/** Most series of one instance. */
	seriesOfInstance: number;
	/** A series of which nothing came for so long is forgotten, ms. */
	idleMs: number;
}

export const REMOTE_BOUNDS: RemoteSeriesBounds = { series: 10_000, seriesOfInstance: 2000, idleMs: 300_000 };

/** Exporters of OpenTelemetry push each minute unless they are told otherwise. */
const KEEP_MS = 150_000;

/** A series of another program, as it stands now; counts since it was first seen. */
export interface RemoteSeries {
	readonly name: string;
	readonly kind: MetricKind;
	readonly labels: Labels;
	value: number;
	bounds: readonly number[];
	counts: number[];
	/** When the last point came, by our clock. */
	seenMs: number;
	/** Until when its value is of use, should no other come. */
	untilMs: number;
}

interface Held extends RemoteSeries {
	owner: string;
	/** The last cumulative point, from which the next one's growth is taken. */
	last: { value: number; counts: readonly number[] };
	lastTimeMs: number;
}

/** What other programs count, bounded in number. What finds no room is counted and said to whoever sent it. */
export class RemoteSeriesSet {
	readonly #bounds: RemoteSeriesBounds;
	readonly #series = new Map<string, Held>();
	readonly #perOwner = new Map<string, number>();
	#dropped = 0;

	constructor(bounds: RemoteSeriesBounds = REMOTE_BOUNDS) {
		this.#bounds = bounds;
	}

	/** Points that found no room. */
	get dropped(): number {
		return this.#dropped;
	}

	get size(): number {
		return this.#series.size;
	}

	/** `keepMs`: how long the values are of use. */
	add(points: readonly RemotePoint[], nowMs: number, keepMs: number = KEEP_MS): Refusal {
		let rejected = 0;
		for (const point of points) if (!this.#take(point, nowMs, nowMs + keepMs)) rejected++;
		this.#dropped += rejected;
		if (rejected === 0) return NONE_REFUSED;
		return {
			rejected,
			reason: `no room for more series: ${this.#bounds.series} in all, ${this.#bounds.seriesOfInstance} of one instance`,
		};
	}

	all(): IterableIterator<Readonly<RemoteSeries>> {
		return this.#series.values();
	}

	/** Forgets series of which nothing came any more; every now and then. */
	prune(nowMs: number): void {
		for (const [key, held] of this.#series) {
			if (nowMs - held.seenMs <= this.#bounds.idleMs) continue;
			this.#series.delete(key);
			const left = (this.#perOwner.get(held.owner) ?? 1) - 1;
			if (left > 0) this.#perOwner.set(held.owner, left);
			else this.#perOwner.delete(held.owner);
		}
	}

	#take(point: RemotePoint, nowMs: number, untilMs: number): boolean {
		const key = keyOf(point);
		const held = this.#series.get(key) ?? this.#make(key, point);
		if (held === undefined) return false;
		held.seenMs = nowMs;
		held.untilMs = untilMs;
		if (point.kind === 'gauge') held.value = point.value;
		else if (point.delta) grow(held, point.value, point.counts);
		else this.#cumulative(held, point);
		held.bounds = point.bounds;
		return true;
	}

	/** Adds what came since the point before; a total that fell began anew, an older point changes nothing. */
	#cumulative(held: Held, point: RemotePoint): void {
		if (point.timeMs < held.lastTimeMs) return;
		const { last } = held;
		const same =
			point.counts.length === last.counts.length && point.counts.every((count, i) => count >= (last.counts[i] ?? 0));
		const began = point.kind === 'histogram' ? !same : point.value < last.value;
		if (began) grow(held, point.value, point.counts);
		else
			grow(
				held,
				point.value - last.value,
				point.counts.map((count, i) => count - (last.counts[i] ?? 0)),
			);
		held.last = { value: point.value, counts: point.counts };
		held.lastTimeMs = point.timeMs;
	}

	#make(key: string, { name, kind, labels, bounds, counts }: RemotePoint): Held | undefined {
		const owner = `${labels['service'] ?? ''}\0${labels['instance'] ?? ''}`;
		const ofOwner = this.#perOwner.get(owner) ?? 0;
		if (this.#series.size >= this.#bounds.series || ofOwner >= this.#bounds.seriesOfInstance) return undefined;
		const zeros = counts.map(() => 0);
		const last = { value: 0, counts: zeros };
		const held: Held = {
			name,
			kind,
			labels,
			value: 0,
			bounds,
			counts: [...zeros],
			seenMs: 0,
			untilMs: 0,
			owner,
			last,
			lastTimeMs: 0,
		};
		this.#series.set(key, held);
		this.#perOwner.set(owner, ofOwner + 1);
		return held;
	}
}

function grow(held: Held, value: number, counts: readonly number[]): void {
	held.value += value;
	// Other bounds than before: what was counted under the old ones cannot be told apart any more.
	if (held.counts.length !== counts.length) held.counts = [...counts];
	else for (const [i, count] of counts.entries()) held.counts[i] = (held.counts[i] as number) + count;
}

function keyOf({ name, kind, labels }: RemotePoint): string {
	const names = Object.keys(labels).sort();
	return `${kind} ${name} ${JSON.stringify(names.map((label) => [label, labels[label]]))}`;
}
