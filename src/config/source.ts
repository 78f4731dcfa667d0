/** One file of a configuration, read: its value, and where each part of it stands. */
import type { Path, Problem } from './problem.ts';

export interface Position {
	line: number;
	column: number;
}

export interface Source {
	/** Absolute path. */
	readonly file: string;
	/** Plain data: objects without a prototype's help, lists, text, numbers, booleans, null. */
	readonly value: unknown;
	/** Where a key or its value stands, or the nearest part above it that is there; null: the file has no positions. */
	locate(path: Path, at: 'key' | 'value'): Position | null;
}

/** What reading a file gives: a source unless it cannot be used at all. */
export interface ReadResult {
	source: Source | null;
	problems: Problem[];
	/** Absolute paths of all that was read, the file itself first. */
	files: string[];
}

/** Line and column (from 1) of an offset. */
export function positions(text: string): (offset: number) => Position {
	const starts = [0];
	for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
	return (offset) => {
		let low = 0;
		let high = starts.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if ((starts[middle] as number) <= offset) low = middle;
			else high = middle - 1;
		}
		return { line: low + 1, column: offset - (starts[low] as number) + 1 };
	};
}

/** A problem of the file as a whole, or at a position in it. */
export function fileProblem(file: string, message: string, position: Position | null = null): Problem {
	return { file, line: position?.line ?? null, column: position?.column ?? null, path: '', value: null, message };
}

/** Parts that one file may hold; more is no configuration. */
const MAX_PARTS = 200_000;
const MAX_DEPTH = 64;

/**
 * Copies plain data, so that nothing shared, endless or clever is left in it. Keys whose value is
 * undefined are left out. A sentence when it is no plain data.
 */
export function plainCopy(value: unknown): { value: unknown } | string {
	let parts = 0;
	const copy = (part: unknown, depth: number): unknown => {
		if (++parts > MAX_PARTS) throw new Unusable('expected a configuration; this one has too many parts');
		if (depth > MAX_DEPTH)
			throw new Unusable(`expected a configuration; this one is nested more than ${MAX_DEPTH} deep`);
		if (part === null || typeof part !== 'object') {
			if (['string', 'number', 'boolean', 'undefined'].includes(typeof part) || part === null) return part;
			throw new Unusable(`expected plain data; a ${typeof part} cannot stand in a configuration`);
		}
		if (Array.isArray(part)) return part.map((element) => copy(element, depth + 1));
		const prototype = Object.getPrototypeOf(part);
		if (prototype !== Object.prototype && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
			throw new Unusable('expected plain data; an instance of a class cannot stand in a configuration');
		}
		return copyObject(part as Record<string, unknown>, (element) => copy(element, depth + 1));
	};
	try {
		return { value: copy(value, 0) };
	} catch (error) {
		if (error instanceof Unusable) return error.message;
		throw error;
	}
}

function copyObject(object: Record<string, unknown>, copy: (part: unknown) => unknown): Record<string, unknown> {
	const result: Record<string, unknown> = {};
	for (const [name, part] of Object.entries(object)) {
		if (name === '__proto__') throw new Unusable('expected other keys; `__proto__` cannot be one');
		if (part !== undefined) result[name] = copy(part);
	}
	return result;
}

class Unusable extends Error {}
