import { createHmac, timingSafeEqual } from 'node:crypto';

/** Characters of an owner that are kept: 132 bits. */
const KEPT = 22;

/** Hashes of credentials as they are stored: by a key (HMAC-SHA-256), so that a copy of the store does not let anyone try credentials out. */
export class OwnerHash {
	readonly #secret: () => Promise<Uint8Array>;
	#known: Uint8Array | null = null;
	#asked: Promise<void> | null = null;

	/** `secret`: of the store; asked again where it cannot be had. */
	constructor(secret: () => Promise<Uint8Array>) {
		this.#secret = secret;
	}

	/** null: what is asked as `…Now` can be told. @throws what `secret` throws */
	ready(): Promise<void> | null {
		if (this.#known !== null) return null;
		this.#asked ??= this.#ask();
		return this.#asked;
	}

	async #ask(): Promise<void> {
		try {
			this.#known = await this.#secret();
		} finally {
			this.#asked = null;
		}
	}

	/** '' stays: nobody in particular. @throws what `secret` throws */
	async owner(hash: string): Promise<string> {
		if (hash !== '') await this.ready();
		return this.ownerNow(hash);
	}

	ownerNow(hash: string): string {
		return hash === '' ? '' : this.#hash('owner', hash).slice(0, KEPT);
	}

	/** Of an idempotency key, in which its owner is, and of what came with it. */
	recordNow(key: string): string {
		return this.#hash('record', key);
	}

	/** Whether the job is one of these owners', or of nobody in particular. Takes as long for those who are not. */
	async isOwned(owner: string, by: readonly string[]): Promise<boolean> {
		const wanted = Buffer.from(owner.padEnd(KEPT, '-'));
		let found = owner === '';
		for (const one of by) {
			const given = Buffer.from((await this.owner(one)).padEnd(KEPT, '-'));
			if (given.length === wanted.length && timingSafeEqual(given, wanted)) found = true;
		}
		return found;
	}

	#hash(of: string, text: string): string {
		if (this.#known === null) throw new Error('the secret of the store is not known yet');
		return createHmac('sha256', this.#known).update(`${of} ${text}`).digest('base64url');
	}
}
