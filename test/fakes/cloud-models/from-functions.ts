/**
 * JSON Schemas of the functions that the newer management packages of Azure ship: `xSerializer` (requests) and
 * `xDeserializer` (answers) in `models.js` name every member as it travels, the interfaces in `models.d.ts` say its
 * type.
 */
import { ANYTHING, closed, closure, type Definitions, listOf, mapOf, type Schema, TEXT } from './json-schema.ts';

export interface Sources {
	/** Text of all `models.js`. */
	readonly code: string;
	/** Text of all `models.d.ts`. */
	readonly types: string;
}

interface Member {
	readonly type: string;
	readonly optional: boolean;
}

/** @param names of functions, such as `virtualMachineScaleSetDeserializer` */
export function fromFunctions(sources: Sources, names: readonly string[]): Definitions {
	const reader = new TypeReader(sources.types);
	return closure(names, (name, need) => {
		const body = new RegExp(`^function ${name}\\((?:item|result)\\) \\{\\n  return ([\\s\\S]*?);\\n\\}`, 'm').exec(
			sources.code,
		)?.[1];
		if (body === undefined) throw new Error(`the package has no function ${name} of a known form`);
		const each = /^result\.map\(\(item\) => \{\s*return ([^;]*);?\s*\}\)$/.exec(body);
		if (each !== null) return listOf(called(each[1] as string, need) ?? ANYTHING);
		return objectOf(body, reader.membersOf(interfaceName(name, reader)), {
			need,
			reader,
			writes: !name.endsWith('Deserializer'),
		});
	});
}

interface Help {
	readonly need: (name: string) => Schema;
	readonly reader: TypeReader;
	/** Of a function that writes, the names that travel stand outside; of one that reads, inside. */
	readonly writes: boolean;
}

function objectOf(body: string, members: ReadonlyMap<string, Member>, { need, reader, writes }: Help): Schema {
	const properties: Record<string, Schema> = {};
	const required: string[] = [];
	for (const entry of entriesOf(body)) {
		const spread = /^\.\.\.!item\["(\w+)"\] \? item\["\1"\] : (.*)$/s.exec(entry);
		if (spread !== null) {
			properties[spread[1] as string] = called(spread[2] as string, need) ?? ANYTHING;
			continue;
		}
		const wrapped = /^"?([\w.@-]+)"?: \(0, [\w.]*areAllPropsUndefined\)\(.*\) \? void 0 : (\w+\(item\))$/s.exec(entry);
		if (wrapped !== null) {
			properties[wrapped[1] as string] = called(wrapped[2] as string, need) ?? ANYTHING;
			continue;
		}
		const [, key = '', value = ''] = /^"?([\w.@$-]+)"?: (.*)$/s.exec(entry) ?? [];
		const inner = /item\["([^"]+)"\]/.exec(value)?.[1] ?? key;
		const member = members.get(key) ?? members.get(inner);
		const wire = writes ? key : inner;
		properties[wire] = called(value, need) ?? reader.schemaOf(member?.type ?? 'any', need);
		if (member !== undefined && !member.optional) required.push(wire);
	}
	return closed(properties, required);
}

/** `(0, import_models.skuDeserializer)(item["sku"])` → a reference to `skuDeserializer`. */
function called(expression: string, need: (name: string) => Schema): Schema | undefined {
	const name = /\b(\w+(?:Serializer|Deserializer))\)?\(\s*(?:item|p)\b/.exec(expression)?.[1];
	if (name === undefined) return undefined;
	if (/\.map\(/.test(expression) && !/Array(?:Serializer|Deserializer)$/.test(name)) return listOf(need(name));
	return /Record(?:Serializer|Deserializer)$/.test(name) ? mapOf(ANYTHING) : need(name);
}

/** The members of an object literal, split at its own commas. */
function entriesOf(literal: string): string[] {
	const inside = literal.trim().replace(/^\{/, '').replace(/\}$/, '');
	const entries: string[] = [];
	let depth = 0;
	let entry = '';
	for (const char of inside) {
		if ('([{'.includes(char)) depth++;
		if (')]}'.includes(char)) depth--;
		if (char === ',' && depth === 0) {
			entries.push(entry.trim());
			entry = '';
		} else entry += char;
	}
	return [...entries, entry.trim()].filter((text) => text !== '');
}

/** `_virtualMachinePropertiesDeserializer` → `VirtualMachineProperties`. */
function interfaceName(name: string, reader: TypeReader): string {
	const plain = name.replace(/^_/, '').replace(/(?:Serializer|Deserializer)$/, '');
	return reader.declared(`${name}`) ?? `${plain[0]?.toUpperCase()}${plain.slice(1)}`;
}

/** Reads the interfaces and enumerations of a `.d.ts`. */
class TypeReader {
	readonly #text: string;

	constructor(text: string) {
		this.#text = text.replace(/\/\*[\s\S]*?\*\//g, '');
	}

	/** The interface that a function takes or gives, as it is declared. */
	declared(name: string): string | undefined {
		const found = new RegExp(`declare function ${name}\\(item: (\\w+)\\): (\\w+|\\{)`).exec(this.#text);
		const type = found?.[1] === 'any' ? found[2] : found?.[1];
		return type === 'any' || type === '{' ? undefined : type;
	}

	membersOf(name: string): Map<string, Member> {
		const found = new RegExp(`export interface ${name}(?: extends ([\\w, ]+))? \\{([^}]*)\\}`).exec(this.#text);
		const members = new Map<string, Member>();
		for (const parent of found?.[1]?.split(',') ?? []) {
			for (const [key, member] of this.membersOf(parent.trim())) members.set(key, member);
		}
		for (const line of (found?.[2] ?? '').split(';')) {
			const [, key, optional, type] = /^\s*(?:readonly )?"?([\w.@$-]+)"?(\?)?: ([\s\S]+)$/.exec(line) ?? [];
			if (key !== undefined && type !== undefined) members.set(key, { type: type.trim(), optional: optional === '?' });
		}
		return members;
	}

	schemaOf(type: string, need: (name: string) => Schema): Schema {
		const element = /^(?:Array<(.+)>|(.+)\[\])$/.exec(type);
		if (element !== null) return listOf(this.schemaOf((element[1] ?? element[2]) as string, need));
		const record = /^Record<string, (.+)>$/.exec(type);
		if (record !== null) return mapOf(this.schemaOf(record[1] as string, need));
		if (type === 'string') return TEXT;
		if (type === 'number' || type === 'boolean') return { type };
		if (type === 'Date') return { type: 'string', format: 'date-time' };
		const words = new RegExp(`enum Known${type} \\{([^}]*)\\}`).exec(this.#text)?.[1];
		if (words !== undefined) return { enum: [...words.matchAll(/"([^"]*)"/g)].map((found) => found[1]) };
		const union = new RegExp(`export type ${type} = ("[^;]*);`).exec(this.#text)?.[1];
		if (union !== undefined) return { enum: [...union.matchAll(/"([^"]*)"/g)].map((found) => found[1]) };
		return ANYTHING;
	}
}
