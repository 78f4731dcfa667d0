import { randomBytes } from 'node:crypto';

/** The letters of base64url in their order as text. */
const ORDERED = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const TIME_LENGTH = 8;
/** Makes the first letter another than `-`, by which a word of a command line is taken for options. */
const FIRST = 64 ** (TIME_LENGTH - 1);
const RANDOM_LENGTH = 14;
const POOL = 4096;

const LETTERS = Buffer.from(ORDERED);

/** Letters by chance, of which each is used once. */
let pool = Buffer.alloc(0);
let used = 0;
let last = { ms: Number.NaN, time: '' };

/**
 * A name for a new job: 22 characters of base64url, the time first and 84 random bits behind it. Who knows one cannot
 * guess another; those made at one time stand together, so that a store with many need not look all over its index.
 */
export function newJobId(nowMs: number): string {
	const ms = Math.floor(nowMs);
	if (ms !== last.ms) last = { ms, time: timeText(ms) };
	if (used + RANDOM_LENGTH > pool.length) {
		pool = randomBytes(POOL);
		for (let at = 0; at < POOL; at++) pool[at] = LETTERS[(pool[at] as number) & 63] as number;
		used = 0;
	}
	used += RANDOM_LENGTH;
	return last.time + pool.toString('latin1', used - RANDOM_LENGTH, used);
}

function timeText(ms: number): string {
	let time = '';
	for (let left = FIRST + ms, at = 0; at < TIME_LENGTH; at++, left = Math.floor(left / 64)) {
		time = ORDERED.charAt(left % 64) + time;
	}
	return time;
}
