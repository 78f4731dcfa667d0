const EMPTY = Buffer.alloc(0);

/** Bytes of a connection that nobody has used yet: of the read under way, or kept in memory of their own. */
export class Input {
	buffer: Uint8Array = EMPTY;
	at = 0;
	end = 0;
	/** The memory is ours; otherwise it belongs to the read and is gone when that returns. */
	kept = false;

	get length(): number {
		return this.end - this.at;
	}

	/** Takes a read; what was left before it comes first. */
	take(buffer: Uint8Array, length: number): void {
		if (this.end > this.at) {
			this.#append(buffer, length);
			return;
		}
		this.buffer = buffer;
		this.at = 0;
		this.end = length;
		this.kept = false;
	}

	#append(buffer: Uint8Array, length: number): void {
		const joined = Buffer.allocUnsafeSlow(this.length + length);
		joined.set(this.buffer.subarray(this.at, this.end));
		joined.set(buffer.subarray(0, length), this.length);
		this.end = joined.length;
		this.buffer = joined;
		this.at = 0;
		this.kept = true;
	}

	/** Copies what is left out of the read that brought it. */
	keep(): void {
		if (this.kept) return;
		this.buffer = Buffer.from(this.buffer.subarray(this.at, this.end));
		this.end -= this.at;
		this.at = 0;
		this.kept = true;
	}

	/** Empty lines begin no request (RFC 9112 §2.2). */
	passEmptyLines(): void {
		while (this.end - this.at > 1 && this.buffer[this.at] === 13 && this.buffer[this.at + 1] === 10) this.at += 2;
	}

	clear(): void {
		this.buffer = EMPTY;
		this.at = 0;
		this.end = 0;
		this.kept = false;
	}
}
