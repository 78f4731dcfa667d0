import type { DistantBody, DistantFill } from './distant-body.ts';
import type { StoredAnswer } from './stored-answer.ts';

/**
 * Where answers are kept: one store for all workers of a node, in shared memory. A call never waits for anything
 * but another worker's few microseconds.
 */
export interface AnswerStore {
	/**
	 * The newest entry of a key that `suits`, pinned; null: none. `suits` is given entries whose head is not known yet
	 * too (`answer` null): somebody fetches them now. It must not throw, nor call the store. `patient`: another worker's
	 * work is rather waited for, for some ms, than none found.
	 */
	find(key: CacheKey, suits: (entry: AnswerEntry) => boolean, patient?: boolean): AnswerEntry | null;
	/**
	 * An empty entry that others find from now on, pinned once for the one who fills it; null: there is no room, or one
	 * that `unless` says yes to is there by now (another worker was quicker), to be found. `since`: `purges` when its
	 * answer was asked for; default now.
	 */
	begin(key: CacheKey, unless?: (entry: AnswerEntry) => boolean, since?: number): FillingEntry | null;
	/**
	 * An entry that somebody brings, or has brought since `find` was asked for the key, and that `suits`, pinned; null:
	 * the caller is the one to ask the origin, and others find that out, as long as `asking` says so.
	 */
	ask(key: CacheKey, suits: (entry: AnswerEntry) => boolean, asking: Asking): AnswerEntry | null;
	/** Whether the answer to what is not there is worth its place; what is not is known when it is asked for again. */
	admits(key: CacheKey): boolean;
	/** The entry that others follow already, or find from now on, pinned once for the one who fills it; null: there is no room, or it was purged since it was asked for. */
	open(key: CacheKey, asking: Asking): FillingEntry | null;
	/** All of an answer at once, for others to be found; false: by `open` only, if at all. */
	put(key: CacheKey, asking: Asking, whole: WholeAnswer): boolean;
	/** How many times something was purged, but for one key alone; 32 bits that wrap. Who asks for an answer notes it before. */
	readonly purges: number;
	/** Nobody asks for it any more; the entry that others follow already, pinned as by `open`, null: nobody does. */
	leave(key: CacheKey, asking: Asking): FillingEntry | null;
	/** Of all entries of a key: removed, or (`soft`) stale from now on. How many there were. */
	purgeKey(key: CacheKey, soft: boolean): number;
	/** Of all entries that are meant. A walk over all, in pieces; what is asked for meanwhile, and meant, is not stored, or stale. */
	purge(select: PurgeSelect, soft: boolean): Promise<number>;
	/** `bytes` in use; `most` that may be. */
	readonly usage: { bytes: number; most: number; entries: number };
}

/** What one asks the origin for; used again for the next. */
export interface Asking {
	/** Where others see it; 0: nowhere. */
	place: number;
	/** What others find, since there is no such place left; null: they make it themselves. */
	entry: FillingEntry | null;
	/** `AnswerStore.purges` when it was asked for: what was purged since is not stored. */
	purges: number;
}

export interface WholeAnswer {
	readonly answer: StoredAnswer;
	/** Of the body: [start, end). */
	readonly bytes: Uint8Array;
	readonly start: number;
	readonly end: number;
	/** Most answers of one key. */
	readonly variantsMost: number;
}

/** What answers are found by. One object is used for many requests. */
export interface CacheKey {
	/** buffer[0, length). */
	readonly bytes: Buffer;
	readonly length: number;
	/** 64 bits of a keyed hash of it. */
	readonly high: number;
	readonly low: number;
}

/** What a purge is of: URLs and prefixes as in `purge-key.ts`, tags, or all. */
export type PurgeSelect =
	| { readonly urls: readonly string[] }
	| { readonly prefixes: readonly string[] }
	| { readonly tags: readonly string[] }
	| { readonly everything: true };

export const FillState = {
	/** Its head is not known yet. */
	asked: 0,
	/** Its body grows. */
	filling: 1,
	whole: 2,
	/** It broke off, or was given up: who follows it must see that the rest is missing. */
	broken: 3,
	/** It proved uncacheable, before anything of it was given: who waits asks for itself. */
	refused: 4,
	/** It was purged before its head was known: who waits looks again. */
	purged: 5,
} as const;
export type FillState = (typeof FillState)[keyof typeof FillState];
/** How an entry may end that does not get whole. */
export type Failure = typeof FillState.broken | typeof FillState.refused | typeof FillState.purged;

/** An entry, pinned by each who holds it: its memory is not used again before the last `release`. */
export interface AnswerEntry {
	readonly state: FillState;
	/** null while it is asked for. Texts and head are read from the store's memory: only while it is pinned. */
	readonly answer: StoredAnswer | null;
	/** It is found still: nobody took it out, and none that is newer took its place. */
	readonly found: boolean;
	/** Bytes of the body that are there. */
	readonly received: number;
	/** Trailer fields, each line with its CRLF; null: none. */
	readonly trailers: Buffer | null;
	/** Epoch ms from which it counts as stale whatever its lifetime says (a soft purge, an invalidation); 0: none. */
	readonly staleFromMs: number;
	/** Its body does not lie in memory: `read` has nothing, this is read. null: it does. */
	readonly distant: DistantBody | null;
	/** Writes 16 bytes that name its body: the same under another head, and no other body's of this or any other start. Returns where they end. */
	nameBody(into: Buffer, at: number): number;
	/** Bytes of the body from `at`, as many as lie together; they stay as they are while the entry is pinned. */
	read(at: number): Buffer;
	/**
	 * The listener is called in a later turn after `state` or `received` changed, whichever worker changed it; and once in
	 * any case, for what changed before.
	 */
	/**
	 * Reads a body of unknown length from `at` on while it comes, wherever that goes: should it prove too long to be
	 * stored, nobody else has more of it. null: it does not come so, or not any more.
	 */
	follow(at: number): ComingBody | null;
	/** It proved too long to be stored: who does not follow it gets nothing of it here. */
	readonly outgrown: boolean;
	watch(listener: EntryListener): void;
	unwatch(listener: EntryListener): void;
	/** It was given: it counts for what is kept. */
	touch(): void;
	/** One who asks the origin for it anew; false: another began to within the last `ms`: it still asks, or failed. */
	claimRefresh(ms: number): boolean;
	/** It asked in vain, and not for a fault of the origin: the next one may ask at once. */
	refreshed(): void;
	/** Not found any more. */
	remove(): void;
	/** One more holds it; each gives it back by `release`. */
	pin(): void;
	release(): void;
}

/** One who reads a body that comes. */
export interface ComingBody {
	/** Bytes that are there: as `AnswerEntry.received`, which says nothing of what is not stored. */
	readonly received: number;
	/** All that comes of what is not stored is there. */
	readonly ended: boolean;
	/** It holds up others for too long, and gets no more. */
	whenCut: (() => void) | null;
	/** As `AnswerEntry.read`; what was `passed` is not there any more. */
	read(at: number): Buffer;
	/** What comes before `at` is not needed any more. */
	passed(at: number): void;
	close(): void;
}

export interface EntryListener {
	entryChanged(): void;
}

/** An entry as its one writer sees it. */
export interface FillingEntry extends AnswerEntry {
	/** Once its head is known: what is appended is there only a while later. null: at once. */
	readonly distantFill: DistantFill | null;
	/**
	 * Its head is known. False: there is no room for it, or it was purged meanwhile and others might wait for it.
	 * `outgrows`: should it prove too long to be stored, who fills it goes on for those who follow it, and waits for them
	 * (`distantFill`).
	 */
	setAnswer(answer: StoredAnswer, outgrows?: boolean): boolean;
	/** It outgrew the memory for those who follow it, and goes on in a file the next time, when nobody does. */
	readonly fitsDisk: boolean;
	/** It is too long to be stored: it is not found any more, and goes on for those who follow it; false: nobody does, it is broken, or else as it was. */
	outgrow(): boolean;
	/** More of the body; false: there is no room for it, it is broken. */
	append(bytes: Uint8Array, start: number, end: number): boolean;
	/**
	 * It is whole: it takes the place of older entries of the same key and the same variant; and the oldest of a key goes
	 * where there are more than `variantsMost` (default 32).
	 */
	complete(trailers: Buffer | null, variantsMost?: number): void;
	/** Ends so, and is not found any more. */
	fail(state: Failure): void;
}

/** What `AnswerEntry.answer` becomes after a 304: the same body under another head. */
export interface AnswerUpdate {
	/** null: it is none any more, or there is no room, or one of both was purged since; `since`: `purges` when `answer` was asked for, default now. */
	update(entry: AnswerEntry, answer: StoredAnswer, since?: number): AnswerEntry | null;
}
