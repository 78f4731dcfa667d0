/** Reads YAML 1.2 (and merge keys), with positions. */
import {
	type Document,
	isAlias,
	isCollection,
	isMap,
	isPair,
	isScalar,
	isSeq,
	type Node,
	type Pair,
	parseDocument,
	visit,
	type YAMLMap,
} from 'yaml';
import type { Path, Problem } from './problem.ts';
import { fileProblem, plainCopy, positions, type ReadResult, type Source } from './source.ts';

/** Aliases that may be followed; more is a bomb. */
const MAX_ALIASES = 1000;
const TOO_MANY_ALIASES = `expected at most ${MAX_ALIASES} uses of aliases`;
const MOST_PROBLEMS = 20;

/** What the parser complains of, in our words: its own quote the file, which may hold a secret. */
const SYNTAX: Record<string, string> = {
	BAD_ALIAS: 'expected an alias to an anchor that stands before it',
	BAD_DQ_ESCAPE:
		'expected a known escape after `\\` in text in double quotes; in single quotes `\\` is a plain character',
	BAD_INDENT:
		'expected another indentation: the keys of one map start in the same column, and what belongs to a key further right',
	BAD_SCALAR_START: 'expected text in quotes: it starts with a character that YAML reserves (@ or a backquote)',
	BLOCK_AS_IMPLICIT_KEY: 'expected one value; a value that holds `: ` needs quotes',
	DUPLICATE_KEY: 'expected each key once',
	KEY_OVER_1024_CHARS: 'expected a key of at most 1024 characters',
	MISSING_CHAR: 'expected a quote, bracket, comma or colon that is missing here',
	MULTILINE_IMPLICIT_KEY: 'expected a `:` after the key, on the same line',
	MULTIPLE_DOCS: 'expected one document; this file has several (`---`)',
	NON_STRING_KEY: 'expected text as a key',
	TAB_AS_INDENT: 'expected blanks: a tab cannot indent YAML',
	TAG_RESOLVE_FAILED: 'expected a plain value; tags such as !this are not known here',
	UNEXPECTED_TOKEN: 'expected the end of the value; this does not belong here (is a quote or an indentation wrong?)',
};

export function readYaml(file: string, text: string): ReadResult {
	const at = positions(text);
	const problems: Problem[] = [];
	const say = (message: string, offset: number) => {
		if (problems.length < MOST_PROBLEMS) problems.push(fileProblem(file, message, at(offset)));
	};
	// Unique keys are looked at below: the parser's own check takes a minute for a megabyte.
	const options = {
		prettyErrors: false,
		merge: true,
		stringKeys: true,
		uniqueKeys: false,
		resolveKnownTags: false,
		logLevel: 'error',
	} as const;
	const document = parseDocument(text, options) as Document;
	for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
		say(sentenceOf(code, message), pos[0]);
	}
	if (problems.length === 0) complainOfKeysAndAliases(document, say);
	if (problems.length > 0) return { source: null, problems, files: [file] };
	const value = documentValue(document);
	if (typeof value === 'string') return { source: null, problems: [fileProblem(file, value)], files: [file] };
	const locate: Source['locate'] = (path, which) => {
		const offset = locateIn(document, path, which);
		return offset === undefined ? { line: 1, column: 1 } : at(offset);
	};
	return { source: { file, value: value.value, locate }, problems, files: [file] };
}

function sentenceOf(code: string, message: string): string {
	if (message.includes('call stack')) return 'expected a configuration; this one is nested too deep';
	if (code === 'BAD_INDENT' && message.startsWith('Flow'))
		return 'expected the bracket that closes a list or map before this';
	return SYNTAX[code] ?? 'expected valid YAML';
}

function documentValue(document: Document): { value: unknown } | string {
	try {
		return plainCopy(document.toJS({ maxAliasCount: MAX_ALIASES }));
	} catch (error) {
		// Aliases of aliases can still be too many.
		if (error instanceof ReferenceError || error instanceof RangeError) {
			return TOO_MANY_ALIASES;
		}
		throw error;
	}
}

function complainOfKeysAndAliases(document: Document, say: (message: string, offset: number) => void): void {
	let aliases = 0;
	const targets = targetsOf(document);
	visit(document, {
		Map(_, map) {
			complainOfKeys(map, targets, say);
		},
		Alias(_, alias, ancestors) {
			const at = startOf(alias) ?? 0;
			if (++aliases > MAX_ALIASES) {
				say(TOO_MANY_ALIASES, at);
				return visit.BREAK;
			}
			const target = targets.get(alias);
			if (target === undefined) say(SYNTAX['BAD_ALIAS'] as string, at);
			else if (ancestors.includes(target as never)) say('expected an alias that does not hold itself', at);
			return undefined;
		},
	});
}

/** What each alias stands for. (Asked for one at a time, the parser goes through the whole file for each.) */
function targetsOf(document: Document): ReadonlyMap<unknown, Node> {
	const anchors = new Map<string, Node>();
	const targets = new Map<unknown, Node>();
	visit(document, {
		Node(_, node) {
			if (!isAlias(node)) {
				if (node.anchor !== undefined) anchors.set(node.anchor, node);
				return;
			}
			const target = anchors.get(node.source);
			if (target !== undefined) targets.set(node, target);
		},
	});
	return targets;
}

function complainOfKeys(
	map: YAMLMap,
	targets: ReadonlyMap<unknown, Node>,
	say: (message: string, offset: number) => void,
): void {
	const seen = new Set<string>();
	for (const { key, value } of map.items) {
		if (!isScalar(key)) continue;
		const name = String(key.value);
		const at = startOf(key) ?? 0;
		if (name === '<<') {
			const merged = (isSeq(value) ? value.items : [value]).map((one) => (isAlias(one) ? targets.get(one) : one));
			if (!merged.every((one) => isMap(one))) say('expected a map, or aliases to maps, behind the merge key `<<`', at);
		} else if (seen.has(name)) {
			say(`expected each key once; \`${name.slice(0, 60)}\` stands there twice`, at);
		}
		seen.add(name);
	}
}

const startOf = (node: unknown): number | undefined => (node as Node | null)?.range?.[0];

/** Offset of a key or value, or of the nearest part above it. */
function locateIn(document: Document, path: Path, which: 'key' | 'value'): number | undefined {
	let node: unknown = document.contents;
	let found: { key: number | undefined; value: unknown } = { key: undefined, value: node };
	for (const part of path) {
		const next = step(document, node, part);
		if (next === undefined) return found.key ?? startOf(found.value);
		found = next;
		node = next.value;
	}
	const block = isCollection(found.value) && found.value.flow !== true;
	if (found.key !== undefined && (which === 'key' || block)) return found.key;
	return startOf(found.value) ?? found.key;
}

function step(
	document: Document,
	from: unknown,
	part: string | number,
): { key: number | undefined; value: unknown } | undefined {
	const node = isAlias(from) ? from.resolve(document) : from;
	if (isSeq(node)) {
		const item = node.items[Number(part)];
		return item === undefined ? undefined : { key: undefined, value: item };
	}
	if (!isMap(node)) return undefined;
	const own = node.items.find((pair: Pair) => isScalar(pair.key) && String(pair.key.value) === String(part));
	if (own !== undefined) return { key: startOf(own.key), value: own.value };
	for (const pair of node.items) {
		if (!isPair(pair) || !isScalar(pair.key) || pair.key.value !== '<<') continue;
		for (const merged of isSeq(pair.value) ? pair.value.items : [pair.value]) {
			const found = step(document, merged, part);
			if (found !== undefined) return found;
		}
	}
	return undefined;
}
