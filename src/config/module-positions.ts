/** Where the parts of a configuration stand in the module that made it, as far as its text tells that beyond doubt. */
import { exportedLiteral, type Literal, type Part } from './module-literal.ts';
import type { Path } from './problem.ts';
import { type Position, positions } from './source.ts';

/**
 * Finds a path in the text. `value`: what the module exported; a literal that says something else was changed
 * before it was exported, or is not the one. Where a part cannot be found, the nearest one above it that can;
 * null: none can.
 */
export function modulePositions(
	source: string,
	value: unknown,
): (path: Path, which: 'key' | 'value') => Position | null {
	let root: Literal | null | undefined;
	const at = positions(source);
	return (path, which) => {
		// Only a configuration with problems needs it.
		if (root === undefined) root = exportedLiteral(source);
		if (root === null || !agrees(root, value)) return null;
		const found = follow(root, value, path);
		if (found.part === null) return path.length === 0 ? at(root.start) : null;
		const wanted = which === 'value' && found.whole && found.part.literal.kind !== 'opaque';
		return at(wanted ? found.part.literal.start : found.part.keyAt);
	};
}

/** The last part on the way that is there and agrees; `whole`: it is the one that was asked for. */
function follow(root: Literal, value: unknown, path: Path): { part: Part | null; whole: boolean } {
	let part: Part | null = null;
	let literal = root;
	let actual = value;
	for (const name of path) {
		const next: Part | undefined = literal.parts.get(name);
		actual = partOf(actual, name);
		if (next === undefined || !agrees(next.literal, actual)) return { part, whole: false };
		part = next;
		literal = next.literal;
	}
	return { part, whole: true };
}

function partOf(value: unknown, name: string | number): unknown {
	if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
	return (value as Record<string | number, unknown>)[name];
}

/** Whether a literal can be where the value came from; of an object and a list only its own parts are looked at. */
function agrees(literal: Literal, value: unknown): boolean {
	if (literal.kind === 'opaque') return true;
	if (literal.kind === 'plain') return Object.is(literal.value, value);
	if (typeof value !== 'object' || value === null || Array.isArray(value) !== (literal.kind === 'list')) return false;
	if (literal.open) return true;
	if (Array.isArray(value)) return value.length === literal.parts.size;
	return Object.keys(value).every((name) => literal.parts.has(name));
}
