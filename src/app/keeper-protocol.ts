/**
 * What keeper and core say to each other over their IPC channel, as JSON.
 *
 * The keeper is plain JavaScript in `bin/keeper` and may be older than the core that it starts
 * (`ballast upgrade`): a change that the other side cannot ignore raises `PROTOCOL_VERSION`, and a
 * keeper refuses a core of another version. JSON, not the structured form, because both sides may run
 * under different versions of Node.js.
 */
import type { ProcessSpec, RunningProcess } from '../instances/process-host.ts';

export const PROTOCOL_VERSION = 1;

/** A listening address: the keeper holds `slots` sockets on it. */
export interface BoundAddress {
	readonly host: string;
	/** The port in use. */
	readonly port: number;
	/** The port that was asked for; 0 lets the system choose. */
	readonly requested: number;
	/** All of them must be served: clients are spread over every slot. Never becomes less. */
	readonly slots: number;
}

export interface KeptProcess extends RunningProcess {
	/** Up to 20 lines that it printed last, each at most 4 KB long. */
	readonly last: string[];
}

/** The first message to each core. */
export interface Welcome {
	readonly type: 'welcome';
	readonly protocol: number;
	/** False: another core leads, and the lease comes later. */
	readonly active: boolean;
	readonly name: string;
	/** Arguments after `ballast`: `['up', 'ballast.yaml']`. */
	readonly argv: string[];
	/** Private folder of this user, mode 0700. */
	readonly runDir: string;
	readonly socketPath: string;
	/** Start of the keeper, epoch ms. */
	readonly startedAt: number;
	/** Process id of the keeper. */
	readonly pid: number;
	/** 1 for the first core, counted up. */
	readonly generation: number;
	/** Other cores that live now. */
	readonly peers: number[];
	readonly instances: KeptProcess[];
	readonly sockets: BoundAddress[];
	/** The leader before this one that died; left out by older keepers. `how`: its signal, exit code, or why it was ended. */
	readonly died?: { readonly pid: number; readonly how: string; readonly atMs: number } | null;
	/** The last state that a core left with `keep`; null for none. */
	readonly snapshot: unknown;
}

export type FromKeeper =
	| Welcome
	| { readonly type: 'refused'; readonly reason: string }
	| { readonly type: 'ping' }
	/** The answer to a request; a socket comes along as a handle. */
	| { readonly type: 'answer'; readonly n: number; readonly ok: true; readonly value: unknown }
	| {
			readonly type: 'answer';
			readonly n: number;
			readonly ok: false;
			readonly code: string;
			readonly message: string;
			/** A spawn that will fail again until somebody changes something. */
			readonly lasting?: true;
	  }
	| ({ readonly type: 'started' } & RunningProcess)
	| ({ readonly type: 'exited' } & ProcessEnd)
	| { readonly type: 'lines'; readonly batch: PrintedLines[]; readonly dropped: number }
	| { readonly type: 'stop' | 'yield' | 'drain' | 'reload' }
	| { readonly type: 'lease'; readonly snapshot: unknown }
	| { readonly type: 'control'; readonly n: number; readonly command: string; readonly args: Record<string, unknown> }
	| { readonly type: 'peer'; readonly from: number; readonly message: unknown }
	| { readonly type: 'peer_gone'; readonly generation: number };

export interface ProcessEnd {
	readonly id: string;
	readonly pid: number;
	readonly code: number | null;
	readonly signal: string | null;
	readonly last: string[];
}

export interface PrintedLines {
	readonly id: string;
	readonly stream: 'stdout' | 'stderr';
	readonly lines: string[];
}

/** Requests of the core: each gets an `answer` with the value on the right. */
export interface KeeperRequests {
	bind: { args: { host: string; port: number; slots: number }; value: BoundAddress };
	unbind: { args: { host: string; port: number }; value: null };
	socket: { args: { host: string; port: number; slot: number }; value: null };
	spawn: { args: { spec: ProcessSpec }; value: RunningProcess };
}

export type ToKeeper =
	| { readonly type: 'hello'; readonly protocol: number }
	| { readonly type: 'request'; readonly n: number; readonly name: keyof KeeperRequests; readonly args: unknown }
	| { readonly type: 'signal'; readonly id: string; readonly signal: 'SIGTERM' | 'SIGKILL' }
	/** It takes what the instances print, while it leads. */
	| { readonly type: 'watch' }
	| { readonly type: 'pong' }
	/** It serves (when it is to lead: with the lease already). */
	| { readonly type: 'ready' }
	/** It cannot start, in a sentence for whoever asked for an upgrade. */
	| { readonly type: 'failed'; readonly message: string }
	/** Stop all of it, with exit code 1: there is nothing to serve. */
	| { readonly type: 'give_up' }
	| ({ readonly type: 'limits' } & CoreLimits)
	| { readonly type: 'keep'; readonly snapshot: unknown }
	| { readonly type: 'yielded'; readonly snapshot: unknown }
	| { readonly type: 'control_line'; readonly n: number; readonly line: string }
	| { readonly type: 'control_done'; readonly n: number; readonly ok: true; readonly result: unknown }
	| {
			readonly type: 'control_done';
			readonly n: number;
			readonly ok: false;
			readonly code: string;
			readonly message: string;
	  }
	| { readonly type: 'peer'; readonly message: unknown };

/** How long the core may take before the keeper ends it by force, ms. */
export interface CoreLimits {
	/** From `stop` to its exit, the time for its instances included. Default 65,000. */
	readonly stopMs: number;
	/** From `drain` to its exit. Default 30,000. */
	readonly drainMs: number;
}
