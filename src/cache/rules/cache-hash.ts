import { createHmac } from 'node:crypto';
import { KeyedHash } from '../../core/keyed-hash.ts';

/** Bytes of a secret's hash that are kept. */
export const SECRET_BYTES = 16;

/** Hashes that only who has the node's key can make: one is needed by each thread. */
export class CacheHash {
	/** For the places of keys in the store. */
	readonly keyed: KeyedHash;
	readonly #key: Buffer;

	/** `key`: 32 random bytes, the same in all threads that share a store; `secrets`: those that nodes have alike, if they share answers. */
	constructor(key: Buffer, secrets: Uint8Array = key) {
		if (key.length !== 32) throw new RangeError(`a cache's key has 32 bytes, not ${key.length}`);
		this.#key = Buffer.from(secrets);
		this.keyed = new KeyedHash([key.readInt32LE(0), key.readInt32LE(4)]);
	}

	/** Stands for a text of one byte a character that must not be readable where answers are kept. */
	secret(text: string): Buffer {
		return createHmac('sha256', this.#key).update(text, 'latin1').digest().subarray(0, SECRET_BYTES);
	}
}
