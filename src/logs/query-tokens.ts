import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';

/** A piece of a query. `at`: where it stands, from 0. */
export type Token =
	| { kind: '(' | ')' | '-' | 'or'; at: number }
	/** A word or a quoted phrase. */
	| { kind: 'text'; at: number; text: string; quoted: boolean }
	| { kind: 'field'; at: number; field: string; operator: Operator; value: string; quoted: boolean };

export type Operator = ':' | '>=' | '<=' | '>' | '<';

const MOST_LENGTH = 2000;
const MOST_TOKENS = 100;
const FIELD = /([A-Za-z_@][\w.@/-]{0,99})(:|>=|<=|=|>|<)/y;

/** @throws BallastError `bad_query` */
export function tokensOf(text: string): Token[] {
	if (text.length > MOST_LENGTH) throw badQuery(MOST_LENGTH, `expected at most ${MOST_LENGTH} characters`);
	const tokens: Token[] = [];
	let at = 0;
	while (at < text.length) {
		const char = text[at] as string;
		if (/\s/.test(char)) {
			at++;
			continue;
		}
		if (tokens.length === MOST_TOKENS) throw badQuery(at, `expected at most ${MOST_TOKENS} terms`);
		if (char === '(' || char === ')') tokens.push({ kind: char, at: at++ });
		else if (char === '-' && /[^\s)]/.test(text[at + 1] ?? ' ')) tokens.push({ kind: '-', at: at++ });
		else at = readTerm(text, at, tokens);
	}
	return tokens;
}

function readTerm(text: string, at: number, tokens: Token[]): number {
	FIELD.lastIndex = at;
	const found = FIELD.exec(text);
	const [head, field = '', written = ':'] = found ?? [''];
	// `http://…` is a word.
	if (found !== null && !text.startsWith('//', at + head.length)) {
		const value = readText(text, at + head.length);
		const operator = written === '=' ? ':' : (written as Operator);
		if (value.text === '' && !value.quoted)
			throw badQuery(value.end, `expected a value behind \`${head}\`, such as ${head}500`);
		tokens.push({ kind: 'field', at, field, operator, value: value.text, quoted: value.quoted });
		return value.end;
	}
	const value = readText(text, at);
	if (value.quoted || !/^(?:OR|AND|NOT|\|\|)$/.test(value.text))
		tokens.push({ kind: 'text', at, text: value.text, quoted: value.quoted });
	else if (value.text === 'NOT') tokens.push({ kind: '-', at });
	else if (value.text !== 'AND') tokens.push({ kind: 'or', at });
	return value.end;
}

/** A quoted text (`\"` and `\\` stand for `"` and `\`), or what goes on until a space, a quote or a parenthesis. */
function readText(text: string, from: number): { text: string; end: number; quoted: boolean } {
	if (text[from] !== '"') {
		let end = from;
		while (end < text.length && !/[\s()"]/.test(text[end] as string)) end++;
		return { text: text.slice(from, end), end, quoted: false };
	}
	let found = '';
	for (let at = from + 1; at < text.length; at++) {
		const char = text[at] as string;
		if (char === '"') return { text: found, end: at + 1, quoted: true };
		if (char === '\\' && /["\\]/.test(text[at + 1] ?? '')) at++;
		found += text[at];
	}
	throw badQuery(from, 'expected a closing " for the one here');
}

/** `at`: from 0; people count from 1. */
export function badQuery(at: number, message: string): BallastError {
	return new BallastError('bad_query', inert(`at character ${at + 1}: ${message}`), { at });
}
