import { type ByteRange, type RangeSpec, rangeSpecs, resolveRange, resolveRanges } from '../../wire/byte-ranges.ts';
import { STRIDE } from '../../wire/head.ts';
import { parseHttpDate } from '../../wire/http-date.ts';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import type { CacheRequest } from './cache-request.ts';
import { contentRangeOf } from './content-range.ts';
import type { RequestControl } from './request-control.ts';
import { storedFields } from './stored-head.ts';

/** What of a stored answer a request is given (RFC 9110 §14). */
export type RangeChoice =
	| { readonly kind: 'whole' }
	| {
			/** 206: one range, or several as multipart/byteranges. */
			readonly kind: 'ranges';
			readonly ranges: readonly ByteRange[];
			/** Bytes of the representation; -1: not known. */
			readonly total: number;
			/** Where in it the stored body begins. */
			readonly offset: number;
	  }
	/** 416. */
	| { readonly kind: 'unsatisfiable'; readonly total: number };

export interface RangeAsking {
	readonly request: CacheRequest;
	readonly control: RequestControl;
}

/** Ranges closer than this are sent as one: the head of a part is longer. */
const GAP_BYTES = 80;
/** A date is a strong validator once so much time has passed since (RFC 9110 §8.8.2.2). */
const STRONG_AFTER_MS = 1000;

const WHOLE: RangeChoice = { kind: 'whole' };

/** `length`: bytes of the whole stored body; -1: not known yet. */
export function rangeOf(answer: StoredAnswer, length: number, asking: RangeAsking): RangeChoice {
	const { control } = asking;
	if ((answer.flags & AnswerFlag.partial) !== 0) return heldRanges(answer, asking.request, control) ?? WHOLE;
	if (control.rangeAt < 0 || control.ambiguous || answer.status !== 200 || length < 0) return WHOLE;
	if (asking.request.method !== 'GET' || !ifRangeHolds(answer, asking)) return WHOLE;
	const specs = rangeSpecs(rangeText(asking));
	if (specs === null) return WHOLE;
	const ranges = resolveRanges(specs, length, GAP_BYTES);
	return ranges.length === 0
		? { kind: 'unsatisfiable', total: length }
		: { kind: 'ranges', ranges, total: length, offset: 0 };
}

/**
 * What of a stored 206 the request is given; null: it asks for bytes that are not there. The same `Range` as brought
 * it is given what that was given.
 */
export function heldRanges(answer: StoredAnswer, request: CacheRequest, control: RequestControl): RangeChoice | null {
	const { fields, bytes } = storedFields(answer.head);
	const held = contentRangeOf(fields, bytes);
	const asking = { request, control };
	if (held === null || control.rangeAt < 0 || control.ambiguous || request.method !== 'GET') return null;
	if (!ifRangeHolds(answer, asking)) return null;
	// A body that broke off, or is shorter than its head says, has nothing behind its end.
	const last = answer.length >= 0 ? Math.min(held.last, held.first + answer.length - 1) : held.last;
	const given = (range: ByteRange): RangeChoice => ({
		kind: 'ranges',
		ranges: [range],
		total: held.total,
		offset: held.first,
	});
	const asked = rangeText(asking);
	if (asked === answer.vary[0]?.value) return given({ first: held.first, last });
	const specs = rangeSpecs(asked);
	if (specs === null || specs.length !== 1) return null;
	const spec = specs[0] as RangeSpec;
	if (spec.first === null && held.total < 0) return null;
	const range = resolveRange(spec, held.total < 0 ? Number.MAX_SAFE_INTEGER : held.total);
	if (range === null || range.first < held.first || range.first > last) return null;
	// To the end, or beyond what is there: a part of what was asked for is an answer too (RFC 9110 §15.3.7), if it is all there is.
	if (range.last > last && !(spec.last === null && spec.first !== null)) return null;
	return given({ first: range.first, last: Math.min(range.last, last) });
}

function rangeText({ request, control }: RangeAsking): string {
	return request.head.fields.valueAt(request.buffer, control.rangeAt);
}

/** Strong comparison (RFC 9110 §13.1.5): a weak tag, or a date that could be of two versions, is as good as none. */
function ifRangeHolds(answer: StoredAnswer, { request, control }: RangeAsking): boolean {
	if (control.ifRangeAt < 0) return true;
	const { fields } = request.head;
	const row = control.ifRangeAt * STRIDE;
	const value = fields.valueAt(request.buffer, control.ifRangeAt);
	if (value.startsWith('"')) return value === answer.etag;
	const { lastModifiedMs } = answer;
	if (lastModifiedMs === null || answer.responseMs - lastModifiedMs < STRONG_AFTER_MS) return false;
	const at = [fields.table[row + 2] as number, fields.table[row + 3] as number] as const;
	return parseHttpDate(request.buffer, at, answer.responseMs) === lastModifiedMs;
}
