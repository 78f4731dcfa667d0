import type { Config } from '../config/config.ts';
import type { Readiness } from './admin.ts';
import type { PoolReadiness } from './fleet.ts';
import type { InstanceView } from './fleet-sink.ts';

/** How long a new core waits for instances that run to be found ready: after a crash clients wait with it. */
const CRASH_WAIT_MS = 500;
const UPGRADE_WAIT_MS = 5000;

/** A core that follows another accepts only once it knows the instances that run: connections wait meanwhile. */
export async function untilServable(instances: () => readonly InstanceView[], afterCrash: boolean): Promise<void> {
	const until = Date.now() + (afterCrash ? CRASH_WAIT_MS : UPGRADE_WAIT_MS);
	// One that is drained, or down, does not become ready by being waited for.
	const lacking = (): boolean =>
		instances().some(({ state, slot }) => state === 'starting' || (state === 'ready' && slot < 0));
	while (lacking() && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Whether this node can take requests. `serves`: a worker is ready. */
export function readinessOf(
	{ services }: Config,
	pools: readonly PoolReadiness[],
	{ stopping, serves }: { stopping: boolean; serves: boolean },
): Readiness {
	const reasons: string[] = [];
	if (stopping) reasons.push('this node is shutting down');
	if (!serves) reasons.push('no worker is ready');
	const serving = new Set(
		pools.flatMap(({ service, ready, outliers }) => (ready > 0 || outliers.panic ? [service] : [])),
	);
	for (const { name, pools } of services) {
		if (pools.length > 0 && !serving.has(name)) reasons.push(`no instance of ${name} is ready`);
	}
	return { ready: reasons.length === 0, reasons };
}
