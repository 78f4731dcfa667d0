import { COLON, HEX, REG_NAME } from './bytes.ts';

const OPEN = 91;
const CLOSE = 93;
const PERCENT = 37;
const POINT = 46;

/**
 * Whether buffer[start, end) is a host and an optional port (RFC 9110 §4.2, RFC 3986 §3.2): no user information, a
 * host that is not empty, a port of digits alone. Of the literals in brackets only IPv6 addresses without a zone.
 */
export function isAuthority(buffer: Uint8Array, start: number, end: number): boolean {
	const hostEnd = start < end && buffer[start] === OPEN ? literalEnd(buffer, start, end) : nameEnd(buffer, start, end);
	if (hostEnd <= start) return false;
	if (hostEnd === end) return true;
	if (buffer[hostEnd] !== COLON) return false;
	for (let at = hostEnd + 1; at < end; at++) if (!isDigit(buffer[at] as number)) return false;
	return true;
}

/** Where the name or IPv4 address is over; -1: it is none. */
function nameEnd(buffer: Uint8Array, start: number, end: number): number {
	let at = start;
	while (at < end) {
		const byte = buffer[at] as number;
		if (REG_NAME[byte] === 1) at++;
		else if (byte === COLON) return at;
		else if (byte !== PERCENT || at + 2 >= end || !isHex(buffer[at + 1] as number) || !isHex(buffer[at + 2] as number))
			return -1;
		else at += 3;
	}
	return at;
}

/** Behind the closing bracket; -1: what stands in the brackets is no IPv6 address. */
function literalEnd(buffer: Uint8Array, start: number, end: number): number {
	let colons = 0;
	for (let at = start + 1; at < end; at++) {
		const byte = buffer[at] as number;
		if (byte === CLOSE) return colons >= 2 ? at + 1 : -1;
		if (byte === COLON) colons++;
		else if (byte !== POINT && !isHex(byte)) return -1;
	}
	return -1;
}

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;
const isHex = (byte: number): boolean => HEX[byte] !== 255;
