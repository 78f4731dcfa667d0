/** Keys and answers for tests and benchmarks. */
import { hashText } from '../../../core/hash.ts';
import type { CacheKey } from '../../answer-store.ts';
import type { StoredAnswer } from '../../stored-answer.ts';

export function cacheKey(text: string): CacheKey {
	const bytes = Buffer.from(text);
	return { bytes, length: bytes.length, high: hashText(text, 7), low: hashText(text, 11) };
}

export function storedAnswer(changes: Partial<StoredAnswer> = {}): StoredAnswer {
	return {
		status: 200,
		flags: 0,
		head: Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'),
		requestMs: 1_700_000_000_000,
		responseMs: 1_700_000_000_100,
		initialAgeMs: 0,
		freshMs: 60_000,
		staleWhileRevalidateMs: 0,
		staleIfErrorMs: 0,
		vary: [],
		etag: '"abc"',
		lastModifiedMs: null,
		tags: [],
		length: -1,
		...changes,
	};
}
