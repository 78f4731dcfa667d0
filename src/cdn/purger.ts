import type { PurgeSelect } from './purge-target.ts';

/** Takes answers out of this node's own cache, for all of its workers. */
export interface Purger {
	/** False: there is nothing that answers are kept in. */
	readonly active: boolean;
	/** `soft`: stale from now on, not gone. */
	purge(select: PurgeSelect, soft: boolean): Promise<PurgedHere>;
}

export interface PurgedHere {
	/** How many there were here. */
	removed: number;
	/** Where nodes share answers: whether the others can hear of it, or hear of it later. */
	nodes?: 'told' | 'waiting';
}

/** What somebody asks for; at least one selection. */
export interface PurgeRequest {
	selects: readonly PurgeSelect[];
	soft: boolean;
	/** Targets that are told; `all` of them, or those of these names; none: this node's cache alone. */
	targets: 'all' | readonly string[];
}

export interface PurgeTargetOutcome {
	name: string;
	/** `waiting`: not taken yet; it is tried on. */
	state: 'done' | 'waiting' | 'lost';
	/** Why it is lost, or what is wrong so far; '' otherwise. */
	why: string;
}

/** What became of a purge. */
export interface PurgeAnswer {
	/** null: no cache is configured. */
	cache: PurgedHere | null;
	targets: PurgeTargetOutcome[];
}
