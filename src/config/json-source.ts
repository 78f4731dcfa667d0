/** Reads JSON strictly, with positions. What V8 says of bad JSON quotes the file, which may hold a secret. */
import type { Path } from './problem.ts';
import { fileProblem, plainCopy, positions, type ReadResult } from './source.ts';

interface JsonNode {
	start: number;
	value: unknown;
	/** Of an object: where its keys stand; of a list: its elements. */
	children: Map<string | number, { keyAt: number | undefined; node: JsonNode }> | null;
}

class JsonFault extends Error {
	readonly offset: number;
	constructor(message: string, offset: number) {
		super(message);
		this.offset = offset;
	}
}

const MAX_DEPTH = 100;

export function readJson(file: string, text: string): ReadResult {
	const at = positions(text);
	try {
		const root = new JsonReader(text).document();
		const copy = plainCopy(root.value);
		if (typeof copy === 'string') return { source: null, problems: [fileProblem(file, copy)], files: [file] };
		const locate = (path: Path, which: 'key' | 'value') => at(locateIn(root, path, which));
		return { source: { file, value: copy.value, locate }, problems: [], files: [file] };
	} catch (error) {
		if (!(error instanceof JsonFault)) throw error;
		return { source: null, problems: [fileProblem(file, error.message, at(error.offset))], files: [file] };
	}
}

function locateIn(root: JsonNode, path: Path, which: 'key' | 'value'): number {
	let node = root;
	let keyAt: number | undefined;
	for (const part of path) {
		const child = node.children?.get(part);
		if (child === undefined) return keyAt ?? node.start;
		({ keyAt, node } = child);
	}
	return which === 'key' ? (keyAt ?? node.start) : node.start;
}

class JsonReader {
	readonly #text: string;
	#at = 0;

	constructor(text: string) {
		this.#text = text;
	}

	document(): JsonNode {
		const node = this.#value(0);
		this.#blanks();
		if (this.#at < this.#text.length) throw new JsonFault('expected the end of the file', this.#at);
		return node;
	}

	#blanks(): void {
		while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at++;
		if (this.#text[this.#at] === '/') throw new JsonFault('expected JSON, which has no comments; YAML has', this.#at);
	}

	#value(depth: number): JsonNode {
		if (depth > MAX_DEPTH) throw new JsonFault('expected a configuration; this one is nested too deep', this.#at);
		this.#blanks();
		const start = this.#at;
		const char = this.#text[start];
		if (char === '{') return this.#object(depth);
		if (char === '[') return this.#list(depth);
		if (char === '"') return { start, value: this.#string(), children: null };
		const word = /[^\s,:\]}"[{]*/y;
		word.lastIndex = start;
		const found = word.exec(this.#text)?.[0] ?? '';
		if (!/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(found)) {
			throw new JsonFault(
				'expected a JSON value: an object, a list, text in double quotes, a number, true, false or null',
				start,
			);
		}
		this.#at += found.length;
		return { start, value: JSON.parse(found), children: null };
	}

	#string(): string {
		const start = this.#at;
		const pattern = /"(?:[^"\\]|\\.)*"/sy;
		pattern.lastIndex = start;
		const found = pattern.exec(this.#text)?.[0];
		try {
			const value = JSON.parse(found ?? '') as string;
			this.#at += found?.length ?? 0;
			return value;
		} catch {
			// What V8 says of it quotes it.
			throw new JsonFault('expected text in double quotes, on one line, with valid escapes', start);
		}
	}

	#object(depth: number): JsonNode {
		const start = this.#at++;
		const entries: [string, unknown][] = [];
		const children: NonNullable<JsonNode['children']> = new Map();
		while (this.#more('}', entries.length)) {
			const keyAt = this.#at;
			if (this.#text[keyAt] !== '"') throw new JsonFault('expected a key in double quotes', keyAt);
			const name = this.#string();
			if (children.has(name))
				throw new JsonFault(`expected each key once; \`${name.slice(0, 60)}\` stands there twice`, keyAt);
			this.#blanks();
			if (this.#text[this.#at] !== ':') throw new JsonFault('expected `:` after the key', this.#at);
			this.#at++;
			const node = this.#value(depth + 1);
			children.set(name, { keyAt, node });
			entries.push([name, node.value]);
		}
		return { start, value: Object.fromEntries(entries), children };
	}

	#list(depth: number): JsonNode {
		const start = this.#at++;
		const value: unknown[] = [];
		const children: NonNullable<JsonNode['children']> = new Map();
		while (this.#more(']', value.length)) {
			const node = this.#value(depth + 1);
			children.set(value.length, { keyAt: undefined, node });
			value.push(node.value);
		}
		return { start, value, children };
	}

	/** Steps to the next element, or over the closing bracket. */
	#more(close: '}' | ']', count: number): boolean {
		this.#blanks();
		if (this.#text[this.#at] === close) {
			this.#at++;
			return false;
		}
		if (count === 0) return true;
		if (this.#text[this.#at] !== ',') throw new JsonFault(`expected \`,\` or \`${close}\``, this.#at);
		this.#at++;
		this.#blanks();
		if (this.#text[this.#at] === close) throw new JsonFault('expected no `,` behind the last element', this.#at);
		return true;
	}
}
