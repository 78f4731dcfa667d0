import type { AnswerEntry, CacheKey, PurgeSelect } from './answer-store.ts';
import type { StoredAnswer } from './stored-answer.ts';

/**
 * Where answers are kept beside a node's memory: larger, or shared with other nodes, and slower. Each worker has an
 * object of its own for each level. Nothing of it fails: what goes wrong there is an answer that is not found, or not
 * kept.
 */
export interface SecondLevel {
	/** A word for `Cache-Status`, figures and events: `redis`. */
	readonly name: string;
	/** How long the first word of `find` is waited for, ms; after that the next level, or the origin, is asked. */
	readonly timeoutMs: number;
	/**
	 * What it has for a request; the promise never rejects, and gives null where nothing suits. null at once: it cannot be
	 * asked now, nothing is waited for.
	 */
	find(wanted: Wanted): Promise<FoundAnswer | null> | null;
	/**
	 * Keeps an answer, in the place of older ones of its key and variant; or does not, where that is too much at the
	 * moment. Called off the way of any request.
	 */
	keep(kept: KeptAnswer): void;
	/** The answers of this key are none any more: the origin says so. */
	drop(key: CacheKey): void;
	/**
	 * The answers of a URL are none any more, whatever else their keys hold: the URL was changed. `url`: scheme, host and
	 * target as all keys of the URL begin (`CacheKeyBuilder.buildUrl`); the object is used again after the call.
	 */
	changed(url: CacheKey): void;
	/** What is under way is brought to an end, or given up. */
	close(): Promise<void>;
}

/** What a request wants of a level. It stays as it is for as long as somebody asks. */
export interface Wanted {
	readonly key: CacheKey;
	/** Whether it may be given for the request now: its variant, its freshness, and nothing has changed since. */
	suits(answer: StoredAnswer): boolean;
	/**
	 * The request's own values of the fields that a `Vary` names (a list as in the field), as answers keep them; null: it
	 * cannot be told by them.
	 */
	vary(names: string): StoredAnswer['vary'] | null;
}

/** An answer that a level has. */
export interface FoundAnswer {
	/** In memory of its own; times by this node's clock. */
	readonly answer: StoredAnswer;
	/** Each line with its CRLF; null: none. */
	readonly trailers: Buffer | null;
	/** Asked for once. A piece stays as it is until the next is asked for. It throws where the rest is missing. */
	readonly body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
	/** Called once: it is not wanted (any more), or all of it was taken. */
	close(): void;
}

/** An answer for a level to keep. */
export interface KeptAnswer {
	/** A copy: it stays as it is. */
	readonly key: CacheKey;
	/** Whole, and held during the call; who needs it for longer pins it, and releases it. Its answer is not null. */
	readonly entry: AnswerEntry;
	/** For how long it may be of use, ms: the rest of its lifetime, and the longest time that it may be given stale. */
	readonly lifeMs: number;
	/** Most answers of one key. */
	readonly variantsMost: number;
}

/** What a purge of a level is of. */
export type LevelPurge = PurgeSelect;
