import { Cached } from '../core/cached.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { BodyScan } from '../wire/body.ts';
import type { ResponseHead } from '../wire/response-head.ts';

/** Stored answers, as a route sees them; what `src/app/caching` has fits it. */
export interface ResponseCache<Of> {
	/** False: the answer comes from what is stored, or from what another request asks for. */
	look(exchange: Of): boolean;
	/** It goes its way without a look; what its answer changes is noted. */
	passes(exchange: Of): void;
}

/** Asks for an exchange's answer in its place, and keeps it. */
export interface Asker<Where> {
	start(route: Where, key: number): void;
	/** It was not let through; true: it is answered all the same, from what is stored. */
	refused(code: ErrorCode): boolean;
}

/** Sees the head of an answer before it is passed on. */
export interface AnswerWatch<Of> {
	answered(exchange: Of, head: ResponseHead, bytes: Uint8Array): void;
}

/** Gets all of a body that is passed on. */
export interface BodyCopy {
	body(bytes: Uint8Array, scan: BodyScan): void;
	ended(trailers: Buffer | null): void;
	/** The exchange is over. Comes behind `ended` too: then it says nothing. */
	over(): void;
}

/** What the cache has to do with one exchange. */
export class CacheTrack<Of, Where> {
	/** Asks in its place; null: its own fetch does. */
	asker: Asker<Where> | null = null;
	/** Sees the head of its answer; null: nobody. */
	watch: AnswerWatch<Of> | null = null;
	/** Gets a copy of what is passed on; null: nobody. */
	copy: BodyCopy | null = null;
	/** Field lines that are added to its answer. */
	extra: Buffer | null = null;
	cached: Cached = Cached.none;
	/** How long it waited until the answer that another request asks for began, µs. */
	waitedUs = 0;
	/** It was looked up before, and what it waited for did not suit it: it asks for itself. */
	alone = false;
	/** The file of what it may get cannot be opened now: it does not wait for that again. */
	unreadable = false;
	/** What it waited for was purged: the next time it asks for itself. */
	purged = false;
	/** `AnswerStore.purges` when it was passed on, where its answer says something of what is stored. */
	purges = 0;

	reset(): void {
		this.asker = null;
		this.watch = null;
		this.copy = null;
		this.extra = null;
		this.cached = Cached.none;
		this.waitedUs = 0;
		this.alone = false;
		this.unreadable = false;
		this.purged = false;
	}
}
