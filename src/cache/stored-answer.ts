/** Bits of `StoredAnswer.flags`. */
export const AnswerFlag = {
	/** Never given stale: `must-revalidate`, `proxy-revalidate`, `s-maxage` (RFC 9111 §5.2.2). */
	mustRevalidate: 1,
	/** Only given once the origin confirmed it: `no-cache` without field names. */
	noCache: 2,
	/** May be given to requests with `Authorization` other than the one that brought it. */
	shared: 4,
	/** Its lifetime is of the route's policy, not the origin's. */
	invented: 8,
	/** Part of the body only: what a 206 brought. */
	partial: 16,
	/** Made here of another one's body, and worth nothing without it. */
	derived: 32,
	/** A part that answered an `If-Range`: who has the rest already may have been spared fields (RFC 9110 §15.3.7). */
	bare: 64,
} as const;

/** What is known of a stored answer, beside its body. Never changed: what a 304 updates is another one over the same body. */
export interface StoredAnswer {
	readonly status: number;
	/** Bits of `AnswerFlag`. */
	readonly flags: number;
	/**
	 * Status line and fields as they go to clients, each line with its CRLF: without hop-by-hop ones, `Content-Length`,
	 * `Transfer-Encoding` and `Age`, which are written anew.
	 */
	readonly head: Buffer;
	/** When its request was sent, and its head came, epoch ms. */
	readonly requestMs: number;
	readonly responseMs: number;
	/** Age when it came (`corrected_initial_age` of RFC 9111 §4.2.3), ms. */
	readonly initialAgeMs: number;
	/** Lifetime, counted from age 0, ms. */
	readonly freshMs: number;
	/** After that, ms. */
	readonly staleWhileRevalidateMs: number;
	readonly staleIfErrorMs: number;
	/**
	 * Lower-case names of `Vary`, and the normalised values in the request that brought it ('' where it had none; hashed
	 * where they are long or secret). Of a 206 the first is `range`, as sent.
	 */
	readonly vary: readonly { readonly name: string; readonly value: string }[];
	/** As sent, with `W/`. */
	readonly etag: string | null;
	/** Epoch ms; null: none, or not a date. */
	readonly lastModifiedMs: number | null;
	readonly tags: readonly string[];
	/** Bytes of the body; -1: not known before it ends. */
	readonly length: number;
}

/** One that does not hang on the store: what is read from there is not all in properties of its own. */
export function plainAnswer(answer: StoredAnswer): StoredAnswer {
	const { status, flags, head, requestMs, responseMs, initialAgeMs, freshMs } = answer;
	const { staleWhileRevalidateMs, staleIfErrorMs, vary, etag, lastModifiedMs, tags, length } = answer;
	const times = { requestMs, responseMs, initialAgeMs, freshMs, staleWhileRevalidateMs, staleIfErrorMs };
	return { status, flags, head, ...times, vary, etag, lastModifiedMs, tags, length };
}
