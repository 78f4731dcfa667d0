/** What is decided, from what, and what was in the way. */
import type { ScalingSamples } from './samples.ts';

/** What one signal, step or schedule asks for. */
export interface Recommendation {
	/** The signal's name. */
	by: string;
	/** null: it says nothing. */
	size: number | null;
	/** The value that it was taken from, in the signal's unit; of `each`: the mean. */
	value: number | null;
	target: number | null;
	/** Why it says nothing or keeps the size: `within tolerance`, `no values`, … Empty: plainly so. */
	note: string;
}

/** What changed a size on its way from the recommendation to the decision, in order. */
export type ClampName =
	| 'by-hand'
	| 'mode'
	| 'missing'
	| 'peak'
	| 'panic'
	| 'brake'
	| 'rollout'
	| 'provider'
	| 'warm-up'
	| 'idle'
	| 'held'
	| 'projection'
	| 'window'
	| 'cooldown'
	| 'flaps'
	| 'rate'
	| 'schedule'
	| 'min'
	| 'max';

export interface Clamp {
	by: ClampName;
	from: number;
	to: number;
	/** Half a sentence: `at most 4 more in 15 s`. */
	why: string;
}

export interface Decision {
	/** The size to set; the present one where nothing is to change. */
	desired: number;
	/** The size before. */
	before: number;
	/** The largest recommendation; null: none. */
	raw: number | null;
	recommendations: readonly Recommendation[];
	clamps: readonly Clamp[];
	/** The clamp that the size was last changed by; null: it is the recommendation. */
	limitedBy: ClampName | null;
	/** What the pool would be sized to without `mode`: what `shadow` and `scale-out-only` hold back. */
	wanted: number;
	panic: boolean;
	/** For the next decision. */
	state: ScalingState;
}

export type Sizes = readonly (readonly [atMs: number, size: number])[];
export type Changes = readonly (readonly [atMs: number, by: number])[];

/** What a decision has to know of those before it; JSON, a few kilobytes at most. */
export interface ScalingState {
	/**
	 * Recommendations of the windows, oldest first: those that no later one exceeds within `in.windowMs`, and those
	 * that no later one undercuts within `out.windowMs`. null: there was none yet.
	 */
	recommended: { highest: Sizes; lowest: Sizes } | null;
	/** Recommendations that no later one exceeds within `peakOverMs`, oldest first. */
	peaks: Sizes;
	/** Changes of the size: those of the longest rate period, cool-down and flap time, oldest first. */
	changes: Changes;
	/** The size below which panic does not go, and when it was above its threshold last; null: no panic. */
	panic: { size: number; sinceMs: number; lastMs: number } | null;
	/** The last decision was none at all; a size of 0 that is not from a decision was set by hand. */
	asleep: boolean;
}

/** A decision as it is kept. */
export interface DecisionRecord {
	atMs: number;
	/** `videos`, `videos/standby`. */
	pool: string;
	mode: string;
	samples: ScalingSamples;
	decision: Omit<Decision, 'state'>;
	/** One sentence for people. */
	sentence: string;
	/** What became of it: `carried out: ready after 2.1 s`, `held back: shadow`, the provider's error; empty: not known yet. */
	outcome: string;
}
