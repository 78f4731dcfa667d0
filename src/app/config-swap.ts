import type { Config } from '../config/config.ts';
import { briefDiff, diffConfig, formatDiff } from '../config/diff.ts';
import { BallastError } from '../core/errors.ts';
import type { AdminPlace } from './admin-place.ts';
import type { EventLog } from './event-log.ts';
import type { Fleet } from './fleet.ts';
import type { Listeners } from './listeners.ts';
import type { NodeMonitor } from './node-monitor.ts';
import type { PoolShares } from './pool-shares.ts';
import type { Purging } from './purging.ts';
import type { Scaling } from './scaling/scaling.ts';
import type { ServedPlan } from './served-plan.ts';
import type { WorkerGroup } from './worker-group.ts';

/** Whoever has a part in what runs. */
export interface Running {
	log: EventLog;
	listeners: Listeners;
	workers: WorkerGroup;
	fleet: Fleet;
	served: ServedPlan;
	shares: PoolShares;
	admin: AdminPlace;
	monitor: NodeMonitor;
	scaling: Scaling;
	purging: Purging;
}

/**
 * Prepare → all acknowledge → commit; whatever fails before the commit leaves everything as it was. Resolves to
 * what changed, '' for nothing. `committed`: the configuration that holds from then on.
 * @throws BallastError `config_invalid`
 */
export async function swapConfig(
	running: Running,
	{ before, loaded }: { before: Config; loaded: Config },
	committed: (config: Config) => void,
): Promise<string> {
	const { served, listeners, fleet, shares, workers, admin, monitor, scaling, purging, log } = running;
	const { config: next, refused } = served.deployments.withhold(before, loaded);
	if (refused !== '') throw new BallastError('config_invalid', refused);
	const changes = diffConfig(before, next);
	if (changes.length === 0) return '';
	await listeners.bind(next.listen, next.workers);
	const { shaped, told } = await served
		.reload(next, () => committed(next))
		.catch(async (error: unknown) => {
			await listeners.unbindAllBut(before.listen);
			throw error;
		});
	for (const text of told) log.add({ level: 'warn', subject: 'config', text });
	await fleet.apply(shaped);
	shares.configure(next.services);
	shares.look();
	await workers.resize(() => listeners.serve(next.listen, next.workers));
	await admin.serve(next.admin);
	monitor.configure();
	purging.configure(next);
	scaling.configure(next);
	// All of them, and what each does, are in the answer to `ballast reload`, and in `ballast diff` before it.
	log.add({ level: 'info', subject: 'config', text: `reloaded: ${briefDiff(changes)}` });
	return formatDiff(changes);
}
