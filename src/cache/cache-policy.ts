/** How the answers of a route are cached; plain data, resolved from the configuration. */
export interface CachePolicy {
	/** What an answer is found by, besides its scheme, host and target. */
	readonly key: CacheKeyPolicy;
	/** Lifetimes where the origin is silent. `statuses` empty: nothing is stored that the origin says nothing of. */
	readonly silent: CacheLifetime;
	/** A lifetime guessed from `Last-Modified`, as RFC 9111 §4.2.2 allows; null: none is guessed. */
	readonly heuristic: CacheHeuristic | null;
	/**
	 * Lifetime whatever the origin says, and that breaks its word: `no-store`, `private`, `Set-Cookie`, `Vary: *` and
	 * what it says for requests with `Authorization` are the only ones that still hold. null: the origin's word holds.
	 */
	readonly override: CacheLifetime | null;
	/** How much longer a stale answer may be given while it is fetched anew (RFC 5861), ms; null: as the origin says. */
	readonly staleWhileRevalidateMs: number | null;
	/** How much longer a stale answer may be given since the origin fails, ms; null: as the origin says. */
	readonly staleIfErrorMs: number | null;
	/** How much longer a stale answer may be given while no instance can be reached (RFC 9111 §4.2.4), ms; 0: not at all. */
	readonly staleIfUnreachableMs: number;
	/** A share of the lifetime: asked for in the last part of it, an answer is fetched anew beforehand; 0: never. */
	readonly refreshAhead: number;
	/** Answers to POST that say that they are what a GET of their URL brings, and for how long, are given to later GETs. */
	readonly posts: boolean;
	/** Not looked up and not stored when one of these holds. */
	readonly bypass: readonly CacheBypass[];
	/** Largest body that is stored, bytes; null: as much as the place where it lies takes. */
	readonly bodyMost: number | null;
	/** Most different answers of one key (by `Vary`); the oldest goes. */
	readonly variantsMost: number;
	/** `no-cache`, `max-age=0` and the like of a client are obeyed (RFC 9111); false: they cost the origin nothing. */
	readonly obeyClients: boolean;
	/** `Cache-Status` on the answers (RFC 9211). */
	readonly tell: boolean;
	/** Fields that carry tags for purging, lower case; and whether they are kept from the client. */
	readonly tagFields: readonly string[];
	readonly hideTags: boolean;
	/** `Surrogate-Control` is obeyed, and kept from clients; origins are told so. */
	readonly surrogate: boolean;
}

export interface CacheLifetime {
	readonly ms: number;
	readonly statuses: readonly number[];
	/** Lifetimes of their own, by status: negative caching. */
	readonly byStatus: Readonly<Record<number, number>>;
}

/** `share` of the time since `Last-Modified`, at most `mostMs`. */
export interface CacheHeuristic {
	readonly share: number;
	readonly mostMs: number;
}

export interface CacheKeyPolicy {
	/** `all`: as received; `sorted`: in any order the same; a list: only these; except: all but these. */
	readonly query:
		| 'all'
		| 'sorted'
		| 'none'
		| { readonly only: readonly string[] }
		| { readonly except: readonly string[] };
	/** Request fields that are part of the key, lower case. */
	readonly headers: readonly string[];
	readonly cookies: readonly string[];
	/** The credential of the client, hashed: each has answers of its own. */
	readonly credential: { readonly header: string } | null;
	/** Requests to any host share answers. */
	readonly anyHost: boolean;
}

export interface CacheBypass {
	readonly from: 'header' | 'cookie' | 'query';
	readonly name: string;
	/** null: whatever its value. */
	readonly value: string | null;
}

/** `cache: {}`: RFC 9111 and nothing invented. */
export const PLAIN_CACHE: CachePolicy = {
	key: { query: 'all', headers: [], cookies: [], credential: null, anyHost: false },
	silent: { ms: 0, statuses: [], byStatus: {} },
	heuristic: null,
	override: null,
	staleWhileRevalidateMs: null,
	staleIfErrorMs: null,
	staleIfUnreachableMs: 0,
	refreshAhead: 0,
	posts: false,
	bypass: [],
	bodyMost: null,
	variantsMost: 32,
	obeyClients: true,
	tell: true,
	tagFields: ['surrogate-key', 'cache-tag'],
	hideTags: false,
	surrogate: false,
};

/** The cache of a node; resolved. */
export interface CacheConfig {
	/** Memory that all workers share, bytes; index included. */
	memoryBytes: number;
	/** Where large bodies lie; null: in memory, or nowhere. */
	disk: CacheDiskConfig | null;
	/** What the memory holds is there again after an orderly end. */
	warm: boolean;
	/** Answers in the Redis of `state`, where there is one; null: none. */
	redis: CacheRedisConfig | null;
}

export interface CacheDiskConfig {
	/** Most that the files take. */
	bytes: number;
	/** null: in the folder of the store. */
	folder: string | null;
	/** Bodies of so many bytes on lie there. */
	fromBytes: number;
}

/** Stored answers that nodes share; resolved. */
export interface CacheRedisConfig {
	/** Most time that Redis is waited for before the origin is asked, ms. */
	timeoutMs: number;
	/** Largest body that is kept there, bytes. */
	bodyBytes: number;
	/** Longest time that an answer stays there, ms. */
	lifeMs: number;
	/** Nothing heard of other nodes' purges for so long: what is in memory counts as stale, ms; 0: never. */
	aloneMs: number;
	/** What all nodes know, and who only reads or writes in Redis does not; null: nothing. It is a secret. */
	secret: string | null;
}

export const CACHE_REDIS: CacheRedisConfig = {
	timeoutMs: 50,
	bodyBytes: 1024 * 1024,
	lifeMs: 86_400_000,
	aloneMs: 30_000,
	secret: null,
};

export const CACHE: CacheConfig = { memoryBytes: 128 * 1024 * 1024, disk: null, warm: false, redis: null };
/** Of a disk of which nothing is said but its size. */
export const DISK_FROM_BYTES: number = 1024 * 1024;

/** Largest body that is stored in memory, where nothing else is said, bytes. */
export const BODY_MOST: number = 64 * 1024 * 1024;
/** The same where there is a disk. */
export const diskBodyMost = ({ bytes }: CacheDiskConfig): number => Math.min(Math.floor(bytes / 4), 0x7fffffff);

/** Statuses that a single `ttl` is for. */
export const TTL_STATUSES = [200, 203, 300, 301, 308] as const;
/** Statuses that `negativeTtl` is for. */
export const NEGATIVE_STATUSES = [404, 405, 410, 414, 501] as const;
