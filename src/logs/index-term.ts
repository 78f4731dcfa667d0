import { markTerms } from './index-marks.ts';
import type { IndexQuery } from './index-query.ts';
import type { QueryNode } from './query-tree.ts';

/** The same as a question to the text index; null: it cannot be said there. Words hold letters and digits only. */
export function indexTerm(node: QueryNode): IndexQuery | null {
	if (node.kind === 'words') return { kind: 'words', words: node.words, prefix: node.prefix };
	if (node.kind === 'or') {
		const parts = node.parts.map(indexTerm);
		return parts.every((part) => part !== null) ? { kind: 'any', parts } : null;
	}
	return node.kind === 'and' ? indexTermOfAll(node.parts) : null;
}

/** Of parts that all must fit. One of them has to ask for words: entries without any are not in the index. */
function indexTermOfAll(parts: readonly QueryNode[]): IndexQuery | null {
	const wanted: IndexQuery[] = [];
	const unwanted: IndexQuery[] = [];
	let words = false;
	for (const part of parts) {
		const terms = termsOf(part);
		if (terms === null) return null;
		words ||= indexTerm(part) !== null;
		if (terms.wanted !== null) wanted.push(terms.wanted);
		if (terms.unwanted !== null) unwanted.push(terms.unwanted);
	}
	return words ? { kind: 'all', parts: wanted, without: unwanted } : null;
}

function termsOf(part: QueryNode): { wanted: IndexQuery | null; unwanted: IndexQuery | null } | null {
	const term = indexTerm(part);
	if (term !== null) return { wanted: term, unwanted: null };
	const unwanted = part.kind === 'not' ? indexTerm(part.part) : null;
	return unwanted === null ? markTerms(part) : { wanted: null, unwanted };
}

/** Whether the index can answer a part of an `and` in which another part asks for words. */
export function isIndexPart(part: QueryNode): boolean {
	return termsOf(part) !== null;
}
