/**
 * Marks: what the text index holds beside the words of a message, so that a word together with a severity, a source
 * or a service is answered by the index alone. What most lines have (severity `info`, source `instance`) has no
 * mark, so that marks cost next to nothing. No text that was logged and no query can hold one.
 */
import { globFits } from '../core/glob.ts';
import { type IndexQuery, wordQuery } from './index-query.ts';
import type { QueryNode } from './query-tree.ts';
import { SEVERITIES, SOURCES } from './severity.ts';

/** Every mark begins with this, which the index takes for a letter; in messages it is a blank. */
export const MARK = '\x01';
const UNMARKED_SEVERITY = SEVERITIES.indexOf('info');
const UNMARKED_SOURCE = SOURCES.indexOf('instance');
const FIELDS = `${MARK}f`;

export interface Marked {
	/** Places in `SEVERITIES` and `SOURCES`. */
	severity: number;
	source: number;
	service: string;
	/** It has a route, a status or a duration: what the index `requests` is of. */
	fields: boolean;
}

const severityMark = (severity: number) => `${MARK}l${severity}`;
const sourceMark = (source: number) => `${MARK}o${source}`;
/** Hexadecimal, since the index knows no case. */
const serviceMark = (service: string) => `${MARK}s${Buffer.from(service).toString('hex')}`;

const serviceMarks = new Map<string, string>();
const MOST_SERVICES = 2000;

function knownServiceMark(service: string): string {
	let mark = serviceMarks.get(service);
	if (mark !== undefined) return mark;
	mark = serviceMark(service);
	if (serviceMarks.size >= MOST_SERVICES) serviceMarks.clear();
	serviceMarks.set(service, mark);
	return mark;
}

/** What is added to the text of an entry in the index. */
export function marksOf({ severity, source, service, fields }: Marked): string {
	let marks = ` ${knownServiceMark(service)}`;
	if (severity !== UNMARKED_SEVERITY) marks += ` ${severityMark(severity)}`;
	if (source !== UNMARKED_SOURCE) marks += ` ${sourceMark(source)}`;
	return fields ? `${marks} ${FIELDS}` : marks;
}

/** Of those that the index has: `wanted` (null: no matter) and not `unwanted`. */
export interface MarkTerms {
	wanted: IndexQuery | null;
	unwanted: IndexQuery | null;
}

/** null: marks cannot say it. */
export function markTerms(node: QueryNode): MarkTerms | null {
	if (node.kind === 'not') {
		const terms = markTerms(node.part);
		// One of the two is always null.
		return terms === null ? null : { wanted: terms.unwanted, unwanted: terms.wanted };
	}
	if (node.kind === 'level')
		return termsOf(
			SEVERITIES.flatMap((_, at) => (at >= node.least ? [at] : [])),
			{ all: SEVERITIES.length, unmarked: UNMARKED_SEVERITY, markOf: severityMark },
		);
	if (node.kind !== 'glob') return null;
	if (node.field === 'source')
		return termsOf(
			SOURCES.flatMap((source, at) => (globFits(node.pattern, source) ? [at] : [])),
			{ all: SOURCES.length, unmarked: UNMARKED_SOURCE, markOf: sourceMark },
		);
	if (node.field === 'service' && !node.pattern.includes('*'))
		return { wanted: wordQuery(serviceMark(node.pattern)), unwanted: null };
	return null;
}

interface Kinds {
	all: number;
	unmarked: number;
	markOf(at: number): string;
}

function termsOf(fits: readonly number[], { all, unmarked, markOf }: Kinds): MarkTerms | null {
	// All or none: then there is no mark to ask for.
	if (fits.length === 0 || fits.length === all) return null;
	const either = (places: readonly number[]): IndexQuery => ({
		kind: 'any',
		parts: places.map((at) => wordQuery(markOf(at))),
	});
	if (!fits.includes(unmarked)) return { wanted: either(fits), unwanted: null };
	const others = Array.from({ length: all }, (_, at) => at).filter((at) => !fits.includes(at));
	return { wanted: null, unwanted: either(others) };
}

/** The index `requests` holds all that can fit: a route, a status or a duration must be there. */
export function needsFields(node: QueryNode): boolean {
	if (node.kind === 'and') return node.parts.some(needsFields);
	if (node.kind === 'or') return node.parts.every(needsFields);
	if (node.kind === 'compare') return INDEXED.includes(node.field);
	return node.kind === 'glob' && INDEXED.includes(node.field) && node.pattern !== '';
}

const INDEXED: readonly string[] = ['http.route', 'http.response.status_code', 'duration_s'];

/** Added to a term: only what has such fields. */
export const FIELDS_TERM: IndexQuery = wordQuery(FIELDS);
