import { Field } from '../../wire/field-names.ts';
import { STRIDE } from '../../wire/head.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import type { CacheRequest } from './cache-request.ts';
import { parseHttpDate } from './http-date.ts';
import type { RequestControl } from './request-control.ts';
import { storedFields } from './stored-head.ts';

const STAR = 42;
const COMMA = 44;
const QUOTE = 34;
const SPACE = 32;
const TAB = 9;
const CAPITAL_W = 87;
const SLASH = 47;

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
	if (control.ifNoneMatchAt >= 0) return answer.etag === null ? hasStar(request) : listsEtag(answer.etag, request);
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

/** Whether one of all `If-None-Match` lines has the tag; weak comparison (RFC 9110 §8.8.3.2): `W/` counts for nothing. */
function listsEtag(etag: string, { buffer, head }: CacheRequest): boolean {
	const tag = etag.startsWith('W/') ? etag.slice(2) : etag;
	const { table, count } = head.fields;
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		if (table[row + 4] !== Field.ifNoneMatch) continue;
		if (lineListsEtag(tag, buffer, [table[row + 2] as number, table[row + 3] as number])) return true;
	}
	return false;
}

function lineListsEtag(tag: string, buffer: Uint8Array, [start, end]: readonly [number, number]): boolean {
	let at = start;
	while (at < end) {
		while (at < end && (buffer[at] === SPACE || buffer[at] === TAB || buffer[at] === COMMA)) at++;
		if (at === end) return false;
		if (buffer[at] === STAR && end - start === 1) return true;
		if (buffer[at] === CAPITAL_W && buffer[at + 1] === SLASH) at += 2;
		const from = at;
		// A tag's content may hold commas; what is not quoted ends at the next.
		if (buffer[at] === QUOTE) {
			at++;
			while (at < end && buffer[at] !== QUOTE) at++;
			if (at < end) at++;
		} else while (at < end && buffer[at] !== COMMA) at++;
		if (at - from === tag.length && is(buffer, from, tag)) return true;
		while (at < end && buffer[at] !== COMMA) at++;
	}
	return false;
}

function is(buffer: Uint8Array, start: number, tag: string): boolean {
	for (let i = 0; i < tag.length; i++) if (buffer[start + i] !== tag.charCodeAt(i)) return false;
	return true;
}
