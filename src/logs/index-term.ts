import { markTerms } from './index-marks.ts';
import type { QueryNode } from './query-tree.ts';

/** The same in the language of the text index; null: it cannot be said there. Words hold letters and digits only. */
export function indexTerm(node: QueryNode): string | null {
	if (node.kind === 'words') return `"${node.words.join(' ')}"${node.prefix ? ' *' : ''}`;
	if (node.kind === 'or') {
		const terms = node.parts.map(indexTerm);
		return terms.includes(null) ? null : `(${terms.join(' OR ')})`;
	}
	return node.kind === 'and' ? indexTermOfAll(node.parts) : null;
}

/** Of parts that all must fit. One of them has to ask for words: entries without any are not in the index. */
function indexTermOfAll(parts: readonly QueryNode[]): string | null {
	const wanted: string[] = [];
	const unwanted: string[] = [];
	let words = false;
	for (const part of parts) {
		const terms = termsOf(part);
		if (terms === null) return null;
		words ||= indexTerm(part) !== null;
		if (terms.wanted !== null) wanted.push(terms.wanted);
		if (terms.unwanted !== null) unwanted.push(terms.unwanted);
	}
	if (!words) return null;
	const all = `(${wanted.join(' AND ')})`;
	return unwanted.length === 0 ? all : `(${all} NOT (${unwanted.join(' OR ')}))`;
}

function termsOf(part: QueryNode): { wanted: string | null; unwanted: string | null } | null {
	const term = indexTerm(part);
	if (term !== null) return { wanted: term, unwanted: null };
	const unwanted = part.kind === 'not' ? indexTerm(part.part) : null;
	return unwanted === null ? markTerms(part) : { wanted: null, unwanted };
}

/** Whether the index can answer a part of an `and` in which another part asks for words. */
export function isIndexPart(part: QueryNode): boolean {
	return termsOf(part) !== null;
}
