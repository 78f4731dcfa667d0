/** Byte classes of HTTP/1.1 messages, one table look-up a byte (RFC 9110 §5.6.2, RFC 9112 §2). */
import type { Malformed } from '../core/malformed.ts';

export const CR = 13;
export const LF = 10;
export const SPACE = 32;
export const TAB = 9;
export const COLON = 58;

const table = (accepts: (byte: number) => boolean): Uint8Array => {
	const classes = new Uint8Array(256);
	for (let byte = 0; byte < 256; byte++) classes[byte] = accepts(byte) ? 1 : 0;
	return classes;
};

const isAlphanumeric = (byte: number): boolean =>
	(byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);

/** Characters of a token: method and field names. */
export const TOKEN = table((byte) => isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".includes(String.fromCharCode(byte)));

/** Bytes of a field value: visible characters, space, tab and obs-text. */
export const VALUE = table((byte) => byte === TAB || (byte >= 32 && byte !== 127));

/** Bytes of a request target: visible ASCII but `#`. More than RFC 3986 allows, since browsers send `|` and `{` bare. */
export const TARGET = table((byte) => byte > 32 && byte < 127 && byte !== 35);

/** Bytes of a host's name but `%`: RFC 3986 §3.2.2, unreserved characters and sub-delimiters. */
export const REG_NAME = table((byte) => isAlphanumeric(byte) || "-._~!$&'()*+,;=".includes(String.fromCharCode(byte)));

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
	const text = digit.toString(16);
	HEX[text.charCodeAt(0)] = digit;
	HEX[text.toUpperCase().charCodeAt(0)] = digit;
}

/** Lower-case form of ASCII letters, every other byte as it is. */
export const LOWER = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) LOWER[byte] = byte >= 65 && byte <= 90 ? byte + 32 : byte;

/** Why a byte may not stand where it was found: for itself, or for what it is wrong for in that place. */
export function misplaced(byte: number, otherwise: Malformed): Malformed {
	if (byte === LF) return 'bare_lf';
	if (byte === 0) return 'nul';
	return (byte < 32 && byte !== TAB && byte !== CR) || byte === 127 ? 'control_character' : otherwise;
}

/** Whether buffer[start…] holds `text` (lower case), letter case ignored; the caller has compared the lengths. */
export function equalsLower(buffer: Uint8Array, start: number, text: Uint8Array): boolean {
	for (let i = 0; i < text.length; i++) {
		if (LOWER[buffer[start + i] as number] !== text[i]) return false;
	}
	return true;
}
