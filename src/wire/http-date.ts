import { LOWER } from './bytes.ts';

/** Three letters, lower case, as one number. */
const packed = (letters: string): number => {
	return (letters.charCodeAt(0) << 16) | (letters.charCodeAt(1) << 8) | letters.charCodeAt(2);
};
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map(packed);
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map(packed);
const LONG_DAYS = new Set(['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']);
/** Of an IMF-fixdate, of an asctime date, and of an RFC 850 date without its day's name, bytes. */
const IMF_LENGTH = 29;
const ASCTIME_LENGTH = 24;
const RFC850_LENGTH = 24;
const SPACE = 32;
const DASH = 45;
const COLON = 58;
/** A date with two digits of the year that seems further ahead than this is of the past (RFC 9110 §5.6.7). */
const AHEAD_MOST_YEARS = 50;

/**
 * The date in buffer[start, end), epoch ms; NaN: none of the three formats of RFC 9110 §5.6.7. Letter case does not
 * matter (RFC 9111 §4.2), everything else does: another zone than GMT is no date. `nowMs` tells the century of a year
 * with two digits.
 */
export function parseHttpDate(buffer: Uint8Array, [start, end]: readonly [number, number], nowMs: number): number {
	const length = end - start;
	if (length === IMF_LENGTH) return rememberedDate(buffer, start);
	if (length === ASCTIME_LENGTH) return asctimeDate(buffer, start);
	const name = length - RFC850_LENGTH;
	return name >= 6 && name <= 9 ? rfc850Date(buffer, start, { name, nowMs }) : Number.NaN;
}

/** `parseHttpDate` of a text of one byte a character. */
export function parseHttpDateText(text: string, nowMs: number): number {
	const bytes = Buffer.from(text, 'latin1');
	return parseHttpDate(bytes, [0, bytes.length], nowMs);
}

/** As IMF-fixdate, the one format that is sent. */
export function formatHttpDate(ms: number): string {
	return new Date(ms).toUTCString();
}

/** Dates that were met last, by their last digits: answers of one second say the same, and a file's date stays. */
const PLACES = 8;
const MET = Array.from({ length: PLACES }, () => ({ bytes: new Uint8Array(IMF_LENGTH), ms: Number.NaN }));

function rememberedDate(buffer: Uint8Array, at: number): number {
	const met = MET[((buffer[at + 24] as number) + (buffer[at + 6] as number)) & (PLACES - 1)] as (typeof MET)[number];
	const { bytes } = met;
	let same = 0;
	while (same < IMF_LENGTH && buffer[at + same] === bytes[same]) same++;
	if (same === IMF_LENGTH) return met.ms;
	for (let i = 0; i < IMF_LENGTH; i++) bytes[i] = buffer[at + i] as number;
	met.ms = imfDate(buffer, at);
	return met.ms;
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
function imfDate(buffer: Uint8Array, at: number): number {
	if (!DAYS.includes(three(buffer, at)) || !is(buffer, at + 3, ', ') || !is(buffer, at + 25, ' gmt')) return Number.NaN;
	if (buffer[at + 7] !== SPACE || buffer[at + 11] !== SPACE || buffer[at + 16] !== SPACE) return Number.NaN;
	const year = digits(buffer, at + 12, 4);
	return dateOf([year, month(buffer, at + 8), digits(buffer, at + 5, 2)], timeOf(buffer, at + 17));
}

/** `Sun Nov  6 08:49:37 1994` */
function asctimeDate(buffer: Uint8Array, at: number): number {
	if (!DAYS.includes(three(buffer, at)) || buffer[at + 3] !== SPACE || buffer[at + 7] !== SPACE) return Number.NaN;
	if (buffer[at + 10] !== SPACE || buffer[at + 19] !== SPACE) return Number.NaN;
	const day = buffer[at + 8] === SPACE ? digits(buffer, at + 9, 1) : digits(buffer, at + 8, 2);
	return dateOf([digits(buffer, at + 20, 4), month(buffer, at + 4), day], timeOf(buffer, at + 11));
}

/** `Sunday, 06-Nov-94 08:49:37 GMT` */
function rfc850Date(buffer: Uint8Array, start: number, { name, nowMs }: { name: number; nowMs: number }): number {
	if (!LONG_DAYS.has(lower(buffer, start, start + name)) || !is(buffer, start + name, ', ')) return Number.NaN;
	const at = start + name + 2;
	if (buffer[at + 2] !== DASH || buffer[at + 6] !== DASH || buffer[at + 9] !== SPACE) return Number.NaN;
	if (!is(buffer, at + 18, ' gmt')) return Number.NaN;
	const now = new Date(nowMs).getUTCFullYear();
	let year = digits(buffer, at + 7, 2) + now - (now % 100);
	if (year > now + AHEAD_MOST_YEARS) year -= 100;
	else if (year <= now - AHEAD_MOST_YEARS) year += 100;
	return dateOf([year, month(buffer, at + 3), digits(buffer, at, 2)], timeOf(buffer, at + 10));
}

/** `08:49:37`, ms; a leap second counts as the one before. */
function timeOf(buffer: Uint8Array, at: number): number {
	if (buffer[at + 2] !== COLON || buffer[at + 5] !== COLON) return Number.NaN;
	const [hour, minute, second] = [digits(buffer, at, 2), digits(buffer, at + 3, 2), digits(buffer, at + 6, 2)];
	if (!(hour < 24 && minute < 60 && second <= 60)) return Number.NaN;
	return ((hour * 60 + minute) * 60 + Math.min(second, 59)) * 1000;
}

function dateOf([year, month, day]: readonly [number, number, number], timeMs: number): number {
	if (!(year >= 1900 && month >= 0 && day >= 1)) return Number.NaN;
	if (known.year === year && known.month === month && known.day === day) return known.ms + timeMs;
	const ms = Date.UTC(year, month, day);
	if (new Date(ms).getUTCDate() !== day) return Number.NaN;
	known = { year, month, day, ms };
	return ms + timeMs;
}

/** The day that was met last: most dates of answers are of today. */
let known = { year: 0, month: 0, day: 0, ms: 0 };

/** 0…11; NaN: none. */
function month(buffer: Uint8Array, at: number): number {
	const found = MONTHS.indexOf(three(buffer, at));
	return found >= 0 ? found : Number.NaN;
}

function three(buffer: Uint8Array, at: number): number {
	const first = LOWER[buffer[at] as number] as number;
	return (
		(first << 16) | ((LOWER[buffer[at + 1] as number] as number) << 8) | (LOWER[buffer[at + 2] as number] as number)
	);
}

function digits(buffer: Uint8Array, at: number, count: number): number {
	let value = 0;
	for (let i = at; i < at + count; i++) {
		const digit = (buffer[i] as number) - 48;
		if (digit < 0 || digit > 9) return Number.NaN;
		value = value * 10 + digit;
	}
	return value;
}

function is(buffer: Uint8Array, at: number, text: string): boolean {
	for (let i = 0; i < text.length; i++) if (LOWER[buffer[at + i] as number] !== text.charCodeAt(i)) return false;
	return true;
}

function lower(buffer: Uint8Array, start: number, end: number): string {
	let text = '';
	for (let i = start; i < end; i++) text += String.fromCharCode(LOWER[buffer[i] as number] as number);
	return text;
}
