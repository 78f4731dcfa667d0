// Control characters that JSON lets through, direction marks, separators: harmless in a file, not on a terminal.
const ACTIVE = /[^\P{Cc}\n]|[\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu;

/** The value as JSON on one line, or indented; nothing in it can act on a terminal. */
export function jsonText(value: unknown, indent = 0): string {
	const text = JSON.stringify(value, null, indent) ?? 'null';
	return text.replace(ACTIVE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
