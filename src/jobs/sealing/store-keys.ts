import { createHash } from 'node:crypto';

/** Bytes of a key: AES-256. */
const KEY_BYTES = 32;
/** Bytes by which what was sealed names its key. */
export const KEY_ID_BYTES = 8;

/** A key that encrypts what is stored. */
export interface StoreKey {
	/** Tells it apart from others, and nothing of it. */
	id: Buffer;
	bytes: Buffer;
}

/** Whether it is base64 of 32 bytes. */
export function isStoreKey(text: string): boolean {
	const bytes = Buffer.from(text, 'base64');
	return /^[A-Za-z0-9+/]{43}=?$/.test(text) && bytes.length === KEY_BYTES;
}

/** `texts`: of which each `isStoreKey`. */
export const storeKeys = (texts: readonly string[]): StoreKey[] =>
	texts.map((text) => {
		const bytes = Buffer.from(text, 'base64');
		const id = createHash('sha256').update('ballast store key').update(bytes).digest().subarray(0, KEY_ID_BYTES);
		return { id, bytes };
	});
