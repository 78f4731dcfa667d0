import type { PurgeConfig } from '../cdn/config.ts';
import type { CacheMemory } from './cache-memory.ts';
import type { Snapshot } from './core-snapshot.ts';
import type { CountsHandover } from './counts-handover.ts';
import type { EventLog } from './event-log.ts';
import type { Fleet } from './fleet.ts';
import type { InstanceSlots } from './instance-slots.ts';
import type { NodeMonitor } from './node-monitor.ts';
import type { OverloadControl } from './overload-control.ts';
import type { Purging } from './purging.ts';
import type { Scaling } from './scaling/scaling.ts';
import type { ServedPlan } from './served-plan.ts';
import { VERSION } from './version.ts';

/** Whatever only one core of a keeper does. */
export interface Led {
	log: EventLog;
	fleet: Fleet;
	overload: OverloadControl;
	counts: CountsHandover;
	slots: InstanceSlots;
	monitor: NodeMonitor;
	scaling: Scaling;
	purging: Purging;
	served: ServedPlan;
	cache: CacheMemory;
}

/** This core does it from now on, and goes on with what the one before left. */
export function takeLead(
	{ log, fleet, overload, counts, slots, monitor, scaling, purging, served, cache }: Led,
	left: Snapshot | null,
): void {
	if (left !== null) fleet.adopt(left.fleet);
	overload.inherit(left?.limits);
	counts.lead(left?.counts);
	slots.leads = true;
	monitor.leads = true;
	scaling.adopt(left?.scaling);
	scaling.leads = true;
	served.jobs.leads = true;
	void purging.adopt(left ?? {});
	cache.keeping?.lead();
	log.add({ level: 'info', subject: 'ballast', text: `version ${VERSION} took over (core ${process.pid})` });
}

/** Another core does it from now on. */
export function giveLead({ fleet, slots, monitor, scaling, purging, served, cache }: Led, purge: PurgeConfig): void {
	cache.keeping?.yield();
	slots.leads = false;
	monitor.leads = false;
	scaling.leads = false;
	served.jobs.leads = false;
	purging.hand(purge);
	fleet.deactivate();
}
