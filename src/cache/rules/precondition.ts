import { listsEtag } from '../../wire/etag-list.ts';
import { Field } from '../../wire/field-names.ts';
import { STRIDE } from '../../wire/head.ts';
import { parseHttpDate } from '../../wire/http-date.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import type { CacheRequest } from './cache-request.ts';
import type { RequestControl } from './request-control.ts';
import { storedFields } from './stored-head.ts';

const STAR = 42;

/** A request with conditions, and what they are. */
export interface Conditional {
	readonly request: CacheRequest;
	readonly control: RequestControl;
}

/** Whether a 304 answers the request, since the client has this answer already (RFC 9111 §4.3.2). */
export function isNotModified(answer: StoredAnswer, { request, control }: Conditional): boolean {
	if (control.ifNoneMatchAt < 0 && control.ifModifiedSinceAt < 0) return false;
	if (answer.status < 200 || answer.status > 299) return false;
	if (request.method !== 'GET' && request.method !== 'HEAD') return false;
	if (control.ifNoneMatchAt >= 0) return answer.etag === null ? hasStar(request) : isListed(answer.etag, request);
	return isUnchanged(answer, request, control.ifModifiedSinceAt);
}

function isUnchanged(answer: StoredAnswer, { buffer, head }: CacheRequest, i: number): boolean {
	const { table } = head.fields;
	const at = [table[i * STRIDE + 2] as number, table[i * STRIDE + 3] as number] as const;
	const since = parseHttpDate(buffer, at, answer.responseMs);
	if (Number.isNaN(since)) return false;
	return (answer.lastModifiedMs ?? dateOf(answer)) <= since;
}

/** An answer that does not say when it changed did so when it was made at the latest. */
function dateOf(answer: StoredAnswer): number {
	const { fields, bytes } = storedFields(answer.head);
	const i = fields.find(bytes, 'date');
	if (i < 0) return answer.responseMs;
	const at = [fields.table[i * STRIDE + 2] as number, fields.table[i * STRIDE + 3] as number] as const;
	const date = parseHttpDate(bytes, at, answer.responseMs);
	return Number.isNaN(date) ? answer.responseMs : date;
}

function hasStar({ buffer, head }: CacheRequest): boolean {
	const { table, count } = head.fields;
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		if (table[row + 4] !== Field.ifNoneMatch) continue;
		const start = table[row + 2] as number;
		if (table[row + 3] === start + 1 && buffer[start] === STAR) return true;
	}
	return false;
}

/** Whether one of all `If-None-Match` lines has the tag, as a weak one. */
function isListed(etag: string, { buffer, head }: CacheRequest): boolean {
	const { table, count } = head.fields;
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		if (table[row + 4] !== Field.ifNoneMatch) continue;
		const list = { buffer, start: table[row + 2] as number, end: table[row + 3] as number };
		if (listsEtag(list, etag, true)) return true;
	}
	return false;
}
