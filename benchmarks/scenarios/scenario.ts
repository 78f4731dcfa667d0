/** What every scenario is given, and what it gives back. */
import type { Peer } from '../peers/peer.ts';
import type { Table } from '../report/table.ts';

/** Where the proxy runs alone, and where the load and the upstream pair do. */
export const PROXY_CORE = '1';
export const LOAD_CORE = '0';
export const BOTH_CORES = '0,1';

export interface Bench {
	/** A temporary folder for everything that this run writes. */
	readonly folder: string;
	readonly upstreams: readonly number[];
	/** Installed peers that were asked for. */
	readonly peers: readonly Peer[];
	readonly quick: boolean;
	readonly rounds: number | undefined;
	readonly seconds: number | undefined;
	/** Says what goes on. */
	say(line: string): void;
}

/** Figures by name, such as `browser.vsHaproxyEqual`; what was not measured is missing. */
export type Figures = Record<string, number>;

export interface Outcome {
	readonly tables: readonly Table[];
	readonly figures: Figures;
	/** Sentences below the table: what failed or was skipped, and why. */
	readonly notes: readonly string[];
}
