import type { Board } from '../core/board.ts';
import type { Durations } from '../deploy/sample.ts';
import type { Counters } from '../deploy/tally.ts';
import type { MeterGroup } from '../metrics/counts.ts';
import { BUCKETS, bucketValue } from '../metrics/meter.ts';

/** How an instance's attempts end stands on the board, how long its requests take in its meter. */
export function rolloutCounters(board: Board, instances: MeterGroup): Counters {
	return {
		generation: (slot) => board.generation(slot),
		ended: (slot) => board.seen(slot),
		addLatency: (slot, into) => {
			const { buckets } = instances.sum([slot]);
			for (let at = 0; at < into.length; at++) into[at] = (into[at] as number) + (buckets[at] as number);
		},
	};
}

export const METER_DURATIONS: Durations = { buckets: BUCKETS, us: bucketValue };
