/**
 * How a request stands in a ring. Numbers first, at fixed places, then the attempts, then the texts, one
 * byte a character, in the order of their lengths here.
 */

/** Index into 32-bit integers, from the record's begin; `length` is the ring's own. */
export const Int = {
	length: 0,
	/** Bits of `Want`. */
	wants: 1,
	durationUs: 8,
	/** Status, and the index of the failure 16 bits up. */
	status: 9,
	/** The route's. */
	series: 10,
	/** Bits of `Flag`. */
	flags: 11,
	/** How many requests it stands for. */
	weight: 12,
	queueUs: 13,
	connectUs: 14,
	firstByteUs: 15,
	transferUs: 16,
	/** How many attempts follow, and of how many in all, 16 bits up. */
	attempts: 17,
	/** Lengths, two in each: method and host, path and query, user agent and address. */
	methodHost: 18,
	pathQuery: 19,
	agentAddress: 20,
} as const;

/** Index into 64-bit floats, from the record's begin. */
export const Float = { timeMs: 1, requestBytes: 2, responseBytes: 3 } as const;

/** Of the trace context, eight 32-bit integers: the trace's id, our span's, the caller's; all 0: there is none. */
export const TRACE = 22;
/** Bytes from the record's begin to its attempts. */
export const ATTEMPTS_AT: number = (TRACE + 8) * 4;

/** Who is to get it. */
export const Want = { line: 1, row: 2, trace: 4, follow: 8 } as const;

export const Flag = {
	secure: 1,
	/** HTTP/1.1. */
	minor: 2,
	sampled: 4,
	notable: 8,
	/** `Cached`, in three bits from here. */
	cached: 16,
} as const;
export const CACHED_MASK = 7;

/** Most bytes of each text: what is longer is cut. */
export const Most = { method: 32, host: 255, path: 2048, query: 2048, agent: 512, address: 64 } as const;
