/** The access log in the formats that other programs read: common and combined log format. */
import type { AccessEntry } from '../core/access-entry.ts';
import type { LineBuffer } from './line-buffer.ts';

export type AccessFormat = 'json' | 'common' | 'combined';

const MOST_TEXT = 8192;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
let cachedSecond = Number.NaN;
let cachedTime = '';

/** `address - - [time] "request" status bytes`, in combined format `"-" "user agent"` too. (The referrer is not kept.) */
export function commonLine(entry: AccessEntry, format: 'common' | 'combined'): string {
	const target = entry.query === '' ? entry.path : `${entry.path}?${entry.query}`;
	const request = `${quoted(entry.method)} ${quoted(target)} HTTP/${quoted(entry.protocol)}`;
	const bytes = entry.responseBytes > 0 ? entry.responseBytes : '-';
	const address = entry.address === '' ? '-' : quoted(entry.address).replaceAll(' ', '');
	// A client that left before the answer: 499, as nginx has it.
	const line = `${address} - - [${timeText(entry.timeMs)}] "${request}" ${entry.status || 499} ${bytes}`;
	return format === 'common' ? line : `${line} "-" "${entry.userAgent === '' ? '-' : quoted(entry.userAgent)}"`;
}

export function writeCommonLine(entry: AccessEntry, format: 'common' | 'combined', out: LineBuffer): void {
	const line = `${commonLine(entry, format)}\n`;
	// Escaped text is ASCII.
	out.reserve(line.length);
	out.length += out.bytes.write(line, out.length, 'latin1');
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** As Apache does it: `\"`, `\\`, and `\xhh` for each other byte (UTF-8) that is not printable ASCII. */
function quoted(text: string): string {
	const cut = text.length > MOST_TEXT ? text.slice(0, MOST_TEXT) : text;
	if (PLAIN.test(cut)) return cut;
	return Array.from(Buffer.from(cut), (byte) => {
		if (byte === 34 || byte === 92) return `\\${String.fromCharCode(byte)}`;
		return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
	}).join('');
}

function timeText(timeMs: number): string {
	const second = Math.floor(timeMs / 1000);
	if (second === cachedSecond) return cachedTime;
	const time = new Date(second * 1000);
	const [day, clock] = [String(time.getUTCDate()).padStart(2, '0'), time.toISOString().slice(11, 19)];
	cachedSecond = second;
	cachedTime = `${day}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}:${clock} +0000`;
	return cachedTime;
}
