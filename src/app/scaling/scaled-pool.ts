/** A pool as the scaler sees it. */

import type { ScaledInstance } from '../../scaling/classify.ts';
import type { InstanceSize } from '../../scaling/policy.ts';
import type { HeldBack } from '../../scaling/samples.ts';
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
	/** What the platform says of what instances use, by id; null: it does not. */
	usage: PoolFleet['size']['usage'];
	/** Learned median from start to ready, ms; null: none known. */
	startTimeMs: number | null;
	/** What the provider holds back. */
	trouble: HeldBack;
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
		usage: pool.size.usage,
		startTimeMs: pool.startTimeMs,
		trouble: pool.size.trouble,
	};
}

function stateOf({ leaving, state, serving, provided }: PoolFleet['members'][number]): ScaledInstance['state'] {
	if (leaving || state === 'draining') return 'leaving';
	if (serving) return 'ready';
	return state === 'starting' || provided.life === 'pending' ? 'pending' : 'unready';
}
