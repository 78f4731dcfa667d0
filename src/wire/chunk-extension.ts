import { SPACE, TAB, TOKEN, VALUE } from './bytes.ts';

/**
 * Where one stands in the extensions of a chunk's size line (RFC 9112 §7.1.1):
 * `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`.
 */
export const Extension = {
	bad: -1,
	/** Behind a `;`. */
	begin: 0,
	name: 1,
	afterName: 2,
	/** Behind a `=`. */
	assign: 3,
	token: 4,
	quoted: 5,
	escaped: 6,
	/** Right behind the closing quote. */
	closed: 7,
	afterValue: 8,
} as const;

const SEMICOLON = 59;
const EQUALS = 61;
const QUOTE = 34;
const BACKSLASH = 92;

const isBlank = (byte: number): boolean => byte === SPACE || byte === TAB;

/** The state behind one more byte, which is not the line's end. */
export function extensionAfter(state: number, byte: number): number {
	switch (state) {
		case Extension.begin:
			if (isBlank(byte)) return state;
			return TOKEN[byte] === 1 ? Extension.name : Extension.bad;
		case Extension.name:
			if (TOKEN[byte] === 1) return state;
			return byte === EQUALS ? Extension.assign : afterWord(byte, Extension.afterName);
		case Extension.afterName:
			return byte === EQUALS ? Extension.assign : afterWord(byte, state);
		case Extension.assign:
			if (isBlank(byte)) return state;
			if (byte === QUOTE) return Extension.quoted;
			return TOKEN[byte] === 1 ? Extension.token : Extension.bad;
		case Extension.token:
			return TOKEN[byte] === 1 ? state : afterWord(byte, Extension.afterValue);
		case Extension.quoted:
			if (byte === QUOTE) return Extension.closed;
			if (byte === BACKSLASH) return Extension.escaped;
			return VALUE[byte] === 1 ? state : Extension.bad;
		case Extension.escaped:
			return VALUE[byte] === 1 ? Extension.quoted : Extension.bad;
		default:
			return afterWord(byte, Extension.afterValue);
	}
}

function afterWord(byte: number, blank: number): number {
	if (byte === SEMICOLON) return Extension.begin;
	return isBlank(byte) ? blank : Extension.bad;
}

/** Whether the line may end here: not within quotes, where somebody might read on, nor behind what promises more. */
export const extensionMayEnd = (state: number): boolean =>
	state === Extension.name || state === Extension.token || state === Extension.closed;
