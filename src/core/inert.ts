/**
 * Text that came from outside (instances, log lines, configuration, the other end of a socket) as it
 * may stand on a terminal: nothing in it can move the cursor, change colours or the window's title,
 * or turn the direction of what stands beside it.
 */

// C0, DEL, C1, line and paragraph separators, marks that change direction, zero-width ones, the byte-order mark, lone surrogates.
const ACTIVE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu;

const NAMED: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line; what is active in it is written out: `\x1b`, `\u202e`, `\n`. */
export function inert(text: string): string {
	return text.replace(ACTIVE, written);
}

/** As `inert`, but lines and tabs stay; for what we print as a block. */
export function inertLines(text: string): string {
	return text.replace(ACTIVE, (char) => (char === '\n' || char === '\t' ? char : written(char)));
}

function written(char: string): string {
	const code = char.charCodeAt(0);
	return (
		NAMED[char] ??
		(code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`)
	);
}
