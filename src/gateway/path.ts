/** Paths: dot segments, escapes that mean the same, and the new path that a route's policy makes. */

import { BallastError } from '../core/errors.ts';

const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;

/**
 * The path in [start, end) without `.` and `..` segments (`%2e` included), as RFC 3986 §5.2.4 removes
 * them; null when it has none, or does not
 * start with `/`. It cannot climb above the root: `/../x` is `/x`.
 */
export function resolveDotSegments(buffer: Uint8Array, start: number, end: number): Uint8Array | null {
	if (buffer[start] !== SLASH) return null;
	for (let at = start; at < end; at++) {
		if (buffer[at] === SLASH && dotsAt(buffer, at + 1, end) > 0) return withoutDots(buffer, start, end);
	}
	return null;
}

/** How many dots the segment here is made of: 1 or 2; 0 for any other segment. */
function dotsAt(buffer: Uint8Array, start: number, end: number): number {
	let dots = 0;
	for (let at = start; at < end && buffer[at] !== SLASH; ) {
		if (buffer[at] === DOT) at++;
		else if (
			buffer[at] === PERCENT &&
			at + 2 < end &&
			buffer[at + 1] === 0x32 &&
			((buffer[at + 2] ?? 0) | 0x20) === 0x65
		)
			at += 3;
		else return 0;
		if (++dots > 2) return 0;
	}
	return dots;
}

function withoutDots(buffer: Uint8Array, start: number, end: number): Uint8Array {
	const kept = new Uint8Array(end - start + 1);
	let length = 0;
	let at = start;
	while (at < end) {
		let stop = at + 1;
		while (stop < end && buffer[stop] !== SLASH) stop++;
		const dots = dotsAt(buffer, at + 1, end);
		if (dots === 0) {
			kept.set(buffer.subarray(at, stop), length);
			length += stop - at;
		} else {
			if (dots === 2) while (length > 0 && kept[--length] !== SLASH);
			if (stop === end) kept[length++] = SLASH;
		}
		at = stop;
	}
	return kept.subarray(0, length);
}

/**
 * One spelling for escapes that mean the same: unreserved characters are decoded, the digits of all
 * others are upper case (RFC 3986 §6.2.2). An escape that is cut short stays as it is.
 */
export function normalizeEscapes(text: string): string {
	return text.replace(/%([0-9a-f]{2})/gi, (found, digits: string) => {
		const character = String.fromCharCode(Number.parseInt(digits, 16));
		return /[\w.~-]/.test(character) ? character : found.toUpperCase();
	});
}

/** The text with all that `characters` (a global expression) finds as UTF-8 escapes. */
export function escapeCharacters(text: string, characters: RegExp): string {
	return text.replace(characters, (found) => Buffer.from(found).toString('hex').toUpperCase().replace(/../g, '%$&'));
}

/** What a route does to the path. `pattern` is the source of a regular expression (flag `u`) over what `strip` leaves. */
export interface PathRewriting {
	strip: string | null;
	rewrite: { pattern: string; replacement: string } | null;
}

/**
 * Makes the function that gives a request its new path, null when nothing is asked for. It takes and
 * returns a path without query, one character a byte (latin1). A path that it changes then starts with
 * one `/`, and has no dot segments, control characters, blanks, `?` or `#`; any other stays as it came.
 *
 * Throws `config_invalid` for a pattern that is no regular expression.
 */
export function compilePath(config: PathRewriting): ((path: string) => string) | null {
	const { strip, rewrite } = config;
	if (rewrite === null) return strip === null ? null : stripper(strip);
	const expression = expressionOf(rewrite.pattern);
	const replacement = escapeCharacters(rewrite.replacement, /[^\x21-\x7e]/gu);
	const stripped = strip === null ? null : stripper(strip);
	return (path) => {
		const before = stripped === null ? path : stripped(path);
		const after = before.replace(expression, replacement);
		return after === before ? before : safePath(after);
	};
}

function expressionOf(pattern: string): RegExp {
	try {
		return new RegExp(pattern, 'u');
	} catch (error) {
		throw new BallastError('config_invalid', `rewrite: ${pattern} is no regular expression`, {}, error);
	}
}

/** Takes whole segments off the front, where they are those of the prefix in any spelling that the router takes for it. */
function stripper(prefix: string): (path: string) => string {
	const segments = prefix
		.split('/')
		.filter((segment) => segment !== '')
		.map(patternText);
	return (path) => {
		let at = 0;
		for (const wanted of segments) {
			if (path[at] !== '/') return path;
			while (path[at] === '/') at++;
			const slash = path.indexOf('/', at);
			const stop = slash < 0 ? path.length : slash;
			const segment = path.slice(at, stop);
			if (segment !== wanted && normalizeEscapes(segment) !== wanted) return path;
			at = stop;
		}
		while (path[at] === '/') at++;
		return `/${path.slice(at)}`;
	};
}

/** A piece of a path from the configuration, in the one spelling that requests are compared in. */
export function patternText(text: string): string {
	return normalizeEscapes(escapeCharacters(text, /[^\0-\x7f]+/gu));
}

function safePath(path: string): string {
	let safe = escapeCharacters(path, /[\0-\x20\x7f?#]|[^\0-\xff]+/gu);
	if (/\/(?:\.|%2e)/i.test(`/${safe}`)) {
		const bytes = Buffer.from(`/${safe}`, 'latin1');
		const resolved = resolveDotSegments(bytes, 0, bytes.length);
		if (resolved !== null) safe = Buffer.from(resolved).toString('latin1');
	}
	return `/${safe.replace(/^\/+/, '')}`;
}
