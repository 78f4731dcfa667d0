/** A proxy that can be measured. Each has a file here that writes its configuration and starts it. */
import type { Program } from '../measure/command.ts';

export interface Peer {
	/** As the tables and `--only` name it. */
	readonly name: string;
	/** The version found on this machine; undefined when it is not installed. */
	version(): string | undefined;
	/** Starts it and resolves once it has proxied a first request. Throws with what it printed when it does not start. */
	start(setup: PeerSetup): Promise<RunningPeer>;
}

/** What a peer is to do, the same for all. */
export interface PeerSetup {
	/** An empty folder of its own. */
	readonly folder: string;
	/** The upstream pair's ports on 127.0.0.1. */
	readonly upstreams: readonly number[];
	/** Cores it is pinned to, as taskset writes them. */
	readonly cores: string;
	/** Workers or threads; default 1. */
	readonly workers?: number;
	/** Most client connections; default 4,096. */
	readonly connections?: number;
	/** PEM files to listen with TLS; `pair` holds certificate and key together. Default: plain. */
	readonly tls?: TlsFiles;
}

export interface TlsFiles {
	readonly cert: string;
	readonly key: string;
	readonly pair: string;
}

export interface RunningPeer {
	readonly port: number;
	readonly program: Program;
	stop(): Promise<void>;
}

export const DEFAULT_CONNECTIONS = 4096;
