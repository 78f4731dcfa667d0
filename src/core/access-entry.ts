import type { CacheResult } from './cached.ts';
import type { ErrorCode } from './errors.ts';

/** One attempt of a request at an instance. Times in µs; -1: it did not come so far. */
export interface AttemptEntry {
	instance: string;
	/** Since the request began. */
	startUs: number;
	/** Until the connection was there; 0: a kept one. */
	connectUs: number;
	/** From the start of the attempt to the head of the answer. */
	headUs: number;
	/** From the start of the attempt to its end. */
	endUs: number;
	/** Of the answer; 0: none came. */
	status: number;
	/** Why it came to nothing; '': it did not. */
	error: ErrorCode | '';
}

/** One request, as a worker wrote it down at its end: what the access log, traces and analytics are made of. */
export interface AccessEntry {
	/** Epoch ms at its begin, with fractions. */
	timeMs: number;
	/** From the head of the request to the end of the answer, µs. */
	durationUs: number;
	/** Of that: waiting for an instance; until the connection was there; then until the answer's head; from there to its end. Ballast's own part is what remains. */
	queueUs: number;
	connectUs: number;
	firstByteUs: number;
	transferUs: number;
	method: string;
	/** As received, undecoded. `query` without the `?`, not yet redacted. */
	path: string;
	query: string;
	scheme: 'http' | 'https';
	/** `1.0`, `1.1`. */
	protocol: string;
	host: string;
	userAgent: string;
	/** The client's, by whom we trust. */
	address: string;
	service: string;
	/** The name of the route in the configuration, never the path; '': it met none. */
	route: string;
	/** 0: the client left before an answer began. */
	status: number;
	/** Why Ballast answered itself, or why the answer broke off. */
	error: ErrorCode | '';
	requestBytes: number;
	responseBytes: number;
	/** The instance that answered last. */
	instance: string;
	attempts: readonly AttemptEntry[];
	/** Where the answer came from; '': the route has no cache. */
	cache: CacheResult | '';
	/** Hex; `parentId` '': the trace began here. */
	traceId: string;
	spanId: string;
	parentId: string;
	/** How many requests this one stands for in a sampled log: 1 for errors and slow ones. */
	weight: number;
	/** Slow for its route, or failed: its spans are kept, whatever the sampling says. */
	notable: boolean;
	/** The head-sampling decision of the trace. */
	sampled: boolean;
}
