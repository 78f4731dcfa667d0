/** One member of a structured dictionary; parameters are left out, since no directive has any. */
export type Item =
	| { readonly kind: 'boolean'; readonly value: boolean }
	| { readonly kind: 'integer'; readonly value: number }
	| { readonly kind: 'string'; readonly value: string }
	| { readonly kind: 'other'; readonly value: null };

/** Longest text that is read. */
const TEXT_MOST = 8192;
const KEY = /[a-z*][a-z0-9_.*-]*/y;
const TRUE: Item = { kind: 'boolean', value: true };
const OTHER: Item = { kind: 'other', value: null };

/** The bare items by the character they begin with, as RFC 9651 §4.2.3.1 tells them apart. */
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const DISPLAY = /%"(?:[ !#$&-~]|%[0-9a-f]{2})*"/y;
const NUMBER = /-?(?:([0-9]{1,12}\.[0-9]{1,3})|([0-9]{1,15}))(?![0-9.])/y;
const DATE = /@-?[0-9]{1,15}(?![0-9.])/y;
const BOOLEAN = /\?([01])/y;
const BYTES = /:[A-Za-z0-9+/=]*:/y;
const TOKEN = /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y;
const SPACES = / */y;
const GAPS = /[ \t]*/y;

/** Reads a text piece by piece. */
class Cursor {
	readonly text: string;
	at = 0;

	constructor(text: string) {
		this.text = text;
	}

	/** What the (sticky) pattern matches here; null: it does not. */
	take(pattern: RegExp): RegExpExecArray | null {
		pattern.lastIndex = this.at;
		const match = pattern.exec(this.text);
		if (match !== null) this.at += match[0].length;
		return match;
	}

	next(char: string): boolean {
		if (this.text[this.at] !== char) return false;
		this.at++;
		return true;
	}

	get done(): boolean {
		return this.at >= this.text.length;
	}
}

/** The members of a dictionary (RFC 9651 §4.2.2), the last of a name; null: it is none. */
export function dictionaryOf(text: string): Map<string, Item> | null {
	if (text.length > TEXT_MOST) return null;
	const cursor = new Cursor(withoutSpaces(text));
	const members = new Map<string, Item>();
	while (!cursor.done) {
		const key = cursor.take(KEY)?.[0];
		if (key === undefined) return null;
		const item = cursor.next('=') ? innerListOrItem(cursor) : TRUE;
		if (item === null || !skipParameters(cursor)) return null;
		members.set(key, item);
		cursor.take(GAPS);
		if (cursor.done) break;
		if (!cursor.next(',')) return null;
		cursor.take(GAPS);
		if (cursor.done) return null;
	}
	return members;
}

function withoutSpaces(text: string): string {
	let [start, end] = [0, text.length];
	while (text[start] === ' ') start++;
	while (end > start && text[end - 1] === ' ') end--;
	return text.slice(start, end);
}

function innerListOrItem(cursor: Cursor): Item | null {
	if (!cursor.next('(')) return bareItem(cursor);
	for (;;) {
		cursor.take(SPACES);
		if (cursor.next(')')) return OTHER;
		if (bareItem(cursor) === null || !skipParameters(cursor)) return null;
		const next = cursor.text[cursor.at];
		if (next !== ' ' && next !== ')') return null;
	}
}

function bareItem(cursor: Cursor): Item | null {
	const number = cursor.take(NUMBER);
	if (number !== null) return number[2] === undefined ? OTHER : { kind: 'integer', value: Number(number[0]) };
	const string = cursor.take(STRING);
	if (string !== null) return { kind: 'string', value: (string[1] as string).replace(/\\(.)/g, '$1') };
	const boolean = cursor.take(BOOLEAN);
	if (boolean !== null) return { kind: 'boolean', value: boolean[1] === '1' };
	return (cursor.take(TOKEN) ?? cursor.take(BYTES) ?? cursor.take(DATE) ?? cursor.take(DISPLAY)) === null
		? null
		: OTHER;
}

/** False: these are none. */
function skipParameters(cursor: Cursor): boolean {
	while (cursor.next(';')) {
		cursor.take(SPACES);
		if (cursor.take(KEY) === null) return false;
		if (cursor.next('=') && bareItem(cursor) === null) return false;
	}
	return true;
}
