import { Field } from '../../wire/field-names.ts';
import { HeadFault, lineEnd, STRIDE } from '../../wire/head.ts';
import { formatHttpDate } from '../../wire/http-date.ts';
import { ResponseHead } from '../../wire/response-head.ts';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import { type Judging, judgeAnswer } from './judge-answer.ts';
import { isStored, nameAt, storedFields } from './stored-head.ts';

const CRLF = Buffer.from('\r\n');
const FIELDS_MOST = 1000;
/** What describes the stored body itself, or what it was asked for by: a 304 does not change it (RFC 9111 §3.2). */
const KEPT: ReadonlySet<string> = new Set([
	'content-encoding',
	'content-length',
	'content-md5',
	'content-range',
	'digest',
	'content-digest',
	'repr-digest',
	'etag',
]);

/** Field lines that ask the origin whether an answer still holds; empty: it has no validator. In the place of the client's own conditions. */
export function conditionalFields({ etag, lastModifiedMs }: StoredAnswer): Buffer {
	const tag = etag === null ? '' : `If-None-Match: ${etag}\r\n`;
	const date = lastModifiedMs === null ? '' : `If-Modified-Since: ${formatHttpDate(lastModifiedMs)}\r\n`;
	return Buffer.from(tag + date, 'latin1');
}

/**
 * The answer as a 304 to its revalidation leaves it (RFC 9111 §4.3.4): the same body under fields of which those of the
 * 304 are new, with a lifetime that begins anew. `judging.answer` is the 304. null: what it says now forbids the storing.
 * A client that forbids the storing of its answer changes nothing.
 * The 304 may carry another ETag: it answers to the one that was asked for.
 */
export function updated(stored: StoredAnswer, judging: Judging): StoredAnswer | null {
	if (judging.control.noStore && judging.policy.obeyClients) return stored;
	const bytes = merged(stored, judging);
	const head = new ResponseHead(FIELDS_MOST);
	if (head.parse(bytes, 0, bytes.length) <= HeadFault.incomplete) return null;
	const judgement = judgeAnswer({
		...judging,
		request: judging.request.method === 'GET' ? judging.request : asGet(judging),
		answer: { ...judging.answer, head, bytes, contentLength: stored.length },
	});
	if (judgement.stored === null) return null;
	const { tags, vary, flags } = judgement.stored;
	const range = (stored.flags & AnswerFlag.partial) === 0 ? undefined : stored.vary[0];
	return {
		...judgement.stored,
		// What the stored body was asked for by, not what asks about it.
		flags: (flags & ~AnswerFlag.bare) | (stored.flags & AnswerFlag.bare),
		tags: tags.length === 0 ? stored.tags : tags,
		vary: range === undefined ? vary : [range, ...vary.slice(1)],
	};
}

/**
 * The answer as one to a HEAD of the same target and variant leaves it (RFC 9111 §4.3.5). null: it is of another body,
 * so that the stored one is stale.
 */
export function updatedByHead(stored: StoredAnswer, judging: Judging): StoredAnswer | null {
	const { head, bytes, contentLength } = judging.answer;
	if (head.status !== stored.status) return null;
	if (contentLength >= 0 && stored.length >= 0 && contentLength !== stored.length) return null;
	const etag = head.fields.value(bytes, 'etag');
	if (etag !== undefined && etag !== stored.etag) return null;
	const modified = head.fields.value(bytes, 'last-modified');
	if (modified !== undefined && modified !== storedLine(stored, 'last-modified')) return null;
	return updated(stored, judging);
}

function storedLine(stored: StoredAnswer, name: string): string | undefined {
	const { fields, bytes } = storedFields(stored.head);
	return fields.value(bytes, name);
}

function asGet({ request }: Judging): Judging['request'] {
	const { buffer, head, targetStart, targetEnd, hostStart, hostEnd, client } = request;
	return { buffer, head, targetStart, targetEnd, hostStart, hostEnd, client, method: 'GET' };
}

/** A whole head: the stored status line, stored lines whose names the new head has not, and the lines of the new head. */
function merged(stored: StoredAnswer, { answer }: Judging): Buffer {
	const { head, bytes } = answer;
	const renewed = new Set<string>();
	const fresh: Buffer[] = [];
	for (let row = 0; row < head.fields.count * STRIDE; row += STRIDE) {
		const field = head.fields.table[row + 4] as number;
		const name = nameAt(head.fields, bytes, row);
		// An age is not stored, but counts for this one answer.
		if (!(isStored(field) || field === Field.age) || KEPT.has(name)) continue;
		renewed.add(name);
		fresh.push(bytes.subarray(head.fields.table[row] as number, lineEnd(bytes, head.fields.table[row + 3] as number)));
	}
	const old = storedFields(stored.head);
	const lines: Buffer[] = [old.bytes.subarray(0, lineEnd(old.bytes, 0))];
	for (let row = 0; row < old.fields.count * STRIDE; row += STRIDE) {
		const name = nameAt(old.fields, old.bytes, row);
		// The date of what is stored would make it look old.
		if (renewed.has(name) || name === 'date') continue;
		const { table } = old.fields;
		lines.push(old.bytes.subarray(table[row] as number, lineEnd(old.bytes, table[row + 3] as number)));
	}
	return Buffer.concat([...lines, ...fresh, CRLF]);
}
