/** Whether a list of ETags in a field (RFC 9110 §13.1.1, §13.1.2) has one. */

const STAR = 42;
const COMMA = 44;
const QUOTE = 34;
const SPACE = 32;
const TAB = 9;
const CAPITAL_W = 87;
const SLASH = 47;

/** A field's value: `buffer[start, end)`. */
export interface EtagList {
	readonly buffer: Uint8Array;
	readonly start: number;
	readonly end: number;
}

/** `weak`: `W/` counts for nothing (RFC 9110 §8.8.3.2); without it no weak tag is the same as any. `*` has all. */
export function listsEtag({ buffer, start, end }: EtagList, etag: string, weak: boolean): boolean {
	const isWeak = etag.startsWith('W/');
	const tag = isWeak ? etag.slice(2) : etag;
	let at = start;
	while (at < end) {
		while (at < end && (buffer[at] === SPACE || buffer[at] === TAB || buffer[at] === COMMA)) at++;
		if (at === end) return false;
		if (buffer[at] === STAR && end - start === 1) return true;
		const listedWeak = buffer[at] === CAPITAL_W && buffer[at + 1] === SLASH;
		if (listedWeak) at += 2;
		const from = at;
		// A tag's content may hold commas; what is not quoted ends at the next.
		if (buffer[at] === QUOTE) {
			at++;
			while (at < end && buffer[at] !== QUOTE) at++;
			if (at < end) at++;
		} else while (at < end && buffer[at] !== COMMA) at++;
		const isSame = at - from === tag.length && is(buffer, from, tag);
		if (isSame && (weak || !(isWeak || listedWeak))) return true;
		while (at < end && buffer[at] !== COMMA) at++;
	}
	return false;
}

function is(buffer: Uint8Array, start: number, tag: string): boolean {
	for (let i = 0; i < tag.length; i++) if (buffer[start + i] !== tag.charCodeAt(i)) return false;
	return true;
}
