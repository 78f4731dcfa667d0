/** What the program tells of itself, as plain numbers. */
import type { HttpReading, InstanceReading, RouteReading } from './traffic-metrics.ts';

export interface PoolReading {
	service: string;
	pool: string;
	ready: number;
	total: number;
	desired: number;
	/** 0…1. */
	share: number;
	panic: boolean;
	/** Its provider does not answer, or refuses. */
	trouble: boolean;
	/** It refuses something for want of a permission. */
	denied: boolean;
	/** Instances that it would need beyond the most that it may have. */
	short: number;
	/** Totals of starts by cause; all causes, those of 0 too. */
	starts: Iterable<readonly [cause: string, count: number]>;
	/** Totals by cause; all causes, those of 0 too. */
	ejections: Iterable<readonly [cause: string, count: number]>;
	/** Totals of the health probes; of those that failed by cause, those of 0 too. */
	probes: { count: number; seconds: number; failed: Iterable<readonly [cause: string, count: number]> };
}

export interface ServiceReading {
	service: string;
	/** null: it has no limit. */
	concurrency: { limit: number; inFlight: number } | null;
	/** 0: none. */
	rolloutStep: number;
	/** Pools whose name is not resolved now. */
	lookupsFailing: number;
	/** Totals. */
	retriesRefused: number;
	/** By cause; all causes, those of 0 too. */
	holdRefused: Iterable<readonly [cause: string, count: number]>;
	lookupsFailed: number;
	rollbacks: number;
	rateLimits: Iterable<{ limit: string; refused: number; full: number; entries: number }>;
}

export interface WorkerReading {
	/** `0`, `1` …; `main` and `store` for the other threads. */
	worker: string;
	/** NaN, as each of these: not known. */
	connections: number;
	/** 0 nothing … 3 all. */
	shedding: number;
	lagSeconds: number;
	/** Of its heap's limit, 0…1. */
	heapRatio: number;
}

/** See `HostSampler` of src/resources. NaN: not known. */
export interface HostReading {
	cpuRatio: number;
	cores: number;
	load: number;
	memoryUsedBytes: number;
	memoryLimitBytes: number;
	/** Totals. */
	receivedBytes: number;
	sentBytes: number;
}

export interface DiskReading {
	mount: string;
	usedRatio: number;
	freeBytes: number;
	/** NaN: it does not fill up. */
	fullInSeconds: number;
}

/** What processes use together. NaN: not known. */
export interface ProcessReading {
	/** Total. */
	cpuSeconds: number;
	memoryBytes: number;
	fds: number;
	processes: number;
}

/** What is kept in one place. `evicted`: total. */
interface Stored {
	bytes: number;
	most: number;
	entries: number;
	evicted: number;
}

/** What is behind the memory of the cache. */
export interface CacheLevelReading {
	level: string;
	/** It cannot be reached. */
	down: boolean;
	/** Total: how often purges of other nodes were lost. */
	missed: number;
	/** Purges that other nodes cannot hear of yet. */
	untold: number;
	/** Totals; all results, those of 0 too. */
	results: readonly (readonly [result: string, count: number])[];
	/** Total of what was waited for its answers. */
	seconds: number;
}

/** Jobs of a queue. The counts are totals. */
export interface QueueReading {
	service: string;
	route: string;
	/** Of the oldest that waits. */
	ageSeconds: number;
	/** Those that wait, are under way, and wait for a person. */
	length: number;
	running: number;
	parked: number;
	added: number;
	attempts: number;
	/** First attempts, and how long all of them had waited. */
	started: number;
	waitedSeconds: number;
	/** How long those that succeeded took, from the start of their last attempt: upstream, too. */
	ranSeconds: number;
	/** By state. */
	ended: Iterable<readonly [state: string, count: number]>;
	/** Dead letters by their code, of a set that is bounded. */
	failed: Iterable<readonly [code: string, count: number]>;
}

/** A place upstream. The counts are totals. */
export interface LaneReading {
	service: string;
	route: string;
	lane: string;
	/** Jobs that this node has there. */
	running: number;
	/** Jobs that it may have now; null: as many as come. */
	slots: number | null;
	/** null: it is not known, or not any more. */
	credit: { left: number; low: boolean } | null;
	/** It is asked for in vain, for longer than what was known counts; null: nobody asks. */
	creditUnread: boolean | null;
	/** Since it was told; null: it never was. */
	creditAgeSeconds: number | null;
	/** First attempts, and how long all of them had waited. */
	started: number;
	waitedSeconds: number;
	/** Jobs that succeeded, and how long they took. */
	done: number;
	ranSeconds: number;
}

/** What a tenant spends, by the prices of the configuration. */
export interface SpendReading {
	service: string;
	tenant: string;
	/** Against its limit, over all nodes; null: not known yet. */
	used: number | null;
	/** null: there is none. */
	limit: number | null;
	/** Totals of this node. */
	spent: number;
	refused: number;
}

/** Ends of jobs that are told to others; totals but for `waiting`. */
export interface WebhooksReading {
	sent: number;
	/** Tries. */
	failed: number;
	givenUp: number;
	waiting: number;
}

export interface NodeReading {
	startedMs: number;
	configRefused: boolean;
	storeFailed: boolean;
	/** null: there is none. */
	backupAgeMs: number | null;
	/** Totals by level. */
	events: Iterable<readonly [level: string, count: number]>;
	/** Totals by cause; all causes, those of 0 too. */
	recordsDropped: Iterable<readonly [cause: string, count: number]>;
	/** Totals of what was passed on to CDNs, and what waits there now. */
	purges: Iterable<{ target: string; purged: number; lost: number; waiting: number }>;
	/** null: nothing is cached. `evicted`: total. */
	cache: (Stored & { disk: Stored | null; levels: readonly CacheLevelReading[] }) | null;
	/** Totals of what was compressed. */
	compressed: Iterable<{ coding: string; inBytes: number; outBytes: number }>;
	/** Total: what other programs count that found no room. */
	remoteDropped: number;
	/** Totals. */
	logErrors: Iterable<{ service: string; instance: string; count: number }>;
}

/** What the program is asked for each second. One that is left out has no metrics. */
export interface NodeReaders {
	routes(): Iterable<RouteReading>;
	instances(): Iterable<InstanceReading>;
	httpServer(): Iterable<HttpReading>;
	httpClient(): Iterable<HttpReading>;
	pools(): Iterable<PoolReading>;
	services(): Iterable<ServiceReading>;
	workers(): Iterable<WorkerReading>;
	host(): HostReading | null;
	disks(): Iterable<DiskReading>;
	/** Of the instances that run here. */
	processes(): Iterable<ProcessReading & { service: string; pool: string; instance: string }>;
	/** Of Ballast itself. */
	own(): ProcessReading | null;
	certificates(): Iterable<{ certificate: string; expiresMs: number }>;
	queues(): Iterable<QueueReading>;
	lanes(): Iterable<LaneReading>;
	spending(): Iterable<SpendReading>;
	/** null: there are no jobs. */
	webhooks(): WebhooksReading | null;
	node(): NodeReading;
}
