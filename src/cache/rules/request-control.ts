import { equalsLower } from '../../wire/bytes.ts';
import { Field, fieldOf } from '../../wire/field-names.ts';
import { type Fields, STRIDE, text } from '../../wire/head.ts';
import { DELTA_MOST, deltaOf } from './directives.ts';
import { interned } from './interned.ts';

const NO_CACHE = Buffer.from('no-cache');
const ZERO = 48;

/** What a request says of its own answer (RFC 9111 §5.2.1, §5.4). One object is used for many requests. */
export class RequestControl {
	noStore = false;
	/** `no-cache`; `Pragma: no-cache` where there is no `Cache-Control`. */
	noCache = false;
	onlyIfCached = false;
	/** ms; -1: not said. What cannot be read is the strictest. */
	maxAgeMs = -1;
	minFreshMs = -1;
	/** ms; -1: not said, Infinity: however stale. What cannot be read is not said. */
	maxStaleMs = -1;
	authorization = false;
	/** Where these stand among the fields, -1: nowhere. */
	ifNoneMatchAt = -1;
	ifModifiedSinceAt = -1;
	ifRangeAt = -1;
	rangeAt = -1;
	/** Conditions that only the origin can judge: `If-Match`, `If-Unmodified-Since`. */
	originConditions = false;
	/** It has a body: what is answered may depend on it, and no key holds it. */
	body = false;
	/** It has a field that tells some frameworks to answer another request than the key names. */
	override = false;
	/** There are several `Range`s or `If-Range`s. */
	ambiguous = false;

	read(fields: Fields, buffer: Uint8Array): void {
		this.#clear();
		const { table, count } = fields;
		let control = false;
		let pragma = -1;
		for (let i = 0; i < count; i++) {
			const row = i * STRIDE;
			const field = table[row + 4] as number;
			if (field === Field.other) continue;
			if (field === Field.contentLength || field === Field.transferEncoding) this.#takeFraming(table, row, buffer);
			else if (field === Field.underscore) this.override ||= overrides(table, row, buffer);
			else if (field >= Field.firstCache) {
				if (field === Field.cacheControl) {
					control = true;
					this.#takeDirectives(interned(buffer as Buffer, table[row + 2] as number, table[row + 3] as number));
				} else if (field === Field.pragma) pragma = row;
				else this.#take(field, i);
			}
		}
		if (!control && pragma >= 0 && isNoCache(table, pragma, buffer)) this.noCache = true;
	}

	/** Says what another one says. */
	copy(from: RequestControl): void {
		this.noStore = from.noStore;
		this.noCache = from.noCache;
		this.onlyIfCached = from.onlyIfCached;
		this.maxAgeMs = from.maxAgeMs;
		this.minFreshMs = from.minFreshMs;
		this.maxStaleMs = from.maxStaleMs;
		this.authorization = from.authorization;
		this.ifNoneMatchAt = from.ifNoneMatchAt;
		this.ifModifiedSinceAt = from.ifModifiedSinceAt;
		this.ifRangeAt = from.ifRangeAt;
		this.rangeAt = from.rangeAt;
		this.originConditions = from.originConditions;
		this.body = from.body;
		this.override = from.override;
		this.ambiguous = from.ambiguous;
	}

	/** It wants an answer only if something holds. */
	get conditional(): boolean {
		return this.ifNoneMatchAt >= 0 || this.ifModifiedSinceAt >= 0 || this.originConditions;
	}

	/** Its answer may depend on what no key holds: neither looked up nor stored. */
	get unkeyed(): boolean {
		return this.body || this.override;
	}

	#clear(): void {
		this.noStore = false;
		this.noCache = false;
		this.onlyIfCached = false;
		this.maxAgeMs = -1;
		this.minFreshMs = -1;
		this.maxStaleMs = -1;
		this.authorization = false;
		this.ifNoneMatchAt = -1;
		this.ifModifiedSinceAt = -1;
		this.ifRangeAt = -1;
		this.rangeAt = -1;
		this.originConditions = false;
		this.body = false;
		this.override = false;
		this.ambiguous = false;
	}

	#take(field: number, i: number): void {
		switch (field) {
			case Field.authorization:
				this.authorization = true;
				break;
			case Field.ifNoneMatch:
				if (this.ifNoneMatchAt < 0) this.ifNoneMatchAt = i;
				break;
			case Field.ifModifiedSince:
				this.ifModifiedSinceAt = i;
				break;
			case Field.ifRange:
				if (this.ifRangeAt >= 0) this.ambiguous = true;
				this.ifRangeAt = i;
				break;
			case Field.range:
				if (this.rangeAt >= 0) this.ambiguous = true;
				this.rangeAt = i;
				break;
			case Field.ifMatch:
			case Field.ifUnmodifiedSince:
				this.originConditions = true;
				break;
			case Field.override:
				this.override = true;
				break;
			default:
		}
	}

	#takeFraming(table: Int32Array, row: number, buffer: Uint8Array): void {
		const start = table[row + 2] as number;
		const empty = table[row + 4] === Field.contentLength && (table[row + 3] as number) === start + 1;
		if (!(empty && buffer[start] === ZERO)) this.body = true;
	}

	/** Several lines are as one. */
	#takeDirectives(value: string): void {
		const said = wishesOf(value);
		this.noStore ||= said.noStore;
		this.noCache ||= said.noCache;
		this.onlyIfCached ||= said.onlyIfCached;
		this.maxAgeMs = stricter(this.maxAgeMs, said.maxAgeMs);
		this.minFreshMs = Math.max(this.minFreshMs, said.minFreshMs);
		this.maxStaleMs = stricter(this.maxStaleMs, said.maxStaleMs);
	}
}

/** What one line of `Cache-Control` says; as `RequestControl`. */
interface Wishes {
	noStore: boolean;
	noCache: boolean;
	onlyIfCached: boolean;
	maxAgeMs: number;
	minFreshMs: number;
	maxStaleMs: number;
}

/** Browsers send few different lines. */
const REMEMBERED_LENGTH = 64;
const REMEMBERED_MOST = 256;
const remembered = new Map<string, Wishes>();

function wishesOf(value: string): Wishes {
	const found = remembered.get(value);
	if (found !== undefined) return found;
	const wishes = { noStore: false, noCache: false, onlyIfCached: false, maxAgeMs: -1, minFreshMs: -1, maxStaleMs: -1 };
	for (const part of value.split(',')) wish(wishes, part.trim().toLowerCase());
	if (value.length <= REMEMBERED_LENGTH) {
		if (remembered.size >= REMEMBERED_MOST) remembered.clear();
		remembered.set(value, wishes);
	}
	return wishes;
}

function wish(wishes: Wishes, directive: string): void {
	const [name = '', argument = null] = directive.split('=', 2);
	switch (name) {
		case 'no-store':
			wishes.noStore = true;
			break;
		case 'no-cache':
			wishes.noCache = true;
			break;
		case 'only-if-cached':
			wishes.onlyIfCached = true;
			break;
		case 'max-age':
			wishes.maxAgeMs = stricter(wishes.maxAgeMs, msOf(argument, 0));
			break;
		case 'min-fresh':
			wishes.minFreshMs = Math.max(wishes.minFreshMs, msOf(argument, DELTA_MOST * 1000));
			break;
		case 'max-stale':
			wishes.maxStaleMs = stricter(
				wishes.maxStaleMs,
				argument === null ? Number.POSITIVE_INFINITY : msOf(argument, -1),
			);
			break;
		default:
	}
}

/** The lower of two that were said; -1: not said. */
function stricter(one: number, other: number): number {
	if (one < 0) return other;
	return other < 0 ? one : Math.min(one, other);
}

function msOf(argument: string | null, otherwise: number): number {
	const seconds = argument === null ? -1 : deltaOf(argument.replace(/^"(.*)"$/, '$1'));
	return seconds < 0 ? otherwise : seconds * 1000;
}

/** Many programs take `_` for `-`. */
function overrides(table: Int32Array, row: number, buffer: Uint8Array): boolean {
	const name = Buffer.from(text(buffer, table[row] as number, table[row + 1] as number).replaceAll('_', '-'), 'latin1');
	return fieldOf(name, 0, name.length) === Field.override;
}

function isNoCache(table: Int32Array, row: number, buffer: Uint8Array): boolean {
	const start = table[row + 2] as number;
	const end = table[row + 3] as number;
	if (end - start === NO_CACHE.length) return equalsLower(buffer, start, NO_CACHE);
	return /(?:^|,)[ \t]*no-cache[ \t]*(?:,|$)/i.test(text(buffer, start, end));
}
