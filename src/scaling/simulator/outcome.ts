/** What became of a load under a policy. */
import type { ClampName } from '../decision.ts';
import type { Seen } from './controller.ts';
import { LogHistogram } from './log-histogram.ts';

export interface Point {
	/** Begin, epoch ms. */
	atMs: number;
	/** The highest of its time. */
	ready: number;
	desired: number;
	/** Requests a second in the mean. */
	requests: number;
	unmet: number;
	/** The highest of its seconds; null: nothing was answered. */
	p95Ms: number | null;
}

export interface SizeChange {
	atMs: number;
	from: number;
	to: number;
	limitedBy: ClampName | null;
}

export interface Outcome {
	name: string;
	requests: number;
	unmet: number;
	p50Ms: number | null;
	p95Ms: number | null;
	p99Ms: number | null;
	/** From the order of an instance to its end. */
	instanceSeconds: number;
	most: number;
	least: number;
	outs: number;
	ins: number;
	/** Turns of the direction within the flap time. */
	flaps: number;
	/** From the first lack of instances to the order of more, and until one more is ready; null: nothing lacked, or never. */
	reactionMs: number | null;
	readyAfterMs: number | null;
	/** Of a few hundred points at most. */
	points: Point[];
	/** The first 1,000. */
	changes: SizeChange[];
}

const MOST_POINTS = 600;
const MOST_CHANGES = 1000;
const FLAP_MS = 600_000;

export interface OutcomeFacts {
	name: string;
	fromMs: number;
	steps: number;
	/** Turns closer than this are flaps, ms. */
	flapMs: number | null;
	/** When instances lack for the first time; null: never. */
	lackMs: number | null;
}

/** Writes down a run as it goes. */
export class OutcomeRecorder {
	readonly #facts: OutcomeFacts;
	readonly #latency = new LogHistogram();
	readonly #points: Point[] = [];
	readonly #changes: SizeChange[] = [];
	readonly #stepsAPoint: number;
	#step = 0;
	#requests = 0;
	#unmet = 0;
	#most = 0;
	#least = Number.POSITIVE_INFINITY;
	#outs = 0;
	#ins = 0;
	#flaps = 0;
	#last: { atMs: number; direction: number } | null = null;
	#reactionMs: number | null = null;
	#readyBefore = 0;
	#readyAfterMs: number | null = null;

	constructor(facts: OutcomeFacts) {
		this.#facts = facts;
		this.#stepsAPoint = Math.max(1, Math.ceil(facts.steps / MOST_POINTS));
	}

	step({ figures, fleet }: Seen): void {
		this.#requests += figures.arrivals;
		this.#unmet += figures.unmet;
		this.#latency.merge(figures.latency);
		if (fleet.ready > this.#most) this.#most = fleet.ready;
		if (fleet.ready < this.#least) this.#least = fleet.ready;
		if (this.#reactionMs !== null && this.#readyAfterMs === null && fleet.ready > this.#readyBefore)
			this.#readyAfterMs = figures.atMs - (this.#facts.lackMs as number);
		this.#point({ figures, fleet });
	}

	resized(change: SizeChange, ready: number): void {
		if (this.#changes.length < MOST_CHANGES) this.#changes.push(change);
		const direction = Math.sign(change.to - change.from);
		if (direction > 0) this.#outs++;
		else this.#ins++;
		const { atMs } = change;
		const last = this.#last;
		if (last !== null && last.direction !== direction && atMs - last.atMs <= (this.#facts.flapMs ?? FLAP_MS))
			this.#flaps++;
		this.#last = { atMs, direction };
		const { lackMs } = this.#facts;
		if (direction > 0 && lackMs !== null && atMs >= lackMs && this.#reactionMs === null) {
			this.#reactionMs = atMs - lackMs;
			this.#readyBefore = ready;
		}
	}

	end(paidMs: number): Outcome {
		const percentile = (share: number) => this.#latency.percentile(share);
		return {
			name: this.#facts.name,
			requests: this.#requests,
			unmet: this.#unmet,
			p50Ms: percentile(0.5),
			p95Ms: percentile(0.95),
			p99Ms: percentile(0.99),
			instanceSeconds: paidMs / 1000,
			most: this.#most,
			least: Math.min(this.#least, this.#most),
			outs: this.#outs,
			ins: this.#ins,
			flaps: this.#flaps,
			reactionMs: this.#reactionMs,
			readyAfterMs: this.#readyAfterMs,
			points: this.#points,
			changes: this.#changes,
		};
	}

	#point({ figures, fleet }: Seen): void {
		const seconds = (this.#stepsAPoint * figures.stepMs) / 1000;
		if (this.#step++ % this.#stepsAPoint === 0) {
			const atMs = figures.atMs - figures.stepMs;
			this.#points.push({ atMs, ready: 0, desired: 0, requests: 0, unmet: 0, p95Ms: null });
		}
		const point = this.#points.at(-1) as Point;
		point.ready = Math.max(point.ready, fleet.ready);
		point.desired = Math.max(point.desired, fleet.desired);
		point.requests += figures.arrivals / seconds;
		point.unmet += figures.unmet;
		const p95Ms = figures.latency.percentile(0.95);
		if (p95Ms !== null && (point.p95Ms === null || p95Ms > point.p95Ms)) point.p95Ms = p95Ms;
	}
}
