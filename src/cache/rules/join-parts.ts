import { lineEnd, STRIDE } from '../../wire/head.ts';
import { AnswerFlag, plainAnswer, type StoredAnswer } from '../stored-answer.ts';
import { contentRangeLine } from './byteranges.ts';
import { type ContentRange, contentRangeOf } from './content-range.ts';
import { nameAt, storedFields } from './stored-head.ts';

/** A stored 206 that came to its end. */
export interface HeldPart {
	readonly answer: StoredAnswer;
	/** Bytes of its body. */
	readonly received: number;
}

/** What two parts are together. */
export interface JoinedParts {
	readonly answer: StoredAnswer;
	/** Its body, in order: bytes `from` to before `to` of the body of one of them. */
	readonly pieces: readonly { readonly newer: boolean; readonly from: number; readonly to: number }[];
}

/** What copying costs stays within so many times the bytes that came, or parts of a byte each could cost much. */
const SHARE = 8;
/** Of the one message, not of what it is a part of (RFC 9530 §2), and the place of the part. */
const OF_THE_PART = /^(?:content-range|content-digest|content-md5):.*\r\n/gim;

/**
 * A 206 that brought all of the representation, as the 200 that it is worth (RFC 9110 §15.3.7.3); null: it did not, or
 * may lack fields.
 */
export function wholeOf(part: HeldPart): StoredAnswer | null {
	const span = isBare(part.answer) ? null : spanOf(part);
	return span === null || !isAll(span) ? null : answerOf(part.answer, span);
}

/**
 * A 200 that broke off, as the part of it that came (RFC 9111 §3.3); null: none came, or it has no strong ETag or no
 * length, by which the rest could be known.
 */
export function partOf(answer: StoredAnswer, received: number): StoredAnswer | null {
	const { status, flags, length: total, etag } = answer;
	if (status !== 200 || received === 0 || received >= total || etag?.startsWith('"') !== true) return null;
	const part = { ...plainAnswer(answer), status: 206, flags: flags | AnswerFlag.partial };
	return answerOf({ ...part, vary: [NO_RANGE, ...answer.vary] }, { first: 0, last: received - 1, total });
}

const NO_RANGE = { name: 'range', value: '' };

/**
 * Two parts of the same version as one (RFC 9111 §3.4, RFC 9110 §15.3.7.3): their strong ETag, their length and what
 * they differ by are the same, and nothing lies between them. Its fields are those of the newer, and what only the older
 * has. null: they are not, or both may lack fields, or the newer one adds too little, or the two have more than
 * `bytesMost`.
 */
export function joinParts(newer: HeldPart, older: HeldPart, bytesMost: number): JoinedParts | null {
	if (!isSameVersion(newer.answer, older.answer) || (isBare(newer.answer) && isBare(older.answer))) return null;
	const [last, first] = [spanOf(newer), spanOf(older)];
	if (last === null || first === null || last.total !== first.total) return null;
	if (last.first > first.last + 1 || first.first > last.last + 1) return null;
	const { total } = last;
	const span = { first: Math.min(first.first, last.first), last: Math.max(first.last, last.last), total };
	const length = lengthOf(span);
	if (length === lengthOf(first) || length === lengthOf(last) || length > bytesMost) return null;
	if (!isAll(span) && lengthOf(last) * SHARE < length) return null;
	const all = [
		{ newer: false, from: 0, to: last.first - first.first },
		{ newer: true, from: 0, to: lengthOf(last) },
		{ newer: false, from: last.last + 1 - first.first, to: lengthOf(first) },
	];
	const answer = answerOf(combined(newer.answer, older.answer), span);
	return { answer, pieces: all.filter(({ from, to }) => from < to) };
}

/** The newer one with what it does not say, and the older does. */
function combined(newer: StoredAnswer, older: StoredAnswer): StoredAnswer {
	return {
		...plainAnswer(newer),
		flags: newer.flags & ~AnswerFlag.bare,
		head: Buffer.concat([newer.head, ...linesOnlyIn(older.head, newer.head)]),
		lastModifiedMs: newer.lastModifiedMs ?? older.lastModifiedMs,
		tags: newer.tags.length === 0 ? older.tags : newer.tags,
	};
}

function linesOnlyIn(older: Buffer, newer: Buffer): Buffer[] {
	const [said, old] = [namesOf(newer), storedFields(older)];
	const { table, count } = old.fields;
	const lines: Buffer[] = [];
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		if (said.has(nameAt(old.fields, old.bytes, row))) continue;
		lines.push(old.bytes.subarray(table[row] as number, lineEnd(old.bytes, table[row + 3] as number)));
	}
	return lines;
}

function namesOf(head: Buffer): ReadonlySet<string> {
	const { fields, bytes } = storedFields(head);
	const names = new Set<string>();
	for (let row = 0; row < fields.count * STRIDE; row += STRIDE) names.add(nameAt(fields, bytes, row));
	return names;
}

/** null: it is not known which bytes these are. */
function spanOf({ answer, received }: HeldPart): ContentRange | null {
	if (answer.status !== 206 || (answer.flags & AnswerFlag.partial) === 0) return null;
	const { fields, bytes } = storedFields(answer.head);
	// Several parts, whatever else it says.
	if (/^multipart\//i.test(fields.value(bytes, 'content-type') ?? '')) return null;
	const span = contentRangeOf(fields, bytes);
	return span === null || span.total < 0 || lengthOf(span) !== received ? null : span;
}

const lengthOf = ({ first, last }: ContentRange): number => last - first + 1;
const isAll = (span: ContentRange): boolean => lengthOf(span) === span.total;
const isBare = ({ flags }: StoredAnswer): boolean => (flags & AnswerFlag.bare) !== 0;

function isSameVersion(newer: StoredAnswer, older: StoredAnswer): boolean {
	if (newer.etag?.startsWith('"') !== true || newer.etag !== older.etag) return false;
	if (newer.responseMs < older.responseMs || newer.vary.length !== older.vary.length) return false;
	if (((newer.flags ^ older.flags) & AnswerFlag.shared) !== 0) return false;
	// The first is the range.
	return newer.vary.every(({ name, value }, i) => {
		const other = older.vary[i];
		return i === 0 || (name === other?.name && value === other.value);
	});
}

function answerOf(answer: StoredAnswer, span: ContentRange): StoredAnswer {
	const text = answer.head.toString('latin1');
	const fields = text.slice(text.indexOf('\r\n') + 2).replace(OF_THE_PART, '');
	const { first, last, total } = span;
	const [, ...vary] = answer.vary;
	if (isAll(span)) {
		const head = Buffer.from(`HTTP/1.1 200 OK\r\n${fields}`, 'latin1');
		return {
			...plainAnswer(answer),
			status: 200,
			flags: answer.flags & ~AnswerFlag.partial,
			head,
			vary,
			length: total,
		};
	}
	const head = Buffer.from(`HTTP/1.1 206 Partial Content\r\n${fields}${contentRangeLine(span, total)}`, 'latin1');
	const range = { name: 'range', value: `bytes=${first}-${last}` };
	return { ...plainAnswer(answer), head, vary: [range, ...vary], length: lengthOf(span) };
}
