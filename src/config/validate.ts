/**
 * Holds a file against its schema. All that is wrong is found at once: what is wrong is cut out and
 * the rest goes on to be resolved and checked, so that its faults are told too.
 */
import type { z } from 'zod';
import { ACCEPTED_KEYS } from '../core/schema.ts';
import type { Path } from './problem.ts';
import { isLaterKey, unknownKey } from './unknown-key.ts';

type Issue = z.core.$ZodIssue;

/** Something wrong at a path of a file. */
export interface Finding {
	path: Path;
	message: string;
	at: 'key' | 'value';
	/** Whether the value can be shown. */
	show: boolean;
}

export interface Validated<T> {
	/** What is left after all that is wrong was cut out; undefined when nothing is. */
	value: T | undefined;
	findings: Finding[];
	/** What was cut out; nothing can be said about these paths and what hangs on them. */
	cut: Path[];
}

export function validate<S extends z.ZodType>(schema: S, input: unknown): Validated<z.output<S>> {
	const rest = structuredClone(input);
	const findings: Finding[] = [];
	const cut: Path[] = [];
	for (let round = 0; round < 20; round++) {
		const result = schema.safeParse(rest);
		if (result.success) return { value: result.data, findings, cut };
		const found = result.error.issues.flatMap((issue) => findingsOf(issue, [], rest));
		const now: Path[] = [];
		for (const finding of found) {
			// Cutting one fault out can only bring up others that follow from it.
			if (round === 0) findings.push(finding);
			if (now.some((one) => isPrefix(one, finding.path))) continue;
			const removed = remove(rest, finding.path);
			if (removed === undefined) return { value: undefined, findings, cut: [...cut, []] };
			now.push(removed);
		}
		cut.push(...now);
	}
	return { value: undefined, findings, cut: [...cut, []] };
}

function findingsOf(issue: Issue, prefix: Path, root: unknown): Finding[] {
	const path: Path = [...prefix, ...(issue.path as (string | number)[])];
	if (issue.code === 'unrecognized_keys') {
		const accepted = issue.message.startsWith(ACCEPTED_KEYS)
			? issue.message.slice(ACCEPTED_KEYS.length).split(', ')
			: [];
		return issue.keys.map((name) => {
			const at = [...path, name];
			return { path: at, message: unknownKey(name, accepted, at), at: 'key', show: false };
		});
	}
	if (issue.code === 'invalid_union') {
		const form = meantForm(issue, valueAt(root, path));
		if (form !== undefined) return form.flatMap((inner) => findingsOf(inner, path, root));
	}
	const there = valueAt(root, path) !== undefined;
	if (there) return [{ path, message: issue.message, at: 'value', show: true }];
	return [{ path, message: `missing; ${issue.message}`, at: 'key', show: false }];
}

/** Which of several forms was meant, told by its issues; undefined when that cannot be told. */
function meantForm(issue: Issue & { code: 'invalid_union' }, value: unknown): readonly Issue[] | undefined {
	const fitting = issue.errors.filter(
		(issues) => !issues.some((inner) => inner.path.length === 0 && isOfAnotherType(inner, value)),
	);
	const later = fitting
		.flat()
		.find((inner) => inner.code === 'unrecognized_keys' && inner.path.length === 0 && inner.keys.some(isLaterKey));
	if (later?.code === 'unrecognized_keys') return [{ ...later, keys: later.keys.filter(isLaterKey) }];
	const costs = fitting.map((issues) =>
		issues.reduce((sum, inner) => sum + (inner.code === 'unrecognized_keys' ? inner.keys.length : 1), 0),
	);
	const least = Math.min(...costs);
	const [best, ...more] = fitting.filter((_, at) => costs[at] === least);
	return best === undefined || more.length > 0 || isOneWord(best) ? undefined : best;
}

/** A form that is a single word was not meant by another word: all forms are named then. */
const isOneWord = ([issue]: readonly Issue[]): boolean =>
	issue?.code === 'invalid_value' && issue.path.length === 0 && issue.values.length === 1;

function isOfAnotherType(issue: Issue, value: unknown): boolean {
	if (issue.code === 'invalid_union') {
		return issue.errors.every((form) => form.some((inner) => inner.path.length === 0 && isOfAnotherType(inner, value)));
	}
	if (issue.code === 'invalid_type') return !(typeof value === 'number' && issue.expected === 'int');
	return (
		issue.code === 'invalid_value' &&
		(typeof value !== 'string' || issue.values.some((accepted) => typeof accepted !== 'string'))
	);
}

const isPrefix = (prefix: Path, path: Path) => prefix.every((part, at) => part === path[at]);

/** The part of plain data at a path; undefined when there is none. */
export function valueAt(root: unknown, path: Path): unknown {
	let value = root;
	for (const part of path) {
		if (value === null || typeof value !== 'object' || !Object.hasOwn(value, part)) return undefined;
		value = (value as Record<string | number, unknown>)[part];
	}
	return value;
}

/**
 * Takes the part at a path out, or, where it is missing or in a list, the part above. Gives the path
 * of what went; undefined when nothing would be left.
 */
function remove(root: unknown, path: Path): Path | undefined {
	for (let length = path.length; length > 0; length--) {
		const parent = valueAt(root, path.slice(0, length - 1));
		const name = path[length - 1] as string | number;
		if (parent === null || typeof parent !== 'object' || Array.isArray(parent) || !Object.hasOwn(parent, name))
			continue;
		delete (parent as Record<string | number, unknown>)[name];
		return path.slice(0, length);
	}
	return undefined;
}
