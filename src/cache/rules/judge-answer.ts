import { Field } from '../../wire/field-names.ts';
import { type Fields, STRIDE } from '../../wire/head.ts';
import { BODY_MOST, type CachePolicy } from '../cache-policy.ts';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import type { CacheHash } from './cache-hash.ts';
import type { CacheRequest } from './cache-request.ts';
import { contentRangeOf } from './content-range.ts';
import { Delta, type Directives, parseCacheControl, parseTargeted } from './directives.ts';
import {
	type AnswerTimes,
	type Freshness,
	freshnessOf,
	initialAgeMs,
	isHeuristic,
	overridden,
	timesOf,
} from './freshness.ts';
import { interned } from './interned.ts';
import type { RequestControl } from './request-control.ts';
import { ownTarget } from './same-origin.ts';
import { linesNamed, type OriginAnswer, storedHead } from './stored-head.ts';
import { parseSurrogate } from './surrogate-control.ts';
import { tagsOf } from './tags.ts';
import { type Vary, varyOf } from './variant.ts';

/** Why an answer is not stored; `detail` of Cache-Status, and the label of its count. */
export const REFUSALS = [
	'method',
	'request-no-store',
	'unkeyed',
	'status',
	'must-understand',
	'no-store',
	'private',
	'authorization',
	'set-cookie',
	'vary',
	'no-lifetime',
	'too-large',
	'partial',
	'tags',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** An answer that came, what it answers, and by which rules. */
export interface Judging {
	readonly request: CacheRequest;
	readonly control: RequestControl;
	readonly answer: OriginAnswer;
	readonly policy: CachePolicy;
	readonly hash: CacheHash;
}

/** `own`: field lines that are not to be stored, and are for who asked; null: none. */
export type Judgement =
	| { readonly stored: StoredAnswer; readonly own: Buffer | null }
	| { readonly stored: null; readonly refusal: Refusal };

/** Statuses that are known well enough for `must-understand`. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
	200, 203, 204, 206, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 406, 409, 410, 414, 429, 500, 501, 502,
	503, 504,
]);

/** Whether an answer may be stored, and as what (RFC 9111 §3). Its body is another matter. */
export function judgeAnswer(judging: Judging): Judgement {
	const { answer, policy, control } = judging;
	const { head, bytes } = answer;
	const said = namedIn(head.fields);
	const { directives, targeted } = directivesOf(judging, said);
	const refusal = refusalOf(judging, directives);
	if (refusal !== null) return { stored: null, refusal };
	const times = timesOf(head.fields, bytes, answer.responseMs);
	const silence = { status: head.status, directives, times, responseMs: answer.responseMs };
	const override = overridden(policy, head.status);
	const freshness = override ?? freshnessOf(silence, policy, !targeted);
	if (freshness.by !== 'origin' && has(said, Field.setCookie)) return { stored: null, refusal: 'set-cookie' };
	// A lifetime that nobody wrote for this request is none of a POST's.
	if (judging.request.method === 'POST' && freshness.by !== 'origin') return { stored: null, refusal: 'method' };
	const vary = varyOfAnswer(judging, said);
	if (vary === null) return { stored: null, refusal: 'vary' };
	const tags = tagsOf(head.fields, bytes, policy.tagFields);
	if (tags === null) return { stored: null, refusal: 'tags' };
	const shared = mayBeShared(directives);
	if (control.authorization && !shared && !isKeyedByAuthorization(policy))
		return { stored: null, refusal: 'authorization' };
	const parts = { said, directives, times, freshness, vary, tags, shared, overridden: override !== null };
	const stored = assemble(judging, parts);
	if (!isOfUse(stored, directives, policy)) return { stored: null, refusal: 'no-lifetime' };
	return { stored, own: linesNamed(answer, directives.unstored) };
}

export function isKeyedByAuthorization({ key }: CachePolicy): boolean {
	return key.credential?.header === 'authorization' || key.headers.includes('authorization');
}

/** Which of the fields that a cache reads are there: a bit each. */
function namedIn({ table, count }: Fields): number {
	let said = 0;
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		const field = table[row + 4] as number;
		if (field >= Field.firstCache) said |= 1 << (field - Field.firstCache);
	}
	return said;
}

function has(said: number, field: number): boolean {
	return (said & (1 << (field - Field.firstCache))) !== 0;
}

function directivesOf({ answer, policy }: Judging, said: number): { directives: Directives; targeted: boolean } {
	const targeted =
		read(listOf(answer, said, Field.cdnCacheControl), parseTargeted) ??
		(policy.surrogate ? read(listOf(answer, said, Field.surrogateControl), parseSurrogate) : null);
	if (targeted !== null) return { directives: targeted, targeted: true };
	return { directives: parseCacheControl(listOf(answer, said, Field.cacheControl) ?? ''), targeted: false };
}

/** All lines of one of these fields as one list; null: none. */
function listOf({ head, bytes }: OriginAnswer, said: number, field: number): string | null {
	return has(said, field) ? linesOf(head.fields, bytes, field) : null;
}

const read = (text: string | null, parse: (text: string) => Directives | null): Directives | null =>
	text === null ? null : parse(text);

/** All lines of a known field as one list; null: none. */
function linesOf(fields: Fields, bytes: Buffer, field: number): string | null {
	let lines: string | null = null;
	for (let i = 0; i < fields.count; i++) {
		if (fields.table[i * STRIDE + 4] !== field) continue;
		const line = interned(bytes, fields.table[i * STRIDE + 2] as number, fields.table[i * STRIDE + 3] as number);
		lines = lines === null ? line : `${lines},${line}`;
	}
	return lines;
}

function refusalOf(judging: Judging, directives: Directives): Refusal | null {
	const { request, control, answer, policy } = judging;
	const { status } = answer.head;
	if (request.method !== 'GET' && !(request.method === 'POST' && isOfItsOwnTarget(judging))) return 'method';
	if (control.noStore && policy.obeyClients) return 'request-no-store';
	if (control.override || (control.body && request.method === 'GET')) return 'unkeyed';
	if (status < 200 || status === 304) return 'status';
	if (status >= 400 && headBytes(request) > HEAD_MOST) return 'unkeyed';
	const understood = UNDERSTOOD.has(status);
	if (directives.mustUnderstand && !understood) return 'must-understand';
	if (directives.noStore && !directives.mustUnderstand) return 'no-store';
	if (directives.private) return 'private';
	if (answer.contentLength > (policy.bodyMost ?? BODY_MOST)) return 'too-large';
	if (status === 206 && !isStorablePart(judging)) return 'partial';
	return null;
}

/** An error in answer to a longer head may come of that length, which no key holds (CPDoS: HTTP header oversize). */
const HEAD_MOST = 4096;

function headBytes({ head }: CacheRequest): number {
	const { table, count } = head.fields;
	return count === 0 ? 0 : (table[(count - 1) * STRIDE + 3] as number) - (table[0] as number);
}

/** A POST's answer stands for its target only if it says so (RFC 9110 §9.3.3). */
function isOfItsOwnTarget({ request, answer }: Judging): boolean {
	const { head, bytes } = answer;
	const location = head.status === 200 ? head.fields.value(bytes, 'content-location') : undefined;
	if (location === undefined) return false;
	return ownTarget(request, location) === request.buffer.toString('latin1', request.targetStart, request.targetEnd);
}

function isStorablePart({ request, control, answer }: Judging): boolean {
	return (
		request.method === 'GET' &&
		control.rangeAt >= 0 &&
		!control.ambiguous &&
		contentRangeOf(answer.head.fields, answer.bytes) !== null
	);
}

const SAME: Vary = [];

function varyOfAnswer({ request, control, answer, hash }: Judging, said: number): Vary | null {
	const { head } = answer;
	const list = listOf(answer, said, Field.vary);
	const vary = list === null ? SAME : varyOf(list, request, hash);
	if (vary === null || head.status !== 206) return vary;
	return [{ name: 'range', value: request.head.fields.valueAt(request.buffer, control.rangeAt) }, ...vary];
}

/** RFC 9111 §3.5. */
function mayBeShared(directives: Directives): boolean {
	return directives.public || directives.mustRevalidate || directives.sMaxage >= 0;
}

interface Parts {
	/** As `namedIn` says. */
	readonly said: number;
	readonly directives: Directives;
	readonly times: AnswerTimes;
	readonly freshness: Freshness;
	readonly vary: Vary;
	readonly tags: readonly string[];
	readonly shared: boolean;
	readonly overridden: boolean;
}

function assemble({ answer, policy, control }: Judging, parts: Parts): StoredAnswer {
	const { head, bytes, requestMs, responseMs } = answer;
	const { directives, times, freshness } = parts;
	const lastModifiedMs = Number.isNaN(times.lastModifiedMs) ? null : times.lastModifiedMs;
	return {
		status: head.status,
		flags: flagsOf(parts) | partFlags(head.status, control),
		head: storedHead(answer, unstoredOf(directives, policy)),
		requestMs,
		responseMs,
		initialAgeMs: initialAgeMs(times, requestMs, responseMs),
		freshMs: times.ageMs === Delta.invalid ? 0 : freshness.ms,
		staleWhileRevalidateMs: windowOf(policy.staleWhileRevalidateMs, directives.staleWhileRevalidate),
		staleIfErrorMs: windowOf(policy.staleIfErrorMs, directives.staleIfError),
		vary: parts.vary,
		etag: has(parts.said, Field.etag) ? etagOf(head.fields, bytes) : null,
		lastModifiedMs,
		tags: parts.tags,
		length: answer.contentLength,
	};
}

function partFlags(status: number, { ifRangeAt }: RequestControl): number {
	if (status !== 206) return 0;
	return ifRangeAt < 0 ? AnswerFlag.partial : AnswerFlag.partial | AnswerFlag.bare;
}

function flagsOf({ directives, freshness, shared, overridden }: Parts): number {
	let flags = 0;
	const binding = directives.mustRevalidate || directives.sMaxage !== Delta.none;
	if (binding && !overridden) flags |= AnswerFlag.mustRevalidate;
	if (directives.noCache && !overridden) flags |= AnswerFlag.noCache;
	if (shared) flags |= AnswerFlag.shared;
	if (freshness.by === 'policy') flags |= AnswerFlag.invented;
	return flags;
}

const NOTHING: ReadonlySet<string> = new Set();

function unstoredOf({ unstored }: Directives, { hideTags, tagFields }: CachePolicy): ReadonlySet<string> {
	if (unstored.length === 0 && !hideTags) return NOTHING;
	return new Set(hideTags ? [...unstored, ...tagFields] : unstored);
}

const windowOf = (policyMs: number | null, seconds: number): number => policyMs ?? Math.max(0, seconds) * 1000;

/** null: none, or several. */
function etagOf(fields: Fields, bytes: Buffer): string | null {
	let found = -1;
	for (let i = 0; i < fields.count; i++) {
		if (fields.table[i * STRIDE + 4] !== Field.etag) continue;
		if (found >= 0) return null;
		found = i;
	}
	return found < 0 ? null : fields.valueAt(bytes, found) || null;
}

/** Whether it can ever be given: fresh, stale, or once the origin confirmed it. */
function isOfUse(stored: StoredAnswer, directives: Directives, policy: CachePolicy): boolean {
	if (stored.freshMs > 0) return true;
	if ((stored.flags & (AnswerFlag.mustRevalidate | AnswerFlag.noCache)) === 0) {
		if (stored.staleWhileRevalidateMs > 0 || stored.staleIfErrorMs > 0) return true;
	}
	const validator = stored.etag !== null || stored.lastModifiedMs !== null;
	const explicit = directives.maxAge !== Delta.none || directives.sMaxage !== Delta.none || directives.public;
	return validator && policy.override === null && (explicit || isHeuristic(stored.status));
}
