/** Reading what a running Ballast answers: it may be another version, and what it hands on came from anywhere. */
import { BallastError } from '../core/errors.ts';

export type Fields = Record<string, unknown>;

/** Throws `command_failed` naming the place. */
export function record(value: unknown, at: string): Fields {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unknownForm(at);
	return value as Fields;
}

/** Throws `command_failed` naming the place. */
export function list<T>(value: unknown, at: string, read: (element: Fields, at: string) => T): T[] {
	if (!Array.isArray(value)) throw unknownForm(at);
	return value.map((element, index) => read(record(element, `${at}[${index}]`), `${at}[${index}]`));
}

/** Throws `command_failed` naming the place. */
export function text(value: unknown, at: string): string {
	if (typeof value !== 'string') throw unknownForm(at);
	return value;
}

/** JSON writes a number that is none as null. Throws `command_failed` naming the place. */
export function number(value: unknown, at: string): number {
	if (value === null) return Number.NaN;
	if (typeof value !== 'number') throw unknownForm(at);
	return value;
}

/** What may be missing: '' then, and for what is no text. */
export function textOr(value: unknown, otherwise = ''): string {
	return typeof value === 'string' ? value : otherwise;
}

/** What may be missing: NaN then, unless said otherwise. */
export function numberOr(value: unknown, otherwise: number = Number.NaN): number {
	return typeof value === 'number' ? value : otherwise;
}

/** What may be missing: each element that is an object; nothing where it is no list. */
export function listOr(value: unknown): Fields[] {
	return Array.isArray(value) ? value.filter((each) => typeof each === 'object' && each !== null) : [];
}

/** What may be missing: the texts, numbers and truths of it; whatever else is in it is left out. */
export function flatFields(value: unknown): Record<string, string | number | boolean> {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
	const flat = Object.entries(value).filter(([, each]) => ['string', 'number', 'boolean'].includes(typeof each));
	return Object.fromEntries(flat) as Record<string, string | number | boolean>;
}

/** What may be missing: the texts of it. */
export function labelsOf(value: unknown): Record<string, string> {
	return Object.fromEntries(Object.entries(flatFields(value)).map(([name, each]) => [name, String(each)]));
}

export function unknownForm(at: string): BallastError {
	return new BallastError(
		'command_failed',
		`the running Ballast answers in a form that this version does not know (${at}); use the \`ballast\` that it was started with, or \`ballast upgrade\``,
	);
}
