/** A question to the text index: which entries have which words. */
export type IndexQuery =
	/** One after the other; `prefix`: the last may go on. Letters, digits and marks only. */
	| { readonly kind: 'words'; readonly words: readonly string[]; readonly prefix: boolean }
	| { readonly kind: 'any'; readonly parts: readonly IndexQuery[] }
	/** All of `parts`, of which there is one at least, and none of `without`. */
	| { readonly kind: 'all'; readonly parts: readonly IndexQuery[]; readonly without: readonly IndexQuery[] };

export const wordQuery = (word: string): IndexQuery => ({ kind: 'words', words: [word], prefix: false });

/** The same in the language of the text index. */
export function matchOf(query: IndexQuery): string {
	if (query.kind === 'words') return `"${query.words.join(' ')}"${query.prefix ? ' *' : ''}`;
	if (query.kind === 'any') return `(${query.parts.map(matchOf).join(' OR ')})`;
	const all = `(${query.parts.map(matchOf).join(' AND ')})`;
	return query.without.length === 0 ? all : `(${all} NOT (${query.without.map(matchOf).join(' OR ')}))`;
}
