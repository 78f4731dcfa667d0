/** What the clamps of one decision are made from. */
import type { Recommendation, ScalingState } from './decision.ts';
import type { ScalePolicy } from './policy.ts';
import type { ScalingSamples } from './samples.ts';
import type { Bounds } from './schedules.ts';

export interface Round {
	policy: ScalePolicy;
	samples: ScalingSamples;
	/** With the recommendation and the panic of this round in it, not yet with its change. */
	state: ScalingState;
	nowMs: number;
	/** The largest recommendation; null: none says anything. */
	raw: number | null;
	recommendations: readonly Recommendation[];
	/** The name of a signal that could not be read; null: none. */
	failing: string | null;
	/** The name of a signal that misses the values of an instance; null: none. */
	missing: string | null;
	/** What the load of the panic window needs; null: not known. */
	need: number | null;
	bounds: Bounds;
}
