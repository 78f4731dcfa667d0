import type { CacheKey } from './answer-store.ts';

/** A copy of a key, which is built anew for the next request. Used again for the next. */
export class KeptKey implements CacheKey {
	bytes: Buffer = Buffer.allocUnsafeSlow(256);
	length = 0;
	high = 0;
	low = 0;

	copy({ bytes, length, high, low }: CacheKey): void {
		if (length > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(length + 256);
		bytes.copy(this.bytes, 0, 0, length);
		this.length = length;
		this.high = high;
		this.low = low;
	}
}
