import { randomBytes } from 'node:crypto';

/** The letters of base64url in their order as text. */
const ORDERED = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const TIME_LENGTH = 8;
const RANDOM_LENGTH = 14;
const POOL = 4096;

let pool = Buffer.alloc(0);
let used = 0;

/**
 * A name for a new job: 22 characters of base64url, the time first and 84 random bits behind it. Who knows one cannot
 * guess another; those made at one time stand together, so that a store with many need not look all over its index.
 */
export function newJobId(nowMs: number): string {
	let time = '';
	for (let left = Math.floor(nowMs), at = 0; at < TIME_LENGTH; at++, left = Math.floor(left / 64)) {
		time = ORDERED.charAt(left % 64) + time;
	}
	if (used + RANDOM_LENGTH > pool.length) {
		pool = randomBytes(POOL);
		used = 0;
	}
	let random = '';
	for (let at = 0; at < RANDOM_LENGTH; at++) random += ORDERED.charAt((pool[used++] as number) & 63);
	return time + random;
}
