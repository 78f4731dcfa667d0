/** How the number of instances of a pool is decided. */
import type { FigureQuery } from '../core/metric.ts';

/** `shadow`: decided and kept, never carried out. `off`: not even decided. */
export type ScaleMode = 'on' | 'scale-out-only' | 'shadow' | 'off';

/** Where a signal's values come from. */
export type SignalSource =
	/** Of each instance, of what it is given: its `size`, or one core and the memory of the machine. 0…1 and above. */
	| { from: 'cpu' }
	| { from: 'memory' }
	/** Of the pool as the gateway counts them; those that wait for an instance are among them. */
	| { from: 'requests' }
	| { from: 'in-flight' }
	/** Anything that `ballast metrics` knows, scraped metrics included. */
	| { from: 'figure'; query: FigureQuery }
	| { from: 'prometheus'; url: string; query: string; headers: Readonly<Record<string, string>> };

/**
 * How a value relates to the size.
 * - `each`: instances have values of their own; their mean is to be the target (HPA: Resource, Pods).
 * - `total`: one value that instances share: size = total / target (HPA: External, AverageValue).
 * - `level`: one value that does not divide, such as a latency: size × value / target (HPA: Object, Value).
 */
export type SignalKind = 'each' | 'total' | 'level';

export interface Signal {
	/** As it stands in the configuration: `cpu`, `p95`, `queue.length`. Unique in its policy. */
	name: string;
	source: SignalSource;
	kind: SignalKind;
	/** Above 0, in the unit of the value. */
	target: number;
	/** How values and target are written. */
	unit: 'ratio' | 'seconds' | 'bytes' | 'number' | 'per-second';
}

/** `by`: so many instances more (negative: fewer); `share`: of the size; `to`: this size. */
export type StepChange = { by: number } | { share: number } | { to: number };

/** Bands of a value, each with a change of the size (AWS step scaling). */
export interface StepPolicy {
	/** As it stands in the configuration. */
	name: string;
	source: SignalSource;
	unit: Signal['unit'];
	/** `above`: `from` ≤ value < `to`; `below`: `to` < value ≤ `from`. */
	when: 'above' | 'below';
	/** From the threshold outwards; `to` null: no end. */
	bands: readonly { from: number; to: number | null; change: StepChange }[];
}

/** Other bounds for a time. */
export interface Schedule {
	/** Five fields, or six with seconds. */
	cron: string;
	/** IANA name; null: the machine's. */
	timeZone: string | null;
	/** From each of its times on, ms. */
	forMs: number;
	/** null: as without it. Of several at once the largest `min` and the largest `max` count. */
	min: number | null;
	max: number | null;
}

/** Within `periodMs` the size may change by so much. */
export type RateLimit = { instances: number; periodMs: number } | { share: number; periodMs: number };

export interface Direction {
	/** |1 − value / target| up to here changes nothing, 0…1. */
	tolerance: number;
	/** Out: the least recommendation of this time counts; in: the largest, ms. 0: only the present one. */
	windowMs: number;
	/** Least time since the last change of the size in whatever direction, ms. */
	cooldownMs: number;
	rates: readonly RateLimit[];
	/** Which of the rates counts: the one that allows most or least change; `none`: never in this direction. */
	select: 'max' | 'min' | 'none';
}

export interface VerticalPolicy {
	/** `recommend`: only said. `apply`: carried out, live where possible, else by replacing one after the other. */
	mode: 'recommend' | 'apply';
	/** Bounds of the recommendation; null: none. Cores; bytes. */
	minCpu: number;
	maxCpu: number | null;
	minMemoryBytes: number;
	maxMemoryBytes: number | null;
}

/** What an instance is given. null: not bounded. */
export interface InstanceSize {
	/** Cores. */
	cpu: number | null;
	memoryBytes: number | null;
}

export interface ScalePolicy {
	/** 0: down to none when nothing was asked for. */
	min: number;
	max: number;
	mode: ScaleMode;
	/** Empty, with no steps: the size is `min`, or what a schedule or a person says. */
	signals: readonly Signal[];
	steps: readonly StepPolicy[];
	schedules: readonly Schedule[];
	/** Time over which values are taken, ms. */
	windowMs: number;
	/** A short window that sees a rush at once (Knative). null: off. */
	panic: { windowMs: number; threshold: number } | null;
	/** Sized for the peak of the values over this time (GCP), ms; 0: off. */
	peakOverMs: number;
	out: Direction;
	in: Direction;
	/** Time from ready until an instance's CPU says something, ms; null: learned from its start-up times. */
	warmUpMs: number | null;
	/** Most turns from out to in within `overMs`; a further one waits until one of them is over. null: off. */
	flaps: { most: number; overMs: number } | null;
	/** Share of failed requests from which on nothing goes in; null: off. */
	brakeErrorRate: number | null;
	/** With `min` 0: time without a request until the last instance goes, ms. */
	idleMs: number;
	size: InstanceSize;
	/** null: no sizes are recommended. */
	vertical: VerticalPolicy | null;
	/** What to do where the platform's own autoscaler is at work too. */
	nativeAutoscaler: 'refuse' | 'warn';
}
