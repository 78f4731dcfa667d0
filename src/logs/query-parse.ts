import { closest } from '../core/closest.ts';
import type { LogSource } from '../core/log-entry.ts';
import { parseDuration, parseSize } from '../core/units.ts';
import { badQuery, type Token, tokensOf } from './query-tokens.ts';
import { FIELD_ALIASES, type Query, type QueryNode, SECONDS } from './query-tree.ts';
import { SEVERITIES, SOURCES, severityOf, severityRank } from './severity.ts';
import { isIndexed, wordsOf } from './words.ts';

const MOST_DEPTH = 20;
const MOST_STARS = 5;

/**
 * Understands a query: words (all of them), "quoted phrases", -negation, `field:glob`, `field>=number`,
 * `level:warn` (that and above), OR and parentheses.
 * @throws BallastError `bad_query`, which says where
 */
export function parseQuery(text: string): Query {
	const tokens = tokensOf(text).filter((token) => token.kind !== 'text' || token.quoted || token.text !== '*');
	if (tokens.length === 0) return null;
	const parser = new Parser(tokens, text.length);
	return parser.all();
}

class Parser {
	readonly #tokens: readonly Token[];
	readonly #end: number;
	#next = 0;
	#depth = 0;

	constructor(tokens: readonly Token[], end: number) {
		this.#tokens = tokens;
		this.#end = end;
	}

	all(): QueryNode {
		const node = this.#either();
		const rest = this.#tokens[this.#next];
		if (rest !== undefined) throw badQuery(rest.at, 'expected an opening ( before this one');
		return node;
	}

	#either(): QueryNode {
		const parts = [this.#together()];
		while (this.#tokens[this.#next]?.kind === 'or') {
			this.#next++;
			parts.push(this.#together());
		}
		return parts.length === 1 ? (parts[0] as QueryNode) : { kind: 'or', parts };
	}

	#together(): QueryNode {
		const parts: QueryNode[] = [];
		for (;;) {
			const token = this.#tokens[this.#next];
			if (token === undefined || token.kind === ')' || token.kind === 'or') break;
			parts.push(this.#one());
		}
		if (parts.length === 0)
			throw badQuery(this.#tokens[this.#next]?.at ?? this.#end, 'expected a word, a phrase or a field');
		return parts.length === 1 ? (parts[0] as QueryNode) : { kind: 'and', parts };
	}

	#one(): QueryNode {
		const token = this.#tokens[this.#next++];
		if (token === undefined) throw badQuery(this.#end, 'expected a word, a phrase or a field');
		if (token.kind === 'text') return textNode(token);
		if (token.kind === 'field') return fieldNode(token);
		if (++this.#depth > MOST_DEPTH) throw badQuery(token.at, `expected at most ${MOST_DEPTH} levels`);
		const node = token.kind === '-' ? ({ kind: 'not', part: this.#one() } as const) : this.#group(token.at);
		this.#depth--;
		return node;
	}

	#group(at: number): QueryNode {
		const node = this.#either();
		if (this.#tokens[this.#next]?.kind !== ')') throw badQuery(at, 'expected a closing ) for the one here');
		this.#next++;
		return node;
	}
}

function textNode({ text, quoted, at }: Extract<Token, { kind: 'text' }>): QueryNode {
	const prefix = !quoted && text.endsWith('*');
	const plain = prefix ? text.slice(0, -1) : text;
	if (!quoted && plain.includes('*')) throw badQuery(at + plain.indexOf('*'), 'expected `*` only at the end of a word');
	const words = wordsOf(plain);
	if (words.length === 0 || !isIndexed(plain)) {
		if (plain.trim() === '') throw badQuery(at, 'expected something between the quotes');
		return { kind: 'text', text: plain };
	}
	const node: QueryNode = { kind: 'words', words, prefix };
	// Some write `time-out`, some `timeout`.
	if (words.length === 1 || quoted || !/^[\p{L}\p{N}-]+$/u.test(plain)) return node;
	return { kind: 'or', parts: [node, { kind: 'words', words: [words.join('')], prefix }] };
}

function fieldNode(token: Extract<Token, { kind: 'field' }>): QueryNode {
	const { field, value, operator, at } = token;
	if (field === 'level' || field === 'severity') return levelNode(token);
	const name = fullName(field);
	if (operator === ':') {
		if (value.split('*').length > MOST_STARS + 1) throw badQuery(at, `expected at most ${MOST_STARS} \`*\``);
		if (field === 'source') checkSource(value, at);
		return { kind: 'glob', field: name, pattern: name === 'trace' || name === 'span' ? value.toLowerCase() : value };
	}
	const number = numberOf(value, name);
	if (number === undefined)
		throw badQuery(at, `expected a number, a duration or a size behind \`${field}${operator}\`, not \`${value}\``);
	return { kind: 'compare', field: name, operator, value: number };
}

const orList = (words: readonly string[]) => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** The name that a field has in the store. */
export function fullName(field: string): string {
	if (field === 'trace_id' || field === 'traceId') return 'trace';
	if (field === 'service.name') return 'service';
	return Object.hasOwn(FIELD_ALIASES, field) ? (FIELD_ALIASES[field] as string) : field;
}

function levelNode({ value, operator, at }: Extract<Token, { kind: 'field' }>): QueryNode {
	const severity = severityOf(value);
	if (severity === undefined) {
		const near = closest(value.toLowerCase(), SEVERITIES);
		throw badQuery(
			at,
			`expected ${orList(SEVERITIES)} behind \`level:\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`,
		);
	}
	const rank = severityRank(severity);
	if (operator === ':' || operator === '>=') return { kind: 'level', least: rank };
	if (operator === '>') return { kind: 'level', least: rank + 1 };
	return { kind: 'not', part: { kind: 'level', least: operator === '<' ? rank : rank + 1 } };
}

function checkSource(value: string, at: number): void {
	if (value.includes('*') || SOURCES.includes(value as LogSource)) return;
	const near = closest(value, SOURCES);
	throw badQuery(
		at,
		`expected ${orList(SOURCES)} behind \`source:\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`,
	);
}

function numberOf(value: string, field: string): number | undefined {
	if (/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(value)) return Number(value);
	const ms = parseDuration(value);
	if (ms !== undefined) return SECONDS.includes(field) ? ms / 1000 : ms;
	return parseSize(value);
}
