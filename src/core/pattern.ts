/** Regular expressions that a person wrote and strangers feed: what is refused beforehand, and how one that takes long is ended. */
import { createContext, Script } from 'node:vm';

/** Most time for one match, ms: meanwhile nothing else is probed. */
const MATCH_MS = 20;
const MOST_LENGTH = 500;

/**
 * What is wrong with a pattern. Besides what is no regular expression this refuses what can take
 * exponential time, as far as it can be told: a repetition within a repetition, and back-references.
 */
export function complainOfPattern(source: string): string | undefined {
	const expected = 'expected a regular expression such as "status": *"ok"';
	if (source === '') return `${expected}; an empty one fits everything`;
	if (source.length > MOST_LENGTH) return `${expected} of at most ${MOST_LENGTH} characters`;
	try {
		new RegExp(source, 'u');
	} catch (error) {
		const why = /: ([^:]+)$/.exec(error instanceof Error ? error.message : '')?.[1];
		return `${expected}; this one is not valid${why === undefined ? '' : `: ${why.toLowerCase()}`}`;
	}
	if (/(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)/.test(source)) return `${expected}, without references back such as \\1`;
	if (repeatsRepetition(source))
		return `${expected}; a repetition within a repetition such as (a+)+ can take for ever: repeat only one of them`;
	return undefined;
}

/** Whether a group that holds a quantifier is repeated itself. `source` is a valid pattern. */
function repeatsRepetition(source: string): boolean {
	/** For each group that is open: whether it holds a quantifier. */
	const groups = [false];
	let closed = false;
	for (let at = 0; at < source.length; at++) {
		const quantifier = quantifierAt(source, at);
		if (quantifier !== null) {
			if (closed && quantifier.repeats) return true;
			groups[groups.length - 1] = true;
			at += quantifier.length - 1;
			continue;
		}
		closed = false;
		if (source[at] === '\\') at = endOfEscape(source, at);
		else if (source[at] === '[') at = endOfClass(source, at);
		else if (source[at] === '(') {
			groups.push(false);
			if (source[at + 1] === '?') at = source.indexOf(groupMark(source, at), at);
		} else if (source[at] === ')') {
			closed = groups.pop() === true;
			// What a group holds its own group holds too.
			if (closed) groups[groups.length - 1] = true;
		}
	}
	return false;
}

/** The last character of what stands behind `(` and is no part of the pattern: `?:`, `?<name>`, `?<=`. */
function groupMark(source: string, at: number): string {
	if (/^\(\?<[=!]/.test(source.slice(at))) return source[at + 3] as string;
	return source[at + 2] === '<' ? '>' : (source[at + 2] as string);
}

function quantifierAt(source: string, at: number): { length: number; repeats: boolean } | null {
	const found = /^(?:[*+]|\?|\{\d+(?:,(\d*))?\})\??/.exec(source.slice(at, at + 24));
	if (found === null) return null;
	const [text, most] = found;
	const fixed = text.startsWith('{') ? most === undefined : text.startsWith('?');
	return { length: text.length, repeats: !fixed };
}

/** `\u{61}` and `\p{L}` hold braces that repeat nothing. */
function endOfEscape(source: string, at: number): number {
	return /^\\[upP]\{/.test(source.slice(at, at + 3)) ? source.indexOf('}', at) : at + 1;
}

function endOfClass(source: string, from: number): number {
	let at = from + 1;
	while (at < source.length && source[at] !== ']') at += source[at] === '\\' ? 2 : 1;
	return at;
}

/** A realm of its own: the only way to end a regular expression that runs, short of a thread. */
const realm = createContext(Object.assign(Object.create(null), { source: '', text: '' }), { name: 'match' });
const script = new Script("new RegExp(source, 'u').test(text)");

/** Whether a pattern fits; null when that took too long to find out. */
export function fits(source: string, text: string): boolean | null {
	realm['source'] = source;
	realm['text'] = text;
	// The limit is of the clock: on a busy machine it passes while nothing runs. A pattern that is slow is so twice.
	const found = run() ?? run();
	realm['text'] = '';
	return found;
}

function run(): boolean | null {
	try {
		return script.runInContext(realm, { timeout: MATCH_MS }) === true;
	} catch {
		return null;
	}
}
