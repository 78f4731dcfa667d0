/** Whether a request or an answer is as the model says. */
import type { Shape } from './model.ts';

/** Everything that is wrong, each with its path; empty: all is well. */
export function complainOf(value: unknown, shape: Shape, path: string = shape.name): string[] {
	switch (shape.kind) {
		case 'unit':
			return value === undefined || (isRecord(value) && Object.keys(value).length === 0) ? [] : [`${path}: not empty`];
		case 'structure':
			return isRecord(value) ? complainOfMembers(value, shape, path) : [`${path}: not a structure`];
		case 'list': {
			const element = shape.element;
			if (!Array.isArray(value) || element === null) return [`${path}: not a list`];
			return value.flatMap((one, at) => complainOf(one, element.shape(), `${path}[${at}]`));
		}
		case 'map': {
			const element = shape.element;
			if (!isRecord(value) || element === null) return [`${path}: not a map`];
			return Object.entries(value).flatMap(([key, one]) => complainOf(one, element.shape(), `${path}.${key}`));
		}
		default:
			return fits(value, shape.kind) ? [] : [`${path}: expected ${shape.kind}, got ${typeof value}`];
	}
}

function complainOfMembers(value: Record<string, unknown>, shape: Shape, path: string): string[] {
	const found: string[] = [];
	for (const [name, member] of shape.members) {
		const one = value[name];
		if (one === undefined || one === null) {
			if (member.required) found.push(`${path}.${name}: missing`);
		} else found.push(...complainOf(one, member.shape(), `${path}.${name}`));
	}
	for (const name of Object.keys(value)) {
		if (!shape.members.has(name)) found.push(`${path}.${name}: no such member`);
	}
	return found;
}

function fits(value: unknown, kind: Shape['kind']): boolean {
	if (kind === 'text') return typeof value === 'string';
	if (kind === 'number') return typeof value === 'number' && Number.isFinite(value);
	if (kind === 'boolean') return typeof value === 'boolean';
	if (kind === 'time') return value instanceof Date && !Number.isNaN(value.getTime());
	if (kind === 'blob') return value instanceof Uint8Array;
	return true;
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
