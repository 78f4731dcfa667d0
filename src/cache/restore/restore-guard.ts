import type { CacheKey, PurgeSelect } from '../answer-store.ts';
import { keysOf, keysUnder } from '../purges/purge-key.ts';
import type { CacheHash } from '../rules/cache-hash.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import type { UrlMarks } from '../url-marks.ts';

const SPACE = 32;

/** Names the key that a node hashes with, and tells nothing of it: 8 bytes. */
export function nodeOf(hash: CacheHash): Buffer {
	return Buffer.from(hash.secret('the node of a cache').subarray(0, 8));
}

/**
 * What comes back from before: hashed as this start does it, and only what nothing has made invalid since. A purge walks
 * over what is there; what is put in behind its back is held against it here.
 */
export class RestoreGuard {
	/** Something may have been purged that nobody told: the origin is asked before any of it is given. */
	doubts = false;
	readonly #hash: CacheHash;
	readonly #marks: UrlMarks;
	readonly #purges: { meant: (key: Buffer, answer: StoredAnswer) => boolean; softMs: number }[] = [];

	constructor(hash: CacheHash, marks: UrlMarks) {
		this.#hash = hash;
		this.#marks = marks;
	}

	/** Names the key that this start hashes with; 8 bytes. */
	get node(): Buffer {
		return nodeOf(this.#hash);
	}

	/** Somebody purges while this goes on: before the walk. */
	purged(select: PurgeSelect, soft: boolean): void {
		this.#purges.push({ meant: meantBy(select), softMs: soft ? Date.now() : 0 });
	}

	/** Since when it is stale, epoch ms; 0: it is not; null: it is not given any more. */
	judge(key: Buffer, answer: StoredAnswer): number | null {
		if (this.#marks.lastMs(this.#urlOf(key)) >= answer.requestMs) return null;
		let staleFromMs = 0;
		for (const { meant, softMs } of this.#purges) {
			if (!meant(key, answer)) continue;
			if (softMs === 0) return null;
			staleFromMs ||= softMs;
		}
		return staleFromMs;
	}

	/** All is there: from now on purges find it. */
	settle(): void {
		this.#purges.length = 0;
	}

	keyOf(bytes: Buffer): CacheKey {
		const [high, low] = this.#hashed(bytes, bytes.length);
		return { bytes, length: bytes.length, high, low };
	}

	/** As `CacheKeyBuilder.url`: behind scheme, host and target comes a space, where anything does. */
	#urlOf(key: Buffer): number {
		const space = key.indexOf(SPACE, 1);
		return this.#hashed(key, space < 0 ? key.length : space)[0];
	}

	#hashed(bytes: Buffer, length: number): [number, number] {
		const { keyed } = this.#hash;
		keyed.begin();
		keyed.bytes(0, bytes, 0, length);
		keyed.finish();
		return [keyed.a, keyed.b];
	}
}

function meantBy(select: PurgeSelect): (key: Buffer, answer: StoredAnswer) => boolean {
	if ('urls' in select) return keysOf(select.urls);
	if ('prefixes' in select) return keysUnder(select.prefixes);
	if (!('tags' in select)) return () => true;
	const purged = new Set(select.tags);
	return (_, { tags }) => tags.some((tag) => purged.has(tag));
}
