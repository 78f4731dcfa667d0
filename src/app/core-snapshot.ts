import type { Config } from '../config/config.ts';
import type { HandedCounts } from './counts-handover.ts';
import type { LeftByCore } from './purging.ts';
import type { ScalingSnapshot } from './scaling/scaler.ts';

/** What a core leaves for the one that follows it. */
export interface Snapshot extends LeftByCore {
	config: Config;
	fleet: unknown;
	deployments: unknown;
	ticketKeys: string;
	/** Where the configuration came from. */
	name: string;
	/** Only with the lead: what it has counted. */
	counts?: HandedCounts;
	/** What was decided on sizes. */
	scaling?: ScalingSnapshot;
	/** Limits of adaptive services. */
	limits?: Record<string, number>;
}
