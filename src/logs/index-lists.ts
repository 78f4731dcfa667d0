/** A question to the text index, answered from its lists where that is cheaper than to have SQLite walk it. */
import type { DatabaseSync } from 'node:sqlite';
import { both, either, except } from './id-list.ts';
import { IndexPages } from './index-pages.ts';
import type { IndexQuery } from './index-query.ts';

/** Where each word is asked for by itself and the index writes it as it stands here. */
export function isOfLists(query: IndexQuery): boolean {
	if (query.kind === 'words') return query.words.length === 1 && !query.prefix && ASCII.test(query.words[0] as string);
	return query.parts.every(isOfLists) && (query.kind === 'any' || query.without.every(isOfLists));
}

/** What has marks and accents, or no case, the index may write otherwise. */
const ASCII = /^[\0-\x7f]+$/;

/** Ids of `from` to `to` that fit a query which `isOfLists`, in order; null: SQLite has to be asked. */
export function listOf(
	database: DatabaseSync,
	query: IndexQuery,
	range: { from: number; to: number },
): Float64Array | null {
	// What other processes write meanwhile is not seen.
	database.exec('BEGIN');
	try {
		const pages = new IndexPages(database);
		return idsOf(query, (word, within) => pages.idsOf(word, range, within));
	} finally {
		database.exec('COMMIT');
	}
}

type Lists = (word: string, within: Float64Array | null) => Float64Array | null;

function idsOf(query: IndexQuery, lists: Lists): Float64Array | null {
	if (query.kind === 'words') return lists(query.words[0] as string, null);
	let found: Float64Array | null = null;
	for (const part of query.parts) {
		// Of a word that is wanted too only those are taken up that were found so far.
		const narrows = query.kind === 'all' && part.kind === 'words';
		const ids: Float64Array | null = narrows ? lists(part.words[0] as string, found) : idsOf(part, lists);
		if (ids === null) return null;
		if (found === null || narrows) found = ids;
		else found = query.kind === 'any' ? either(found, ids) : both(found, ids);
		if (query.kind === 'all' && found.length === 0) return found;
	}
	for (const part of query.kind === 'all' ? query.without : []) {
		const ids = idsOf(part, lists);
		if (ids === null || found === null) return null;
		found = except(found, ids);
	}
	return found;
}

/** How many of sorted ids fall in each bar of `idsABar` ids; the first bar begins with the id `first`. */
export function barsOf(ids: Float64Array, first: number, idsABar: number): { bar: number; count: number }[] {
	const bars: { bar: number; count: number }[] = [];
	for (let at = 0; at < ids.length; ) {
		const bar = Math.floor(((ids[at] as number) - first) / idsABar);
		const end = first + (bar + 1) * idsABar;
		const begun = at;
		while (at < ids.length && (ids[at] as number) < end) at++;
		bars.push({ bar, count: at - begun });
	}
	return bars;
}
