/**
 * A hash with a secret key (HalfSipHash-1-3, 64 bits of result) for tables that strangers fill: who
 * does not know the key cannot aim at a place in the table, nor make two inputs meet there. (Of
 * MurmurHash, which `hash.ts` is, inputs are known that meet whatever the seed.) All in 32-bit
 * steps, so that nothing is allocated.
 *
 * Source: J.-P. Aumasson, D. J. Bernstein: SipHash; its reference implementation.
 */
export class KeyedHash {
	/** The results of the last `finish`: two halves that do not depend on one another. */
	a = 0;
	b = 0;
	readonly #k0: number;
	readonly #k1: number;
	#v0 = 0;
	#v1 = 0;
	#v2 = 0;
	#v3 = 0;

	/** `key`: 64 random bits, as two whole numbers of 32. */
	constructor(key: readonly [number, number]) {
		this.#k0 = key[0] | 0;
		this.#k1 = key[1] | 0;
	}

	begin(): void {
		this.#v0 = this.#k0;
		this.#v1 = this.#k1 ^ 0xee;
		this.#v2 = this.#k0 ^ 0x6c796765;
		this.#v3 = this.#k1 ^ 0x74656462;
	}

	/** Takes in 32 bits. */
	word(word: number): void {
		this.#v3 ^= word;
		this.#round();
		this.#v0 ^= word;
	}

	/** Takes in the bytes in [start, end), behind a word that says what they are and how many, so that no two lists of parts look alike. */
	bytes(kind: number, buffer: Uint8Array, start: number, end: number): void {
		this.word((kind << 28) ^ (end - start));
		const at = this.#words(buffer, start, end);
		if (at >= end) return;
		let word = buffer[at] as number;
		if (at + 1 < end) word |= (buffer[at + 1] as number) << 8;
		if (at + 2 < end) word |= (buffer[at + 2] as number) << 16;
		this.word(word);
	}

	/** `word` for each four bytes that are whole, with all that changes at hand; where it stopped. */
	#words(buffer: Uint8Array, start: number, end: number): number {
		let v0 = this.#v0;
		let v1 = this.#v1;
		let v2 = this.#v2;
		let v3 = this.#v3;
		let at = start;
		for (const whole = end - 3; at < whole; at += 4) {
			const word =
				(buffer[at] as number) |
				((buffer[at + 1] as number) << 8) |
				((buffer[at + 2] as number) << 16) |
				((buffer[at + 3] as number) << 24);
			v3 ^= word;
			v0 = (v0 + v1) | 0;
			v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
			v0 = (v0 << 16) | (v0 >>> 16);
			v2 = (v2 + v3) | 0;
			v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
			v0 = (v0 + v3) | 0;
			v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
			v2 = (v2 + v1) | 0;
			v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
			v2 = (v2 << 16) | (v2 >>> 16);
			v0 ^= word;
		}
		this.#v0 = v0;
		this.#v1 = v1;
		this.#v2 = v2;
		this.#v3 = v3;
		return at;
	}

	/** Leaves the result in `a` and `b`. */
	finish(): void {
		this.#v2 ^= 0xee;
		this.#round();
		this.#round();
		this.#round();
		this.a = this.#v1 ^ this.#v3;
		this.#v1 ^= 0xdd;
		this.#round();
		this.#round();
		this.#round();
		this.b = this.#v1 ^ this.#v3;
	}

	#round(): void {
		let v0 = (this.#v0 + this.#v1) | 0;
		let v1 = ((this.#v1 << 5) | (this.#v1 >>> 27)) ^ v0;
		v0 = (v0 << 16) | (v0 >>> 16);
		let v2 = (this.#v2 + this.#v3) | 0;
		let v3 = ((this.#v3 << 8) | (this.#v3 >>> 24)) ^ v2;
		v0 = (v0 + v3) | 0;
		v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
		v2 = (v2 + v1) | 0;
		v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
		v2 = (v2 << 16) | (v2 >>> 16);
		this.#v0 = v0;
		this.#v1 = v1;
		this.#v2 = v2;
		this.#v3 = v3;
	}
}
