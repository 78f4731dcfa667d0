/** What a review is made of: what was measured over a span of time, as plain data. Of what is not known there is NaN. */

export interface Observed {
	/** Epoch ms. */
	fromMs: number;
	toMs: number;
	host: HostObserved;
	services: ServiceObserved[];
	alerts: AlertObserved[];
	/** Of whatever was to be recorded and found no room, a second. */
	seriesDropped: number;
	logsDropped: number;
}

/** Over the time: its mean, and its highest value. */
export interface Level {
	mean: number;
	most: number;
}

export interface HostObserved {
	cores: number;
	/** Shares of all cores, of all memory. */
	cpu: Level;
	memory: Level;
	/** By file system: the share in use, and the seconds until it is full. */
	disks: { mount: string; used: number; fullInS: number }[];
	/** Seconds that the event loop of a thread is late, the worst of them. */
	lag: Level;
}

export interface ServiceObserved {
	name: string;
	/** Now. */
	ready: number;
	desired: number;
	/** A second. */
	requests: number;
	/** Of requests: 0…1. */
	errorRate: number;
	retryRate: number;
	/** A second. */
	held: number;
	limited: number;
	shed: number;
	ejections: number;
	starts: number;
	/** The limit on requests under way, and how many there were; null: it has none. */
	concurrency: { limit: number; adaptive: boolean; inFlight: Level } | null;
	routes: RouteObserved[];
	instances: InstanceObserved[];
}

export interface RouteObserved {
	name: string;
	requests: number;
	errorRate: number;
	/** Seconds. */
	mean: number;
	p50: number;
	p99: number;
	/** Of the mean: where it is spent. */
	queue: number;
	connect: number;
	firstByte: number;
	transfer: number;
	own: number;
	/** 0…1; NaN: it has no objective. */
	budgetLeft: number;
}

export interface InstanceObserved {
	id: string;
	/** Whether Ballast sees its processes: else its CPU and memory are not known. */
	local: boolean;
	requests: number;
	errorRate: number;
	p95: number;
	/** Of one core. */
	cpu: Level;
	/** Bytes, in the first and in the last part of the time. */
	memoryBefore: number;
	memoryNow: number;
	restarts: number;
}

/** How an alert's rule did over the time for which its history is known. */
export interface AlertObserved {
	name: string;
	/** How long that is, ms. */
	overMs: number;
	/** How long it fired, ms, and how often it began to. */
	firedMs: number;
	firings: number;
	/** Whether anything was known of its figure. */
	known: boolean;
}
