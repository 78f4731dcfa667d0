import { globFits } from '../core/glob.ts';
import type { LogEntry } from '../core/log-entry.ts';
import type { Comparison, Query, QueryNode } from './query-tree.ts';
import { severityRank } from './severity.ts';
import { hasPhrase, indexText, wordsOf } from './words.ts';

/** Whether an entry is what a query asks for: the same answer as the store's, for entries as they come. */
export function matches(query: Query, entry: LogEntry): boolean {
	if (query === null) return true;
	let words: string[] | undefined;
	const test = (node: QueryNode): boolean => {
		switch (node.kind) {
			case 'and':
				return node.parts.every(test);
			case 'or':
				return node.parts.some(test);
			case 'not':
				return !test(node.part);
			case 'words':
				words ??= wordsOf(indexText(entry.message));
				return hasPhrase(words, node.words, node.prefix);
			case 'text':
				return entry.message.toLowerCase().includes(node.text.toLowerCase());
			case 'level':
				return severityRank(entry.severity) >= node.least;
			case 'glob':
				return hasValue(node.pattern, String(fieldOf(entry, node.field) ?? ''));
			case 'compare':
				return compare(fieldOf(entry, node.field), node.operator, node.value);
		}
	};
	return test(query);
}

/** A field that is missing or empty is what the empty pattern asks for, and no other. */
function hasValue(pattern: string, value: string): boolean {
	return value === '' ? pattern === '' : globFits(pattern, value);
}

/** A field by its full name; undefined: it has none. */
export function fieldOf(entry: LogEntry, field: string): string | number | boolean | undefined {
	if (field === 'trace') return entry.traceId;
	if (field === 'span') return entry.spanId;
	if (field === 'source' || field === 'service' || field === 'instance' || field === 'message') return entry[field];
	return Object.hasOwn(entry.fields, field) ? entry.fields[field] : undefined;
}

function compare(found: string | number | boolean | undefined, operator: Comparison, value: number): boolean {
	if (typeof found !== 'number') return false;
	if (operator === '>=') return found >= value;
	if (operator === '<=') return found <= value;
	return operator === '>' ? found > value : found < value;
}
