import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { KEY_ID_BYTES, type StoreKey } from './store-keys.ts';

/** What files that are sealed are called behind their names: whether one is, its content does not say. */
export const SEALED = '.sealed';

const MARK = Buffer.from([0xb5, 0x5e, 0xa1, 2]);
const SALT_BYTES = 32;
export const HEAD_BYTES: number = MARK.length + KEY_ID_BYTES + SALT_BYTES;
/** Of the plain text in each chunk but the last, which may have less. */
export const CHUNK_BYTES: number = 64 * 1024;
export const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const CIPHER = 'aes-256-gcm';

/**
 * A sealed file is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015, as Tink and age have it): a head,
 * which is mark, id of the key and salt, then chunks of AES-256-GCM, each behind it its tag. The key of a file is its
 * own (HKDF-SHA256 of the store's key, the salt and `about`), so that a nonce is only the number of its chunk and whether
 * that is the last: chunks that are changed, missing, in another order or cut off at the end do not open.
 */
export class FileSealer {
	/** What the file begins with. */
	readonly head: Buffer;
	readonly #key: Buffer;
	readonly #held: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
	#length = 0;
	#count = 0;

	/** `about`: what it is of; it opens as nothing else. */
	constructor(key: StoreKey, about: string) {
		const salt = randomBytes(SALT_BYTES);
		this.head = Buffer.concat([MARK, key.id, salt]);
		this.#key = fileKey(key, salt, about);
	}

	/** What of it can be written; the rest is held. */
	add(plain: Uint8Array): Buffer {
		const sealed: Uint8Array[] = [];
		for (let at = 0; at < plain.length; ) {
			// The last chunk is known by what does not follow.
			if (this.#length === CHUNK_BYTES) this.#chunk(sealed, false);
			const piece = plain.subarray(at, at + CHUNK_BYTES - this.#length);
			this.#held.set(piece, this.#length);
			this.#length += piece.length;
			at += piece.length;
		}
		return Buffer.concat(sealed);
	}

	/** That was all. */
	end(): Buffer {
		const sealed: Uint8Array[] = [];
		this.#chunk(sealed, true);
		return Buffer.concat(sealed);
	}

	#chunk(into: Uint8Array[], last: boolean): void {
		const cipher = createCipheriv(CIPHER, this.#key, nonceOf(this.#count++, last));
		into.push(cipher.update(this.#held.subarray(0, this.#length)), cipher.final(), cipher.getAuthTag());
		this.#length = 0;
	}
}

/** Of a file of so many bytes the plain text; null: a sealed file has no such length. */
export function plainBytes(fileBytes: number): number | null {
	const sealed = fileBytes - HEAD_BYTES;
	const chunks = Math.ceil(sealed / (CHUNK_BYTES + TAG_BYTES));
	const last = sealed - (chunks - 1) * (CHUNK_BYTES + TAG_BYTES);
	return chunks < 1 || last < TAG_BYTES ? null : sealed - chunks * TAG_BYTES;
}

/** Opens chunks of one file, in whatever order. */
export class FileOpener {
	/** Of the plain text. */
	readonly bytes: number;
	readonly #about: string;
	readonly #key: Buffer;
	readonly #last: number;

	private constructor(about: string, key: Buffer, bytes: number) {
		this.bytes = bytes;
		this.#about = about;
		this.#key = key;
		this.#last = Math.max(0, Math.ceil(bytes / CHUNK_BYTES) - 1);
	}

	/** @throws Error: no key of these, or it is no sealed file; for people */
	static of(keys: readonly StoreKey[], head: Uint8Array, of: { about: string; fileBytes: number }): FileOpener {
		const plain = plainBytes(of.fileBytes);
		if (plain === null || head.length < HEAD_BYTES || !MARK.every((byte, at) => head[at] === byte))
			throw new Error(`${of.about}: it is no sealed file, or was cut off`);
		const id = Buffer.from(head.subarray(MARK.length, MARK.length + KEY_ID_BYTES));
		const key = keys.find((one) => one.id.equals(id));
		if (key === undefined)
			throw new Error(`${of.about}: it is encrypted by the key ${id.toString('hex')}, which is not configured`);
		const salt = head.subarray(MARK.length + KEY_ID_BYTES, HEAD_BYTES);
		return new FileOpener(of.about, fileKey(key, salt, of.about), plain);
	}

	/** The plain text of the chunk of this number. @throws Error where it was changed; for people */
	open(number: number, sealed: Uint8Array): Buffer {
		const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(number, number === this.#last));
		if (sealed.length < TAG_BYTES) throw new Error(`${this.#about}: it was cut off`);
		decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
		const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
		try {
			decipher.final();
		} catch {
			throw new Error(`${this.#about}: it was changed, or cut off, where it is stored`);
		}
		return plain;
	}
}

const fileKey = (key: StoreKey, salt: Uint8Array, about: string): Buffer =>
	Buffer.from(hkdfSync('sha256', key.bytes, salt, `ballast sealed file: ${about}`, key.bytes.length));

function nonceOf(number: number, last: boolean): Buffer {
	const nonce = Buffer.alloc(NONCE_BYTES);
	nonce.writeUInt32BE(number, NONCE_BYTES - 5);
	nonce[NONCE_BYTES - 1] = last ? 1 : 0;
	return nonce;
}
