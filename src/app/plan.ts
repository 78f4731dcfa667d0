import type { MessagePort } from 'node:worker_threads';
import type { BalanceConfig } from '../balancing/config.ts';
import type { CachePolicy } from '../cache/cache-policy.ts';
import { MAX_WORKERS } from '../core/board.ts';
import type { NodeLimits, RateLimitPolicy, ServiceConfig } from '../gateway/config.ts';
import type { CertificateText } from '../gateway/listener.ts';
import type { Mark } from '../gateway/route.ts';
import type { TrustEntry } from '../gateway/trust-config.ts';
import type { OffloadPolicy } from '../jobs/offload-policy.ts';
import type { WebhooksConfig } from '../jobs/webhooks/webhooks-config.ts';
import type { RetryBudgetConfig } from '../resilience/config.ts';
import type { ConcurrencyConfig, OverloadConfig } from '../resilience/overload-config.ts';
import type { CachePlan } from './cache-memory.ts';

/** A pool as the workers need it. */
export interface PoolPlan {
	name: string;
	/** Which of the service's `poolShare` cells has its share; the same one over reloads. */
	cell: number;
	/** The name that the certificates of its instances must be for; null: each instance's own host. */
	tlsName: string | null;
	/** A new version that is being rolled out. */
	trial: boolean;
}

/** A service as the workers need it: without commands, environments and probes. */
export interface ServicePlan extends ServiceConfig {
	pools: PoolPlan[];
	/** A pool that is a new version, and gets marked requests or copies; null: none, or only its share. */
	next: { pool: string; by: Mark | null } | null;
	balance: BalanceConfig;
	retryBudget: RetryBudgetConfig | null;
	/** Failures in a row at an instance at which a worker calls it suspect; 0: never. */
	outliers: { failures: number };
	concurrency: ConcurrencyConfig | null;
	/** PEM of the authorities that its instances' certificates are checked against. */
	upstreamCa: string | null;
	/** null: nothing is cached. */
	cache: CachePolicy | null;
	/** Of each route, by its name. */
	routeCaches: Readonly<Record<string, CachePolicy | null>>;
	/** null: its requests never become jobs. */
	offload: OffloadPolicy | null;
	/** Of each route, by its name. */
	routeOffloads: Readonly<Record<string, OffloadPolicy | null>>;
	/** The service's cells, the same ones over reloads. */
	cells: SharedArrayBuffer;
}

/** What the control plane tells each worker to serve by. Plain data: it is sent to threads. */
export interface Plan {
	generation: number;
	/** Workers that share the node's limits. */
	workers: number;
	/** Columns of the board in use: those of workers on their way out included. */
	columns: number;
	services: ServicePlan[];
	limits: NodeLimits & { overload: OverloadConfig | null };
	trust: TrustEntry[];
	/** null: loops are not looked for. */
	cdnLoop: string | null;
	/** Index of the counts of each route, by `seriesKey`. */
	series: Record<string, number>;
	rateLimits: RateLimitPlan;
	recording: RecordingPlan;
	/** null: nothing is cached. */
	cache: CachePlan | null;
	/** null: no route makes jobs. */
	jobs: JobsPlan | null;
}

/** What workers need of jobs. */
export interface JobsPlan {
	/** Where clients ask about theirs. */
	path: string;
	/** Whether they are carried out here. */
	run: boolean;
	/** Where they last, or what there is of them on this machine. */
	folder: string;
	/** null: nobody is told of ends. */
	webhooks: WebhooksConfig | null;
	/** Where their bodies lie. */
	bodies: string;
	/** Most streams of events, over all workers. */
	streams: number;
	/** By which what is stored of requests is encrypted; empty: it is not. */
	keys: readonly string[];
}

/** What is written down of requests, beyond the counts. */
export interface RecordingPlan {
	/** Share of the requests that goes to the access log; those that failed or were slow all do. */
	lines: number;
	/** Share of the requests that get a row in the store; those that failed or were slow all do. 0: no store. */
	rows: number;
	/** Share of the traces that are kept; those that failed or were slow all are. null: requests are not traced. */
	traces: number | null;
	/** Somebody keeps spans, or passes them on. */
	spans: boolean;
	/** From how long on a request is slow, ms; and for its trace. */
	slowMs: number;
	traceSlowMs: number;
	/** Whose trace contexts are not gone on with. */
	restart: 'never' | 'untrusted' | 'always';
}

/** The memory of all rate limits. */
export interface RateLimitPlan {
	/** What keys are hashed with. */
	hashKey: [number, number];
	/** By `limitKey`; the same ones over reloads while the limit stays as it is. */
	tables: Record<string, SharedArrayBuffer>;
}

/** What a limit is known by: a limit of which anything changes is another one, which begins anew. */
export const limitKey = (service: string, route: string, limit: RateLimitPolicy): string =>
	JSON.stringify([service, limit.of === 'route' ? route : null, limit]);

/** The series of requests that met no route. */
export const UNROUTED = 0;

export const seriesKey = (service: string, route: string): string => `${service}\n${route}`;

/** An instance as the workers need it. */
export interface InstancePlan {
	slot: number;
	/** A number that no other instance of this core ever has. */
	serial: number;
	id: string;
	service: string;
	pool: string;
	host: string;
	port: number;
	tls: boolean;
}

export interface ListenPlan {
	/** `host:port`, and which of its sockets. */
	key: string;
	fd: number;
	tls: { certificates: CertificateText[]; minVersion: 'TLSv1.2' | 'TLSv1.3'; ticketKeys: Uint8Array } | null;
}

/** Cells of each worker in the node's shared memory. */
export const NodeCell = {
	heartbeat: 0,
	connections: 1,
	active: 2,
	held: 3,
	heldBytes: 4,
	/** How much it sheds: a `SheddingLevel`. */
	shedding: 8,
	/** Requests that it refused for that; wraps. */
	shed: 9,
	/** The lag of its event loop that lasts, ms, and its heap in use, thousandths. */
	lagMs: 10,
	heap: 11,
	cells: 16,
} as const;

/** Behind the workers' cells: changes whenever requests that wait should be tried again, in any worker. */
export const WAKE_CELL: number = MAX_WORKERS * NodeCell.cells;
/** Behind that: whether somebody follows requests as they come, all of which are then written down. */
export const FOLLOW_CELL: number = WAKE_CELL + 1;
/** Bytes of the node's shared memory. */
export const NODE_BYTES: number = (WAKE_CELL + 16) * 4;

/** What a worker is started with. */
export interface WorkerStart {
	id: number;
	board: SharedArrayBuffer[];
	node: SharedArrayBuffer;
	plan: Plan;
	instances: InstancePlan[];
	/** Where it writes requests down. */
	records: SharedArrayBuffer;
	/** Of `CompressCounts`. */
	compressed: SharedArrayBuffer;
}

/** What a worker is told to do and acknowledges. */
export type Order =
	| { type: 'board'; buffer: SharedArrayBuffer }
	| { type: 'instance'; instance: InstancePlan }
	| { type: 'remove'; slot: number }
	| { type: 'listen'; listen: ListenPlan }
	/** Others have copies of the socket. */
	| { type: 'unlisten'; key: string }
	/** Nobody else has copies of these sockets of one address. Acknowledged once nothing more is accepted. */
	| { type: 'shut'; keys: readonly string[] }
	| { type: 'drain' }
	/** Connections without a request are closed. Acknowledged once every answer is on its way. */
	| { type: 'hang-up' };

export type ToWorker =
	| (Order & { seq: number })
	| { type: 'prepare'; plan: Plan }
	| { type: 'commit'; generation: number }
	| { type: 'abort'; generation: number }
	| { type: 'certify'; key: string; certificates: CertificateText[] }
	/** The memory that answers were kept in is given up for this. */
	| { type: 'cache'; cache: CachePlan }
	/** Its channel to the jobs thread, or to another one in its place. */
	| { type: 'jobs'; port: MessagePort }
	/** Not to end after all. */
	| { type: 'resume' }
	| { type: 'end' };

/** How a worker ends that was told to. */
export const ExitCode = {
	/** It was fetching answers that others may wait for. */
	filling: 3,
} as const;

export type FromWorker =
	| { type: 'up' }
	| { type: 'prepared'; generation: number; error: string }
	| { type: 'committed'; generation: number }
	| { type: 'done'; seq: number; error: string }
	| { type: 'chunk'; meter: 'routes' | 'instances' | 'details'; index: number; buffer: SharedArrayBuffer }
	/** An instance failed and should be looked at; its breaker changed. */
	| { type: 'suspect'; slot: number }
	| { type: 'guard'; slot: number }
	/** URLs were changed, by what the keys of their answers begin with: other nodes are to hear of it. */
	| { type: 'changed'; urls: readonly string[] }
	| { type: 'fault'; message: string };
