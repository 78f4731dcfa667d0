import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KEY_ID_BYTES, type StoreKey } from './store-keys.ts';

/** What was sealed begins so: the first byte is one that nothing else that is stored begins with. */
const MARK = Buffer.from([0xb5, 0x5e, 0xa1, 1]);
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = MARK.length + KEY_ID_BYTES + IV_BYTES + TAG_BYTES;
const CIPHER = 'aes-256-gcm';

export const isSealed = (stored: Uint8Array): boolean =>
	stored[0] === MARK[0] && stored.length >= HEAD_BYTES && MARK.every((byte, at) => stored[at] === byte);

/** AES-256-GCM (NIST SP 800-38D): mark, id of the key, nonce, tag, ciphertext. `about`: what it is of, which goes into the tag: it opens in no other place. */
export function seal(key: StoreKey, plain: Uint8Array, about: string): Uint8Array {
	const iv = randomBytes(IV_BYTES);
	const cipher = createCipheriv(CIPHER, key.bytes, iv);
	cipher.setAAD(Buffer.from(about));
	const text = Buffer.concat([cipher.update(plain), cipher.final()]);
	return Buffer.concat([MARK, key.id, iv, cipher.getAuthTag(), text]);
}

/** What is not sealed as it is; null: none of the keys opens it, or it was changed. */
export function unseal(keys: readonly StoreKey[], stored: Uint8Array, about: string): Uint8Array | null {
	if (!isSealed(stored)) return stored;
	const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
	const key = keys.find(({ id }) => id.equals(bytes.subarray(MARK.length, MARK.length + KEY_ID_BYTES)));
	if (key === undefined) return null;
	const ivAt = MARK.length + KEY_ID_BYTES;
	try {
		const decipher = createDecipheriv(CIPHER, key.bytes, bytes.subarray(ivAt, ivAt + IV_BYTES));
		decipher.setAAD(Buffer.from(about));
		decipher.setAuthTag(bytes.subarray(ivAt + IV_BYTES, HEAD_BYTES));
		// Of its own: a piece of the pool would be copied whole to other threads.
		return new Uint8Array(Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()]));
	} catch {
		return null;
	}
}

/** The id of the key that sealed it, where that is none of these; null: it is, or it is not sealed. */
export function missingKey(keys: readonly StoreKey[], stored: Uint8Array): string | null {
	if (!isSealed(stored)) return null;
	const id = Buffer.from(stored.subarray(MARK.length, MARK.length + KEY_ID_BYTES));
	return keys.some((key) => key.id.equals(id)) ? null : id.toString('hex');
}

/** Whether the first of the keys sealed it; without keys: whether it is not sealed. */
export function isSealedNow(keys: readonly StoreKey[], stored: Uint8Array): boolean {
	const [first] = keys;
	if (first === undefined || !isSealed(stored)) return first === undefined && !isSealed(stored);
	return first.id.equals(Buffer.from(stored).subarray(MARK.length, MARK.length + KEY_ID_BYTES));
}

/** What the body of a job is sealed as where it lies with it, and that of its result. */
export const bodyOf = (id: string): string => `body ${id}`;
export const resultOf = (id: string): string => `result body ${id}`;
