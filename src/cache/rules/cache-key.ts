import { hashText } from '../../core/hash.ts';
import { LOWER } from '../../wire/bytes.ts';
import { Field } from '../../wire/field-names.ts';
import { STRIDE } from '../../wire/head.ts';
import type { CacheKey } from '../answer-store.ts';
import type { CacheKeyPolicy } from '../cache-policy.ts';
import type { CacheHash } from './cache-hash.ts';
import { type CacheRequest, forwardedValue, reachesOrigin } from './cache-request.ts';
import { normalised } from './normalised.ts';
import { type QueryKey, queryKeyOf } from './query-key.ts';
import { nameAt } from './stored-head.ts';
import { unescaped } from './unescaped.ts';
import { trim } from './white-space.ts';

const HTTP = 104;
const HTTPS = 115;
const ANY_HOST = 42;
/** Stands behind host and target, neither of which can hold it. */
const SPACE = 32;
const COLON = 58;
/** Below this many bytes a plain loop is quicker than the call into the runtime. */
const SHORT = 40;
const ABSENT = 0xff_ff_ff_ff;
/** A longer value is hashed. */
const PLAIN_LENGTH = 256;
const SECRET: ReadonlySet<string> = new Set(['cookie', 'authorization']);

/** One object for many requests. */
class ReusedKey implements CacheKey {
	bytes: Buffer = Buffer.allocUnsafeSlow(1024);
	length = 0;
	high = 0;
	low = 0;
}

export interface KeyRules {
	readonly policy: CacheKeyPolicy;
	readonly hash: CacheHash;
	/** Tells apart routes that answer one URL differently (those that are chosen by a header); '' for none. */
	readonly space: string;
}

/**
 * Builds the keys of a route: scheme (`h` or `s`), host in lower case without its scheme's port, target; then, only where
 * the policy names more, a space, which rules these are, and each value behind its length. Of one route's keys no two
 * are alike unless all parts are.
 */
export class CacheKeyBuilder {
	readonly #policy: CacheKeyPolicy;
	readonly #hash: CacheHash;
	readonly #query: QueryKey | null;
	readonly #rules: number;
	readonly #key = new ReusedKey();
	/** The key is scheme, host and target alone: who invalidates a URL knows it. */
	readonly plain: boolean;
	/** Hash of scheme, host and target of the last key. */
	url = 0;
	/** The last key was scheme, host and target alone. */
	bare = true;

	constructor({ policy, hash, space }: KeyRules) {
		const { headers, cookies, credential } = policy;
		this.#policy = policy;
		this.#hash = hash;
		this.#query = policy.query === 'all' ? null : queryKeyOf(policy.query);
		this.plain = space === '' && headers.length === 0 && cookies.length === 0 && credential === null;
		this.#rules = hashText(JSON.stringify([space, headers, cookies, credential]));
	}

	/** The same object each time: whoever keeps it copies it. */
	build(request: CacheRequest): CacheKey {
		const { buffer, targetStart, targetEnd } = request;
		this.#begin(request, targetEnd - targetStart);
		if (this.#query === null) this.#copy(buffer, targetStart, targetEnd);
		else this.#text(this.#target(buffer.toString('latin1', targetStart, targetEnd), this.#query));
		return this.#finish(request);
	}

	/** The key of another target of the same host as far as all keys for it are alike: scheme, host and target. */
	buildUrl(target: string, request: CacheRequest): CacheKey {
		this.#begin(request, target.length);
		this.#text(this.#query === null ? target : this.#target(target, this.#query));
		return this.#hashed();
	}

	#target(target: string, queryKey: QueryKey): string {
		const at = target.indexOf('?');
		return at < 0 ? target : target.slice(0, at) + queryKey(target.slice(at));
	}

	#begin(request: CacheRequest, targetLength: number): void {
		const key = this.#key;
		key.length = 0;
		this.#ensure(request.hostEnd - request.hostStart + targetLength + 2);
		key.bytes[key.length++] = request.client.secure ? HTTPS : HTTP;
		if (this.#policy.anyHost) key.bytes[key.length++] = ANY_HOST;
		else this.#host(request);
	}

	#host({ buffer, client, hostStart, hostEnd }: CacheRequest): void {
		const { bytes } = this.#key;
		let end = hostEnd;
		const port = client.secure ? ':443' : ':80';
		if (end - hostStart > port.length && buffer[end - port.length] === COLON) {
			let same = 1;
			while (same < port.length && buffer[end - port.length + same] === port.charCodeAt(same)) same++;
			if (same === port.length) end -= port.length;
		}
		let at = this.#key.length;
		for (let from = hostStart; from < end; from++) bytes[at++] = LOWER[buffer[from] as number] as number;
		this.#key.length = at;
	}

	#finish(request: CacheRequest): CacheKey {
		this.#hashed();
		const claims = request.client.trusted ? claimsOf(request) : '';
		this.bare = this.plain && claims === '';
		if (this.bare) return this.#key;
		const { url } = this;
		this.#parts(request);
		if (claims !== '') this.#part(claims, false);
		this.#hashed();
		this.url = url;
		return this.#key;
	}

	#hashed(): CacheKey {
		const key = this.#key;
		const { keyed } = this.#hash;
		keyed.begin();
		keyed.bytes(0, key.bytes, 0, key.length);
		keyed.finish();
		key.high = keyed.a;
		key.low = keyed.b;
		this.url = keyed.a;
		return key;
	}

	#parts(request: CacheRequest): void {
		const key = this.#key;
		const { headers, cookies, credential } = this.#policy;
		this.#ensure(5);
		key.bytes[key.length++] = SPACE;
		key.length = key.bytes.writeInt32BE(this.#rules, key.length);
		for (const name of headers) {
			const value = forwardedValue(request, name);
			this.#part(value === null ? null : normalised(name, value), SECRET.has(name));
		}
		for (const name of cookies) this.#part(cookiesNamed(request, name), true);
		if (credential !== null) this.#part(forwardedValue(request, credential.header), true);
	}

	#part(value: string | null, secret: boolean): void {
		const key = this.#key;
		const hashed = value !== null && (secret || value.length > PLAIN_LENGTH) ? this.#hash.secret(value) : null;
		this.#ensure(4);
		// The length of what was hashed: a part's form depends on its rule and this alone.
		key.length = key.bytes.writeUInt32BE(value === null ? ABSENT : value.length, key.length);
		if (hashed !== null) this.#copy(hashed, 0, hashed.length);
		else if (value !== null) this.#text(value);
	}

	#copy(source: Buffer, start: number, end: number): void {
		const key = this.#key;
		this.#ensure(end - start);
		const { bytes } = key;
		let at = key.length;
		if (end - start <= SHORT) for (let from = start; from < end; from++) bytes[at++] = source[from] as number;
		else source.copy(bytes, at, start, end);
		key.length += end - start;
	}

	#text(value: string): void {
		const key = this.#key;
		this.#ensure(value.length);
		key.length += key.bytes.write(value, key.length, 'latin1');
	}

	#ensure(more: number): void {
		const key = this.#key;
		if (key.length + more <= key.bytes.length) return;
		const larger = Buffer.allocUnsafeSlow((key.length + more) * 2);
		key.bytes.copy(larger, 0, 0, key.length);
		key.bytes = larger;
	}
}

/** They say of the client what answers do not depend on. */
const OF_CLIENT: ReadonlySet<string> = new Set(['x-real-ip', 'x-forwarded-by', 'x-ballast-mirror']);

/** What a trusted proxy says of the URL: origins write it into links, so an answer is one for those who came by the same. */
function claimsOf(request: CacheRequest): string {
	const { fields } = request.head;
	let claims = '';
	for (let i = 0; i < fields.count; i++) {
		const field = fields.table[i * STRIDE + 4] as number;
		const claim = field === Field.claim || (field >= Field.xForwardedHost && field <= Field.xForwardedPort);
		if (!claim) continue;
		const name = nameAt(fields, request.buffer, i * STRIDE);
		if (!OF_CLIENT.has(name)) claims += `${name}:${fields.valueAt(request.buffer, i)}\n`;
	}
	return claims;
}

/** What some origin makes of a cookie's name: it reads escapes, and `a.b` and `A_b[x]` are `a_b` to it (PHP, ASP.NET). */
const readAs = (name: string): string => unescaped(name).toLowerCase().replace(/\[.*/s, '').replace(/[. ]/g, '_');

/** All values of the cookies of one name: an origin may take the first or the last. null: none. */
export function cookiesNamed(request: CacheRequest, name: string): string | null {
	const { fields } = request.head;
	let values: string | null = null;
	for (let i = 0; i < fields.count; i++) {
		const field = fields.table[i * STRIDE + 4] as number;
		if (field !== Field.cookie || !reachesOrigin(request, field)) continue;
		for (const pair of fields.valueAt(request.buffer, i).split(';')) {
			const equals = pair.indexOf('=');
			const own = trim(pair.slice(0, Math.max(0, equals)));
			if (own !== name && (own.length < name.length || readAs(own) !== readAs(name))) continue;
			const value = own === name ? trim(pair.slice(equals + 1)) : trim(pair);
			values = values === null ? value : `${values};${value}`;
		}
	}
	return values;
}
