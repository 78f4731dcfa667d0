/** The tokens of a module, as far as they are needed to find literals in it. Nothing is checked: the module has run. */

export interface Token {
	/** `open` and `close` are brackets; a template with parts to fill in is `other`. */
	readonly kind: 'word' | 'number' | 'text' | 'open' | 'close' | 'mark' | 'other';
	readonly start: number;
	/** Source text; of a `text` its value, null where an escape stands in it that is not read here. */
	readonly text: string | null;
}

const BLANKS = /(?:\s|\/\/[^\n\r\u2028\u2029]*|\/\*.*?\*\/)+/sy;
const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /(?:\d|\.\d)[\w.]*/y;
const STRING = /'(?:[^'\\\n\r]|\\.)*'|"(?:[^"\\\n\r]|\\.)*"/sy;
const REGEXP = /\/(?![*/])(?:[^/\\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*\])+\/[a-z]*/y;
/** Behind these words an expression begins, so that a slash begins a regular expression. */
const BEFORE_EXPRESSION = new Set(['return', 'typeof', 'case', 'do', 'else', 'in', 'of', 'void', 'delete', 'await']);
/** More than a configuration of 1 MiB should hold. */
const MOST_TOKENS = 400_000;

/** null: this is not read here. */
export function tokensOf(source: string): Token[] | null {
	const reader = new TokenReader(source);
	try {
		if (source.startsWith('#!')) reader.at = source.indexOf('\n') < 0 ? source.length : source.indexOf('\n');
		const tokens: Token[] = [];
		for (let token = reader.next(); token !== null; token = reader.next()) {
			tokens.push(token);
			if (tokens.length > MOST_TOKENS) return null;
		}
		return tokens;
	} catch (error) {
		if (error instanceof NotRead) return null;
		throw error;
	}
}

class NotRead extends Error {}

class TokenReader {
	at = 0;
	readonly #source: string;
	#last: Token | null = null;

	constructor(source: string) {
		this.#source = source;
	}

	next(): Token | null {
		this.#match(BLANKS);
		if (this.at >= this.#source.length) return null;
		this.#last = this.#token();
		return this.#last;
	}

	#token(): Token {
		const start = this.at;
		const char = this.#source[start] as string;
		const word = this.#match(WORD);
		if (word !== null) return { kind: 'word', start, text: word };
		const number = this.#match(NUMBER);
		if (number !== null) return { kind: 'number', start, text: number };
		if (char === "'" || char === '"') {
			const quoted = this.#match(STRING);
			if (quoted === null) throw new NotRead();
			return { kind: 'text', start, text: unescaped(quoted.slice(1, -1)) };
		}
		if (char === '`') return this.#template(start);
		if (char === '/' && this.#expectsValue()) {
			if (this.#match(REGEXP) === null) throw new NotRead();
			return { kind: 'other', start, text: null };
		}
		const text = ['...', '=>', '?.'].find((mark) => this.#source.startsWith(mark, start)) ?? char;
		this.at = start + text.length;
		if ('{[('.includes(text)) return { kind: 'open', start, text };
		return { kind: '}])'.includes(text) ? 'close' : 'mark', start, text };
	}

	/** Whether a value, and not an operator, is to be expected. */
	#expectsValue(): boolean {
		const last = this.#last;
		if (last === null || last.kind === 'open' || last.kind === 'mark') return true;
		return last.kind === 'word' && BEFORE_EXPRESSION.has(last.text as string);
	}

	#template(start: number): Token {
		let filled = false;
		this.at = start + 1;
		for (;;) {
			const char = this.#source[this.at];
			if (char === undefined) throw new NotRead();
			if (char === '`') break;
			if (char === '$' && this.#source[this.at + 1] === '{') {
				filled = true;
				this.at += 2;
				this.#skipToBrace();
			} else this.at += char === '\\' ? 2 : 1;
		}
		const inner = this.#source.slice(start + 1, this.at++);
		return filled ? { kind: 'other', start, text: null } : { kind: 'text', start, text: unescaped(inner) };
	}

	/** Behind the bracket that closes the one just passed. */
	#skipToBrace(): void {
		this.#last = { kind: 'open', start: this.at, text: '{' };
		for (let depth = 1; depth > 0; ) {
			const token = this.next();
			if (token === null) throw new NotRead();
			if (token.kind === 'open') depth++;
			else if (token.kind === 'close') depth--;
		}
	}

	#match(pattern: RegExp): string | null {
		pattern.lastIndex = this.at;
		const found = pattern.exec(this.#source)?.[0] ?? null;
		if (found !== null) this.at += found.length;
		return found;
	}
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"', '`': '`', $: '$' };

/** null: it holds an escape that is not read here. */
function unescaped(inner: string): string | null {
	if (!inner.includes('\\')) return inner.replaceAll('\r\n', '\n');
	let known = true;
	const text = inner.replaceAll(/\\(.)/gs, (_, char: string) => {
		const value = ESCAPES[char];
		if (value === undefined) known = false;
		return value ?? '';
	});
	return known ? text : null;
}
