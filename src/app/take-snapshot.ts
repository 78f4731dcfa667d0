import type { Config } from '../config/config.ts';
import type { Running } from './config-swap.ts';
import type { Snapshot } from './core-snapshot.ts';
import type { Led } from './lead.ts';

/** What this core leaves now. `name`: where the configuration came from. */
export function takeSnapshot(
	{ fleet, served, overload, scaling, listeners, purging }: Running & Led,
	from: { config: Config; name: string },
): Snapshot {
	return {
		...from,
		fleet: fleet.snapshot(),
		deployments: served.deployments.snapshot(),
		limits: overload.found(),
		scaling: scaling.snapshot(),
		ticketKeys: listeners.ticketKeys.toString('base64'),
		...purging.left(),
	};
}
