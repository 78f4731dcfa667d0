/**
 * A stored answer as a value in Redis: a mark with the version of the format, a signature over all the rest and the name
 * that it lies under, and the parts. What is not as it should be, whoever wrote it, is no answer.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { HeadFault, STRIDE } from '../../wire/head.ts';
import { ResponseHead } from '../../wire/response-head.ts';
import { isStored } from '../rules/stored-head.ts';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import { ValueReader, ValueWriter } from './value-bytes.ts';

const MARK_BYTES = 4;
const SIGN_BYTES = 16;
const ROOM = MARK_BYTES + SIGN_BYTES;
/** An answer; and, of a key whose answers differ by request, the names of the fields that they differ by. */
const ANSWER: Buffer = Buffer.from('BCA1');
const NAMES: Buffer = Buffer.from('BCV1');

const HEAD_MOST = 1024 * 1024;
const TRAILERS_MOST = 64 * 1024;
const FIELDS_MOST = 1000;
const NAMES_MOST = 17;
const TAGS_MOST = 10_000;
const FLAGS = AnswerFlag.mustRevalidate | AnswerFlag.noCache | AnswerFlag.shared | AnswerFlag.invented;
/** More of the time since it came is no lifetime that anybody means, ms. */
const TIME_MOST = 1e13;
const CRLF = Buffer.from('\r\n');

/** What signs values: a key, and the name in Redis that the value is for. */
export interface Signing {
	readonly secret: Buffer;
	readonly name: string;
}

/** Its times are by the clock of Redis. */
export interface AnswerValue {
	readonly answer: StoredAnswer;
	readonly trailers: Buffer | null;
	readonly body: Buffer;
}

/** An answer as it lies in the memory of a node. */
export interface EncodedAnswer {
	readonly answer: StoredAnswer;
	/** In the place of its own: by the clock of Redis. */
	readonly requestMs: number;
	readonly responseMs: number;
	readonly trailers: Buffer | null;
	/** Bytes of the body. */
	readonly length: number;
	readonly pieces: Iterable<Uint8Array>;
}

export function encodeAnswer(encoded: EncodedAnswer, signing: Signing): Buffer {
	const { answer } = encoded;
	const writer = new ValueWriter();
	const numbers = [
		answer.status,
		answer.flags,
		encoded.requestMs,
		encoded.responseMs,
		answer.initialAgeMs,
		answer.freshMs,
		answer.staleWhileRevalidateMs,
		answer.staleIfErrorMs,
		answer.lastModifiedMs ?? Number.NaN,
	];
	for (const number of numbers) writer.number(number);
	writer.number(answer.vary.length);
	for (const { name, value } of answer.vary) {
		writer.text(name);
		writer.text(value);
	}
	writer.text(answer.etag);
	writer.number(answer.tags.length);
	for (const tag of answer.tags) writer.text(tag);
	writer.bytes(answer.head);
	writer.bytes(encoded.trailers);
	writer.pieces(encoded.length, encoded.pieces);
	return signed(writer, ANSWER, signing);
}

/** What the answers of a key differ by, as a list of names. */
export function encodeNames(names: string, signing: Signing): Buffer {
	const writer = new ValueWriter();
	writer.text(names);
	return signed(writer, NAMES, signing);
}

function signed(writer: ValueWriter, mark: Buffer, signing: Signing): Buffer {
	const value = writer.join(ROOM);
	mark.copy(value);
	signatureOf(value, signing).copy(value, MARK_BYTES, 0, SIGN_BYTES);
	return value;
}

function signatureOf(value: Buffer, { secret, name }: Signing): Buffer {
	return createHmac('sha256', secret)
		.update(`${name}\n`)
		.update(value.subarray(0, MARK_BYTES))
		.update(value.subarray(ROOM))
		.digest();
}

/** null: it is none that can be believed. */
export function decodeValue(value: Buffer, signing: Signing): { names: string } | AnswerValue | null {
	if (value.length < ROOM) return null;
	const mark = value.subarray(0, MARK_BYTES);
	const isNames = mark.equals(NAMES);
	if (!isNames && !mark.equals(ANSWER)) return null;
	const signature = signatureOf(value, signing).subarray(0, SIGN_BYTES);
	if (!timingSafeEqual(signature, value.subarray(MARK_BYTES, ROOM))) return null;
	const reader = new ValueReader(value, ROOM);
	if (!isNames) return answerFrom(reader);
	const names = reader.text();
	return names === null || !reader.whole ? null : { names };
}

function answerFrom(reader: ValueReader): AnswerValue | null {
	const [status, flags, requestMs, responseMs, initialAgeMs, freshMs, whileMs, errorMs, modifiedMs] = Array.from(
		{ length: 9 },
		() => reader.number(),
	) as [number, number, number, number, number, number, number, number, number];
	const vary = Array.from({ length: reader.count(NAMES_MOST) }, () => ({
		name: reader.text() ?? '',
		value: reader.text() ?? '',
	}));
	const etag = reader.text();
	const tags = Array.from({ length: reader.count(TAGS_MOST) }, () => reader.text() ?? '');
	const head = reader.bytes();
	const trailers = reader.bytes();
	const body = reader.bytes();
	if (!reader.whole || head === null || body === null || !Number.isInteger(flags) || (flags & ~FLAGS) !== 0)
		return null;
	const times = [requestMs, responseMs, initialAgeMs, freshMs, whileMs, errorMs];
	if (times.some((ms) => !(ms >= 0 && ms < TIME_MOST)) || requestMs > responseMs) return null;
	if (!isHead(head, status) || !isTag(etag) || !areLines(trailers)) return null;
	const answer: StoredAnswer = {
		status,
		flags,
		head,
		requestMs,
		responseMs,
		initialAgeMs,
		freshMs,
		staleWhileRevalidateMs: whileMs,
		staleIfErrorMs: errorMs,
		vary,
		etag,
		lastModifiedMs: Number.isNaN(modifiedMs) ? null : modifiedMs,
		tags,
		length: body.length,
	};
	return { answer, trailers, body };
}

/** A status line and fields as they are stored: none that frames, none of one hop. */
function isHead(head: Buffer, status: number): boolean {
	if (head.length > HEAD_MOST) return false;
	const bytes = Buffer.concat([head, CRLF]);
	const parsed = new ResponseHead(FIELDS_MOST);
	if (parsed.parse(bytes, 0, bytes.length) <= HeadFault.incomplete) return false;
	if (parsed.status !== status || parsed.end !== bytes.length || status < 200) return false;
	const { table, count } = parsed.fields;
	for (let row = 0; row < count * STRIDE; row += STRIDE) if (!isStored(table[row + 4] as number)) return false;
	return true;
}

/** It stands in a field of requests. */
const isTag = (etag: string | null): boolean => etag === null || /^[\x20-\x7e\x80-\xff]{0,8192}$/.test(etag);

function areLines(trailers: Buffer | null): boolean {
	if (trailers === null) return true;
	if (trailers.length > TRAILERS_MOST) return false;
	return /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*(?:\r\n)?$/.test(trailers.toString('latin1'));
}
