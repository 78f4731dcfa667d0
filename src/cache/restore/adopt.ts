import { type AnswerEntry, FillState } from '../answer-store.ts';
import type { MemoryEntry } from '../memory/memory-entry.ts';
import type { MemoryStore } from '../memory/memory-store.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import type { RestoreGuard } from './restore-guard.ts';

/** Answers of one key may be as many as any route allows. */
export const VARIANTS_MOST = 1000;

/** An answer from before. */
export interface Found {
	readonly key: Buffer;
	readonly answer: StoredAnswer;
	readonly frequency: number;
	/** 0: it was not stale then. */
	readonly staleFromMs: number;
}

export interface FoundFile extends Found {
	readonly number: number;
	readonly pages: number;
	readonly length: number;
	readonly trailers: Buffer | null;
}

/** An empty entry for it; null: it is not given any more, a newer one is there, or there is no room. */
export function beginFound(
	store: MemoryStore,
	{ key, answer, staleFromMs }: Found,
	guard: RestoreGuard,
): { entry: MemoryEntry; staleFromMs: number } | null {
	const stale = guard.judge(key, answer);
	const entry = stale === null ? null : store.begin(guard.keyOf(key), (other) => isNewer(other, answer));
	return entry === null ? null : { entry, staleFromMs: staleFromMs || (stale ?? 0) };
}

/** Somebody asks for it, or has asked since. */
function isNewer({ state, answer: other }: AnswerEntry, answer: StoredAnswer): boolean {
	if (state === FillState.asked) return true;
	if (other === null || state > FillState.whole || other.requestMs < answer.requestMs) return false;
	return JSON.stringify(other.vary) === JSON.stringify(answer.vary);
}

/** It is whole: not if it was made invalid meanwhile. */
export function endFound(store: MemoryStore, entry: MemoryEntry, found: Found, guard: RestoreGuard): boolean {
	store.carryOver(entry.unit, found);
	const kept = guard.judge(found.key, found.answer) !== null;
	if (!kept) entry.remove();
	entry.release();
	return kept;
}

/** Puts in an answer whose body lies in a file; false: it is not given any more, and the file is nobody's. */
export function adoptFile(store: MemoryStore, found: FoundFile, guard: RestoreGuard): boolean {
	const begun = beginFound(store, found, guard);
	if (begun === null) return false;
	const { entry, staleFromMs } = begun;
	const { filler } = store;
	const { answer, number, pages, length, trailers } = found;
	if (!filler.setDistant(entry.unit, answer, { number, pages })) {
		entry.fail(FillState.broken);
		entry.release();
		return false;
	}
	filler.received(entry.unit, length);
	if (!filler.completeDistant(entry.unit, { trailers, variantsMost: VARIANTS_MOST, kept: true })) {
		filler.giveBackPages(pages);
		entry.release();
		return false;
	}
	return endFound(store, entry, { ...found, staleFromMs }, guard);
}
