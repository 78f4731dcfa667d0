import type { CreditPolicy } from './external/credit-policy.ts';
import type { CodePolicy, ExternalPolicy, LanePolicy } from './external/external-policy.ts';
import type { SpendPolicy } from './spend/spend-policy.ts';
import type { JobStoreConfig } from './store-config.ts';
import type { OffloadWebhook, WebhooksConfig } from './webhooks/webhooks-config.ts';

/** How requests of a route become jobs, resolved. Plain data: it is sent to threads. */
export interface OffloadPolicy {
	/** `asked`: only those that say `Prefer: respond-async`. `always`: all. */
	when: 'asked' | 'always' | HoldPolicy;
	/** Methods that become jobs; null: all but GET, HEAD, OPTIONS and TRACE. */
	methods: readonly string[] | null;
	idempotency: 'optional' | 'required';
	/** How long an idempotency key is known, ms from the request that brought it. */
	idempotencyMs: number;
	/** Fields that may hold the credential, lower case; the first that is there counts. */
	owner: readonly string[];
	/** Field whose value tells groups apart, lower case, or `OWNER_GROUP`; null: all are one. */
	group: string | null;
	/** 2 high, 1 normal, 0 low. */
	priority: number;
	/** Whose limits hold: the service, or the route where it says limits of its own. */
	queue: string;
	limits: QueueLimits;
	retry: JobRetry;
	/** Field that carries a job's key upstream, and how long the upstream knows it; null: none is sent. */
	upstreamKey: { header: string; lifeMs: number } | null;
	/** Most time for an attempt, ms; 0: the route's `timeouts` hold. */
	timeLimitMs: number;
	/** A job that has not ended by then is given up, ms from its creation; 0: never. */
	expiresMs: number;
	/** How long a job is kept after its end, ms. */
	keepMs: number;
	/** Most bytes of a request's body, and of an answer's. */
	bodyMost: number;
	resultMost: number;
	/** null: nobody is told of its end. */
	webhook: OffloadWebhook | null;
	/** Places upstream, each with a limit of its own; empty: none. Those of one queue are the same. */
	lanes: readonly LanePolicy[];
	/** null: errors are judged by their status alone. */
	codes: CodePolicy | null;
	/** Member of a JSON body that gets the job's id where the client names none; null: none does. */
	stamp: string | null;
	/** null: the answer of an attempt is the job's end. */
	external: ExternalPolicy | null;
	/** null: nobody asks what is left at the places upstream. */
	credit: CreditPolicy | null;
	/** null: what jobs cost is not counted. Those of one service have the same limits. */
	spend: SpendPolicy | null;
}

/** All become jobs. Who did not ask for it is answered as the API would: with what it said when it took the job. */
export interface HoldPolicy {
	/** How long such a request waits for its turn, ms; then it is refused. */
	ms: number;
	/** The place upstream that its job gets, whose credential all other calls have; '': any. */
	lane: string;
}

/** What of a queue may be under way; 0 or null: as many as come. */
export interface QueueLimits {
	concurrency: number;
	groupConcurrency: number;
	rate: QueueRate | null;
	groupRate: QueueRate | null;
	/** Most jobs that wait. */
	waiting: number;
}

export interface QueueRate {
	count: number;
	perMs: number;
}

export interface JobRetry {
	/** Most attempts, the first included. */
	attempts: number;
	backoff: { baseMs: number; mostMs: number };
	/** Answers that are tried again. */
	statuses: readonly number[];
	/** Writes without a key upstream are repeated though the first may have had its effect. */
	unkeyed: boolean;
}

/** The node's part. */
export interface JobsConfig {
	/** Where jobs are asked about; without a slash at its end. */
	path: string;
	/** Whether this node carries jobs out, too. */
	run: boolean;
	/** null: nobody is told of ends. */
	webhooks: WebhooksConfig | null;
	/** Where they are kept. */
	store: JobStoreConfig;
	/** Most streams of events at once, over all workers. */
	streams: number;
	/** Keys, base64 of 32 bytes each, by which what is stored of requests is encrypted: the first encrypts, each decrypts. Empty: it is not. */
	keys: string[];
}

const HOUR_MS = 3_600_000;

export const OFFLOAD: OffloadPolicy = {
	when: 'asked',
	methods: null,
	idempotency: 'optional',
	idempotencyMs: 24 * HOUR_MS,
	owner: ['authorization', 'x-api-key'],
	group: null,
	priority: 1,
	queue: '',
	limits: { concurrency: 16, groupConcurrency: 0, rate: null, groupRate: null, waiting: 100_000 },
	retry: {
		attempts: 5,
		backoff: { baseMs: 1000, mostMs: 300_000 },
		statuses: [408, 425, 429, 500, 502, 503, 504],
		unkeyed: false,
	},
	upstreamKey: null,
	timeLimitMs: 0,
	expiresMs: 0,
	keepMs: 24 * HOUR_MS,
	bodyMost: Number.MAX_SAFE_INTEGER,
	resultMost: 1024 * 1024 * 1024,
	lanes: [],
	codes: null,
	stamp: null,
	external: null,
	credit: null,
	spend: null,
	webhook: null,
};

export const JOBS: JobsConfig = {
	path: '/jobs',
	run: true,
	store: { kind: 'embedded' },
	streams: 1000,
	keys: [],
	webhooks: null,
};

/** In the place of a field: the owner tells groups apart. No field has such a name. */
export const OWNER_GROUP = ':owner';

/** Methods that never become jobs unless the configuration names them. */
const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

export const takesMethod = ({ methods }: OffloadPolicy, method: string): boolean =>
	methods === null ? !SAFE.includes(method) : methods.includes(method);
