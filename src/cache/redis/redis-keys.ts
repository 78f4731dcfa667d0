import { createHash, createHmac } from 'node:crypto';
import type { CacheKey } from '../answer-store.ts';
import type { StoredAnswer } from '../stored-answer.ts';

/** Bytes of a digest that are kept: nobody finds two keys that meet. */
const DIGEST_BYTES = 24;
/** Of what is named by a secret that nobody set: it tells damage, and no more. */
const OPEN_SECRET = 'ballast cache, not a secret';

/**
 * What nodes that share a Redis must have alike: of a secret that they all know, or of the Redis password; else of
 * nothing, which keeps out damage, but not somebody who may write there.
 */
export interface SharedSecrets {
	/** Hashes what of a request may not be read where answers are kept: `CacheHash`. */
	readonly hash: Buffer;
	/** Signs values. */
	readonly sign: Buffer;
}

export function sharedSecrets(secret: string | null): SharedSecrets {
	const of = (what: string): Buffer =>
		createHmac('sha256', secret ?? OPEN_SECRET)
			.update(`ballast cache 1 ${what}`)
			.digest();
	return { hash: of('hash'), sign: of('sign') };
}

/** Names of what is kept in Redis. Braces: all of one answer lies at one node of a cluster. */
export class RedisKeys {
	readonly #prefix: string;

	constructor(keyPrefix: string) {
		this.#prefix = `${keyPrefix}cache:`;
	}

	/** Where the answer of a key is, or what its answers differ by. */
	answer({ bytes, length }: CacheKey): string {
		return `${this.#prefix}{${createHash('sha256').update(bytes.subarray(0, length)).digest().toString('base64url', 0, DIGEST_BYTES)}}`;
	}

	/** Where one of its variants is. `base`: of `answer`. */
	variant(base: string, vary: StoredAnswer['vary']): string {
		const hash = createHash('sha256');
		for (const { name, value } of vary) hash.update(`${name.length}:${name}${value.length}:${value}`);
		return `${base}${hash.digest().toString('base64url', 0, DIGEST_BYTES)}`;
	}

	/** The stream of purges. */
	get purges(): string {
		return `${this.#prefix}purges`;
	}
}
