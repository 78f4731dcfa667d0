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

/** @param within the package's own namespace, such as `google.cloud.compute.v1` */
export function fromProtos(protos: Node, within: string, names: readonly string[]): Definitions {
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
			const words = type === 'string' ? node.nested?.[`${key[0]?.toUpperCase()}${key.slice(1)}`] : undefined;
			// Compute's enumerations travel as strings; a message names their words beside the member.
			const one = words?.values === undefined ? (scalar ?? need(short(find(type, full)))) : oneOfWords(words);
			if (keyType !== undefined) return mapOf(one);
			return rule === 'repeated' ? listOf(one) : one;
		};
		const fields = Object.entries(node.fields ?? {}).map(([key, field]) => [key, schemaOf(key, field)] as const);
		return closed(Object.fromEntries(fields));
	});
}

/** Some enumerations name their words only in a comment. */
function oneOfWords({ values }: Node): Schema {
	const words = Object.keys(values ?? {}).filter((word) => !word.startsWith('UNDEFINED_'));
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
