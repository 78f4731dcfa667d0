/** How a pool does: what failover, waiting, roll-outs and the status go by. */
import type { OutlierFigures } from './fleet-outliers.ts';
import type { PoolFleet } from './fleet-pool.ts';
import { poolKey } from './pool-key.ts';
import type { ProbeFigures } from './probe-count.ts';

export interface PoolReadiness {
	service: string;
	pool: string;
	ready: number;
	/** Instances that there are, those that leave not counted. */
	total: number;
	desired: number;
	/** Of the total, those that the operator drained. */
	out: number;
	/** The operator drained its region. */
	drained: boolean;
	/** Instances that are on their way. */
	starting: number;
	/** How long one may take to start, ms; null: they are not Ballast's to start. */
	startMs: number | null;
	/** Learned median from start to ready, ms; null: none known, or not Ballast's to start. */
	startTimeMs: number | null;
	/** It has no instance, and gets one by the next request. */
	sleeps: boolean;
	/** Why its provider's word is not to be relied on; null: it is. */
	trouble: string | null;
	/** Its platform refuses something for want of a permission. */
	permissionMissing: boolean;
	outliers: OutlierFigures;
	probes: ProbeFigures;
}

export function poolReadiness(pool: PoolFleet): PoolReadiness {
	return {
		service: pool.service,
		pool: pool.pool,
		ready: pool.members.filter((member) => member.serving).length,
		total: pool.members.filter((member) => !member.leaving).length,
		desired: pool.desired,
		out: pool.members.filter((member) => member.drained && !member.leaving).length,
		drained: pool.drained,
		starting: pool.members.filter((member) => member.state === 'starting' && !member.leaving).length,
		startMs: pool.startMs,
		startTimeMs: pool.startTimeMs,
		sleeps: pool.sleeps,
		trouble: pool.size.complaint,
		permissionMissing: pool.size.permissionMissing,
		outliers: pool.outliers,
		probes: pool.probes,
	};
}

/** A sentence for each pool in panic. */
export function panicWarnings(pools: readonly PoolReadiness[]): string[] {
	return pools.flatMap(({ service, pool, ready, total, outliers }) => {
		if (!outliers.panic) return [];
		const few = `${poolKey(service, pool)}: only ${ready} of ${total} instances ${ready === 1 ? 'is' : 'are'} ready`;
		return [`${few}, so those that are ejected or fail their probe are used too (panic)`];
	});
}
