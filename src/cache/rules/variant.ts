import { Field, fieldOf } from '../../wire/field-names.ts';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import type { CacheHash } from './cache-hash.ts';
import { type CacheRequest, forwardedValue } from './cache-request.ts';
import { normalised } from './normalised.ts';
import { heldRanges } from './ranges.ts';
import type { RequestControl } from './request-control.ts';
import { storedValue } from './stored-head.ts';
import { trim } from './white-space.ts';

export type Vary = StoredAnswer['vary'];

/** More names make no useful cache, and cost each request that meets the answer. */
const NAMES_MOST = 16;
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const PLAIN_LENGTH = 128;
const SECRET: ReadonlySet<string> = new Set(['cookie', 'authorization']);
/** What an origin sees of these is our own, and other for each client or request. */
const WRITTEN_ANEW: ReadonlySet<number> = new Set([
	Field.forwarded,
	Field.xForwardedFor,
	Field.traceparent,
	Field.tracestate,
	Field.maxForwards,
]);

/** A request that asks for a stored answer. */
export interface Selecting {
	readonly request: CacheRequest;
	readonly control: RequestControl;
	readonly hash: CacheHash;
	/** The key holds the request's `Authorization`. */
	readonly keyedByAuthorization: boolean;
}

/**
 * What tells the answers of one key apart: the fields named by `Vary` as this request has them. null: no request can
 * be known to select the answer, for a `*`, for what is no name, for too many, or for fields that are written anew for
 * each request.
 */
export function varyOf(list: string, request: CacheRequest, hash: CacheHash): Vary | null {
	let names = remembered.get(list);
	if (names === undefined) {
		names = namesOf(list);
		if (remembered.size >= REMEMBERED_MOST) remembered.clear();
		if (list.length <= REMEMBERED_LENGTH) remembered.set(list, names);
	}
	return names === null ? null : names.map((name) => ({ name, value: selectingValue(request, name, hash) }));
}

/** An origin names few different fields. */
const REMEMBERED_LENGTH = 256;
const REMEMBERED_MOST = 256;
const remembered = new Map<string, readonly string[] | null>();

function namesOf(list: string): readonly string[] | null {
	const names = new Set<string>();
	for (const part of list.split(',')) {
		const name = trim(part).toLowerCase();
		if (name === '') continue;
		if (!NAME.test(name) || name === '*' || names.size >= NAMES_MOST || isWrittenAnew(name)) return null;
		names.add(name);
	}
	return [...names];
}

/** Whether an origin sees our own value of a field (lower-case name), or none. */
export function isWrittenAnew(name: string): boolean {
	const field = fieldOf(Buffer.from(name, 'latin1'), 0, name.length);
	return WRITTEN_ANEW.has(field) || (field !== Field.other && field <= Field.lastHop);
}

/** As it is kept and compared: normalised, and hashed where it is long or somebody's secret. */
function selectingValue(request: CacheRequest, name: string, hash: CacheHash): string {
	const value = forwardedValue(request, name);
	if (value === null) return '';
	const plain = normalised(name, value);
	return plain.length > PLAIN_LENGTH || SECRET.has(name) ? `#${hash.secret(plain).toString('base64url')}` : plain;
}

/** Whether the request may be given this answer of its key, as far as who asks and how goes. */
export function suitsVariant(answer: StoredAnswer, selecting: Selecting): boolean {
	const { flags, vary } = answer;
	const { control } = selecting;
	if (control.authorization && (flags & AnswerFlag.shared) === 0 && !selecting.keyedByAuthorization) return false;
	if ((flags & AnswerFlag.partial) !== 0 && !suitsPart(answer, selecting)) return false;
	for (let i = (flags & AnswerFlag.partial) === 0 ? 0 : 1; i < vary.length; i++) {
		const { name, value } = vary[i] as Vary[number];
		if (selectingValue(selecting.request, name, selecting.hash) === value) continue;
		if (name !== 'accept-language' || !speaks(answer, selecting.request)) return false;
	}
	return true;
}

function suitsPart(answer: StoredAnswer, { request, control }: Selecting): boolean {
	if ((answer.flags & AnswerFlag.bare) !== 0 && control.ifRangeAt < 0) return false;
	return control.rangeAt >= 0 && heldRanges(answer, request, control) !== null;
}

/** The answer is in the one language that the request prefers to all others. */
function speaks(answer: StoredAnswer, request: CacheRequest): boolean {
	const language = storedValue(answer.head, 'content-language')?.toLowerCase();
	const asked = forwardedValue(request, 'accept-language');
	if (language === undefined || asked === null) return false;
	let [best, most, second] = ['', 0, 0];
	for (const member of normalised('accept-language', asked).split(',')) {
		const [range = '', weight] = member.split(';q=');
		const q = weight === undefined ? 1 : Number(weight);
		if (q > most) [best, most, second] = [range, q, most];
		else if (q > second) second = q;
	}
	return best === language && most > second;
}
