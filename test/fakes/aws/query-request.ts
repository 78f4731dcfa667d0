/**
 * Reads a request of the Query protocols into the values that the model names: `Filters.member.1.Name=…` of
 * Auto Scaling and ELB, `InstanceId.1=…` of EC2. What no member is named for is a fault, as is a wrong type.
 */
import type { Member, Shape, Traits } from './model.ts';

interface Node {
	value: string | null;
	readonly children: Map<string, Node>;
}

export interface ReadRequest {
	value: Record<string, unknown>;
	faults: string[];
}

export function readQuery(form: URLSearchParams, shape: Shape, dialect: 'query' | 'ec2'): ReadRequest {
	const root: Node = { value: null, children: new Map() };
	for (const [name, value] of form) {
		if (name === 'Action' || name === 'Version') continue;
		let node = root;
		for (const part of name.split('.')) {
			let next = node.children.get(part);
			if (next === undefined) node.children.set(part, (next = { value: null, children: new Map() }));
			node = next;
		}
		node.value = value;
	}
	const reader = new Reader(dialect);
	const value = reader.structure(root, shape, '');
	return { value, faults: reader.faults };
}

class Reader {
	readonly faults: string[] = [];
	readonly #dialect: 'query' | 'ec2';

	constructor(dialect: 'query' | 'ec2') {
		this.#dialect = dialect;
	}

	structure(node: Node, shape: Shape, path: string): Record<string, unknown> {
		const value: Record<string, unknown> = {};
		const left = new Map(node.children);
		for (const [name, member] of shape.members) {
			const key = this.#key(name, { ...member.shape().traits, ...member.traits });
			const child = left.get(key);
			if (child === undefined) continue;
			left.delete(key);
			value[name] = this.#member(child, member, `${path}${key}`);
		}
		for (const key of left.keys()) this.faults.push(`${path}${key}: no such parameter`);
		return value;
	}

	#member(node: Node, member: Member, path: string): unknown {
		const shape = member.shape();
		if (shape.kind === 'structure') return this.structure(node, shape, `${path}.`);
		if (shape.kind === 'list') return this.#list(node, member, path);
		if (node.children.size > 0 || node.value === null) {
			this.faults.push(`${path}: has parts, and is a ${shape.kind}`);
			return undefined;
		}
		return this.#simple(node.value, shape, path);
	}

	#list(node: Node, member: Member, path: string): unknown[] {
		const element = member.shape().element as Member;
		const flat =
			this.#dialect === 'ec2' ||
			member.traits.xmlFlattened !== undefined ||
			member.shape().traits.xmlFlattened !== undefined;
		// An empty list of the Query protocol is written `Names=`.
		if (node.value === '' && node.children.size === 0) return [];
		const items = flat ? node : node.children.get(element.traits.xmlName ?? 'member');
		if (items === undefined) {
			this.faults.push(`${path}: a list without its members`);
			return [];
		}
		const count = items.children.size;
		return Array.from({ length: count }, (_, at) => {
			const one = items.children.get(String(at + 1));
			if (one !== undefined) return this.#member(one, element, `${path}.${at + 1}`);
			this.faults.push(`${path}: the members of the list are not numbered from 1`);
			return undefined;
		});
	}

	#simple(text: string, shape: Shape, path: string): unknown {
		if (shape.kind === 'text') return text;
		if (shape.kind === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
		if (shape.kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
		if (shape.kind === 'time' && !Number.isNaN(Date.parse(text))) return new Date(text);
		this.faults.push(`${path}: \`${text}\` is no ${shape.kind}`);
		return undefined;
	}

	#key(name: string, traits: Traits): string {
		if (this.#dialect === 'query') return traits.xmlName ?? name;
		if (traits.ec2QueryName !== undefined) return traits.ec2QueryName;
		const key = traits.xmlName ?? name;
		return key.charAt(0).toUpperCase() + key.slice(1);
	}
}
