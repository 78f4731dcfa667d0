/**
 * JSON Schemas of protocol buffer messages as their JSON form has them (proto3 JSON mapping): 64-bit numbers are
 * strings, enumerations are their names. Read from the `protos.json` that Google's packages ship.
 */
import { ANYTHING, closed, closure, type Definitions, listOf, mapOf, type Schema, TEXT } from './json-schema.ts';

interface Field {
	type: string;
	rule?: 'repeated';
	keyType?: string;
}

interface Node {
	nested?: Record<string, Node>;
	fields?: Record<string, Field>;
	values?: Record<string, number>;
}

const SCALARS: Record<string, Schema> = {
	string: TEXT,
	bytes: TEXT,
	bool: { type: 'boolean' },
	int32: { type: 'integer' },
	uint32: { type: 'integer', minimum: 0 },
	int64: { type: 'string', pattern: '^-?\\d+$' },
	uint64: { type: 'string', pattern: '^\\d+$' },
	float: { type: 'number' },
	double: { type: 'number' },
	'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
	'google.protobuf.Duration': { type: 'string', pattern: '^-?\\d+(\\.\\d+)?s$' },
	'google.protobuf.Struct': ANYTHING,
	'google.protobuf.Any': ANYTHING,
};

/**
 * Words of enumerations that Compute Engine's `.proto` names in comments alone, by `Message.Enumeration`: “Additional
 * supported values which may be not listed in the enum directly due to technical reasons”.
 */
export function wordsInComments(proto: string): Map<string, readonly string[]> {
	const found = new Map<string, readonly string[]>();
	let message = '';
	let words: string[] | null = null;
	for (const line of proto.split('\n')) {
		message = /^message (\w+) \{/.exec(line)?.[1] ?? message;
		const word = /^ {2}\/\/ ([A-Z][A-Z0-9_]*)$/.exec(line)?.[1];
		const name = /^ {2}enum (\w+) \{/.exec(line)?.[1];
		if (line.startsWith('  // Additional supported values')) words = [];
		else if (words !== null && word !== undefined) words.push(word);
		else if (words !== null && name !== undefined) {
			found.set(`${message}.${name}`, words);
			words = null;
		} else words = null;
	}
	return found;
}

export interface Published {
	readonly protos: Node;
	/** The package's own namespace, such as `google.cloud.compute.v1`. */
	readonly within: string;
	/** As `wordsInComments` finds them; default none. */
	readonly words?: ReadonlyMap<string, readonly string[]>;
}

export function fromProtos({ protos, within, words: said }: Published, names: readonly string[]): Definitions {
	const all = messagesOf(protos);
	const find = (type: string, from: string): string => {
		for (let scope = from; scope !== ''; scope = scope.slice(0, Math.max(scope.lastIndexOf('.'), 0))) {
			if (all.has(`${scope}.${type}`)) return `${scope}.${type}`;
		}
		if (all.has(type)) return type;
		throw new Error(`${type}, which ${from} has, is in no file of the package`);
	};
	const short = (full: string) => (full.startsWith(`${within}.`) ? full.slice(within.length + 1) : full);
	return closure(names, (name, need) => {
		const full = find(name, within);
		const node = all.get(full) as Node;
		if (node.values !== undefined) return oneOfWords(node);
		const schemaOf = (key: string, { type, rule, keyType }: Field): Schema => {
			const scalar = SCALARS[type.replace(/^\./, '')];
			const own = `${key[0]?.toUpperCase()}${key.slice(1)}`;
			const words = type === 'string' ? node.nested?.[own] : undefined;
			// Compute's enumerations travel as strings; a message names their words beside the member.
			const one =
				words?.values === undefined
					? (scalar ?? need(short(find(type, full))))
					: oneOfWords(words, said?.get(`${name}.${own}`));
			if (keyType !== undefined) return mapOf(one);
			return rule === 'repeated' ? listOf(one) : one;
		};
		const fields = Object.entries(node.fields ?? {}).map(([key, field]) => [key, schemaOf(key, field)] as const);
		return closed(Object.fromEntries(fields));
	});
}

/** Some enumerations name their words only in prose. */
function oneOfWords({ values }: Node, more: readonly string[] = []): Schema {
	const words = [...Object.keys(values ?? {}), ...more].filter((word) => !word.startsWith('UNDEFINED_'));
	return words.length === 0 ? TEXT : { enum: words };
}

function messagesOf(root: Node): Map<string, Node> {
	const found = new Map<string, Node>();
	const walk = (node: Node, path: string) => {
		if (node.fields !== undefined || node.values !== undefined) found.set(path, node);
		for (const [name, child] of Object.entries(node.nested ?? {})) walk(child, path === '' ? name : `${path}.${name}`);
	};
	walk(root, '');
	return found;
}
