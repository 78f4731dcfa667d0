/** What a file has by name, each of a type with keys of its own: channels, targets of purges. */
import { closest } from '../core/closest.ts';
import { orList } from '../core/or-list.ts';
import type { Place } from './scope.ts';

/** The types that there are, and the keys of each: those that must be there, then those that may. */
export interface EntryTypes<T extends string> {
	/** What one of them is called: `channel`. */
	noun: string;
	types: readonly T[];
	keys: Readonly<Record<T, readonly [must: readonly string[], may: readonly string[]]>>;
}

/** One of them as it stands in the file. */
export interface Entry<I> {
	input: I;
	place: Place;
	/** Filled with all that must not be shown. */
	secrets: string[];
}

type Written<T> = Readonly<Record<string, unknown>> & { type?: T | undefined };

/** The type of an entry whose name and keys are good; null (and a problem) where they are not. */
export function typeOfEntry<T extends string>(
	name: string,
	of: EntryTypes<T>,
	{ input, place }: Pick<Entry<Written<T>>, 'input' | 'place'>,
): T | null {
	if (!/^[a-z][a-z0-9_-]{0,62}$/i.test(name))
		place.problem('expected a name of letters, digits, `_` and `-`, a letter first, at most 63', { at: 'key' });
	const type = typeOf(name, of, { input, place });
	return type === null || !checkKeys(type, of, { input, place }) ? null : type;
}

function typeOf<T extends string>(
	name: string,
	{ types }: EntryTypes<T>,
	{ input, place }: Pick<Entry<Written<T>>, 'input' | 'place'>,
): T | null {
	if (input.type !== undefined) return input.type;
	const named = types.find((type) => type === name);
	if (named !== undefined) return named;
	if (place.at('type').isCut()) return null;
	const near = closest(name, types);
	const meant = near === undefined ? '' : `; did you mean \`${near}\`?`;
	place.problem(`expected a \`type\`, since the name is none of ${orList(types)}${meant}`, { at: 'key' });
	return null;
}

function checkKeys<T extends string>(
	type: T,
	{ noun, keys }: EntryTypes<T>,
	{ input, place }: Pick<Entry<Written<T>>, 'input' | 'place'>,
): boolean {
	const [must, may] = keys[type];
	for (const key of Object.keys(input)) {
		if (key === 'type' || key === 'rate' || must.includes(key) || may.includes(key)) continue;
		const message = `expected nothing here: a ${noun} of type ${type} takes ${[...must, ...may].join(', ')}`;
		place.at(key).problem(message, { at: 'key' });
	}
	const missing = must.filter((key) => input[key] === undefined);
	if (missing.length > 0 && !place.lostKey()) {
		const names = missing.map((key) => `\`${key}\``).join(' and ');
		place.problem(`expected ${names}: a ${noun} of type ${type} needs it`, { at: 'key' });
	}
	return missing.length === 0;
}

type HeaderInput = Readonly<Record<string, unknown>>;

/** The header fields that are sent to somebody. Whatever stands in a field may be a token. */
export function headersOf({ input, place, secrets }: Entry<{ headers?: HeaderInput | undefined }>): [string, string][] {
	return Object.entries(input.headers ?? {}).flatMap(([name, value]) => {
		const at = place.at('headers', name);
		if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name))
			at.problem('expected the name of a header field', { at: 'key' });
		const text = typeof value === 'object' ? at.secret(value as Parameters<Place['secret']>[0]) : String(value);
		if (text === undefined) return [];
		if (!/^[\t\x20-\x7e]*$/.test(text)) {
			at.problem('expected text of ASCII on one line');
			return [];
		}
		if (text !== '') secrets.push(text);
		return [[name, text] satisfies [string, string]];
	});
}
