/** A pool as the scaler sees it. */

import type { ScaledInstance } from '../../scaling/classify.ts';
import type { InstanceSize } from '../../scaling/policy.ts';
import type { PoolFleet } from '../fleet-pool.ts';

export interface ScaledPoolInstance extends ScaledInstance {
	inFlight: number;
	/** -1 while the workers do not know it. */
	slot: number;
}

export interface ScaledPool {
	desired: number;
	instances: readonly ScaledPoolInstance[];
	/** What each instance is given. */
	size: InstanceSize;
	/** Learned median from start to ready, ms; null: none known. */
	startTimeMs: number | null;
	/** Why what the provider says is not to be relied on; null: it is. */
	trouble: string | null;
}

export function scaledPool(pool: PoolFleet): ScaledPool {
	return {
		desired: pool.desired,
		instances: pool.members.map((member) => ({
			id: member.id,
			state: stateOf(member),
			readySinceMs: member.state === 'ready' ? member.since : null,
			inFlight: member.inFlight,
			slot: member.slot,
		})),
		size: pool.size.given,
		startTimeMs: pool.startTimeMs,
		trouble: pool.trouble,
	};
}

function stateOf({ leaving, state, serving, provided }: PoolFleet['members'][number]): ScaledInstance['state'] {
	if (leaving || state === 'draining') return 'leaving';
	if (serving) return 'ready';
	return state === 'starting' || provided.life === 'pending' ? 'pending' : 'unready';
}
