/** The literal that a module exports by default, found in its tokens: which part of it stands where. */
import { type Token, tokensOf } from './module-tokens.ts';

/** A value as it is written. */
export interface Literal {
	readonly start: number;
	/** `opaque`: some other expression, whose value cannot be told from the text. */
	readonly kind: 'object' | 'list' | 'plain' | 'opaque';
	/** Of `plain`: text, a number, true, false, null or undefined. */
	readonly value?: unknown;
	/** Of an object, by key; of a list, by index. */
	readonly parts: ReadonlyMap<string | number, Part>;
	/** There may be more parts than these: something is spread into it, or a key is computed. */
	readonly open: boolean;
}

export interface Part {
	/** Where its key stands; of an element, the element. */
	readonly keyAt: number;
	readonly literal: Literal;
}

/** Constants that stand for one another, at most so deep. */
const MOST_NAMES = 20;

/** null: the export is no literal, nor a constant that is one, nor is it that in `defineConfig(…)`. */
export function exportedLiteral(source: string): Literal | null {
	const tokens = tokensOf(source);
	return tokens === null ? null : new LiteralReader(tokens).exported();
}

const SEPARATORS = new Set([',', ';']);
/** Any other word behind a value is a type's (`as`, `satisfies`), or begins the next statement. */
const OPERATORS = new Set(['in', 'instanceof']);
const WORDS: Record<string, unknown> = { true: true, false: false, null: null, undefined };
const NOTHING: Literal['parts'] = new Map();

class LiteralReader {
	readonly #tokens: readonly Token[];
	/** Where the values of the constants at the top begin; null: the name stands for several. */
	readonly #constants = new Map<string, number | null>();
	#exportAt = -1;
	#at = 0;
	#names = 0;

	constructor(tokens: readonly Token[]) {
		this.#tokens = tokens;
		this.#survey();
	}

	exported(): Literal | null {
		if (this.#exportAt < 0) return null;
		const literal = this.#valueAt(this.#exportAt);
		return literal.kind === 'object' ? literal : null;
	}

	/** Finds what stands at the top, within no brackets: constants, and the export. */
	#survey(): void {
		let depth = 0;
		for (const [at, { kind, text }] of this.#tokens.entries()) {
			if (kind === 'open') depth++;
			else if (kind === 'close') depth--;
			if (depth > 0 || kind !== 'word') continue;
			if (text === 'default' && this.#is(at - 1, 'export')) this.#exportAt = at + 1;
			const name = this.#tokens[at + 1];
			if (text !== 'const' || name?.kind !== 'word') continue;
			const known = this.#constants.has(name.text as string);
			this.#constants.set(name.text as string, known ? null : this.#behindEquals(at + 2));
		}
	}

	/** Behind the `=` of a declaration, past its type; null: none is found. */
	#behindEquals(from: number): number | null {
		for (let at = from, depth = 0; at < this.#tokens.length; at++) {
			const { kind, text } = this.#tokens[at] as Token;
			if (kind === 'open') depth++;
			else if (kind === 'close') depth--;
			else if (depth === 0 && text === '=' && kind === 'mark') return at + 1;
			if (depth < 0 || (depth === 0 && text === ';')) return null;
		}
		return null;
	}

	#is(at: number, text: string): boolean {
		const token = this.#tokens[at];
		return token !== undefined && token.kind !== 'text' && token.text === text;
	}

	/** Reads a value elsewhere, and comes back. */
	#valueAt(at: number): Literal {
		const before = this.#at;
		this.#at = at;
		const literal = this.#value();
		this.#at = before;
		return literal;
	}

	/** Reads the value that begins here; what stands behind it, up to the next separator, is passed. */
	#value(): Literal {
		const first = this.#tokens[this.#at];
		const start = first?.start ?? 0;
		const opaque: Literal = { start, kind: 'opaque', parts: NOTHING, open: true };
		if (first === undefined) return opaque;
		const literal = this.#primary(first);
		const alone = literal !== null && this.#isOver();
		this.#skip();
		return alone ? literal : opaque;
	}

	#primary(first: Token): Literal | null {
		if (first.text === '{' && first.kind === 'open') return this.#object(first.start);
		if (first.text === '[' && first.kind === 'open') return this.#list(first.start);
		this.#at++;
		const plain = (value: unknown): Literal => ({
			start: first.start,
			kind: 'plain',
			value,
			parts: NOTHING,
			open: false,
		});
		if (first.kind === 'text') return first.text === null ? null : plain(first.text);
		if (first.kind === 'number') return plain(Number((first.text as string).replaceAll('_', '')));
		if (first.kind !== 'word') return null;
		const word = first.text as string;
		if (Object.hasOwn(WORDS, word)) return plain(WORDS[word]);
		if (word === 'defineConfig' && this.#is(this.#at, '(')) return this.#argument();
		const constant = this.#isOver() ? this.#constants.get(word) : undefined;
		if (constant == null || this.#names >= MOST_NAMES) return null;
		this.#names++;
		const literal = this.#valueAt(constant);
		this.#names--;
		return literal;
	}

	/** The only argument of a call that gives it back. */
	#argument(): Literal | null {
		this.#at++;
		const literal = this.#value();
		this.#at++;
		return literal;
	}

	/** The value ends here: a separator, the end of what it stands in, or a type follows. */
	#isOver(): boolean {
		const next = this.#tokens[this.#at];
		if (next === undefined || next.kind === 'close') return true;
		if (next.kind === 'mark') return SEPARATORS.has(next.text as string);
		return next.kind === 'word' && !OPERATORS.has(next.text as string);
	}

	/** To the separator, or to the bracket that closes what this stands in. */
	#skip(): void {
		for (let depth = 0; this.#at < this.#tokens.length; this.#at++) {
			const { kind, text } = this.#tokens[this.#at] as Token;
			if (kind === 'open') depth++;
			else if (kind === 'close' && --depth < 0) return;
			else if (kind === 'mark' && depth === 0 && SEPARATORS.has(text as string)) return;
		}
	}

	#object(start: number): Literal {
		const parts = new Map<string | number, Part>();
		let open = false;
		this.#at++;
		while (this.#more()) {
			const key = this.#key();
			if (key === null) {
				// It may stand for any of those before it.
				open = true;
				parts.clear();
				this.#skip();
				continue;
			}
			parts.set(key.name, { keyAt: key.start, literal: this.#value() });
		}
		return { start, kind: 'object', parts, open };
	}

	/** Reads a key up to its value; of a shorthand it is its value too. null: it is none that can be told. */
	#key(): { name: string; start: number } | null {
		const { kind, text, start } = this.#tokens[this.#at] as Token;
		if (text === null || !['word', 'text', 'number'].includes(kind)) return null;
		if (this.#is(this.#at + 1, ':')) {
			this.#at += 2;
			return { name: kind === 'number' ? String(Number(text)) : text, start };
		}
		const next = this.#tokens[this.#at + 1];
		const shorthand = kind === 'word' && (next?.text === ',' || next?.text === '}') && next.kind !== 'text';
		return shorthand ? { name: text, start } : null;
	}

	#list(start: number): Literal {
		const parts = new Map<string | number, Part>();
		let open = false;
		this.#at++;
		while (this.#more()) {
			const { start: keyAt, text, kind } = this.#tokens[this.#at] as Token;
			if (kind === 'mark' && (text === '...' || text === ',')) open = true;
			const literal = this.#value();
			// Behind what is spread nobody knows the index.
			if (!open) parts.set(parts.size, { keyAt, literal });
		}
		return { start, kind: 'list', parts, open };
	}

	/** Steps to the next part, or over the bracket that closes. */
	#more(): boolean {
		if (this.#is(this.#at, ',')) this.#at++;
		const token = this.#tokens[this.#at];
		if (token?.kind === 'close') this.#at++;
		return token !== undefined && token.kind !== 'close';
	}
}
