/** What a request says of how it wants to be answered (RFC 7240). */
export interface Preferences {
	/** `respond-async`. */
	async: boolean;
	/** `wait`, s; null: not said. */
	waitS: number | null;
	/** All other preferences, as they came; '': none. */
	rest: string;
}

/** Most that a `wait` holds an answer, s. */
export const WAIT_MOST_S = 60;

/** A longer list asks for nothing: it was made to be hard to read. */
const LIST_MOST = 1000;

/** Most requests say the same as the one before. */
let last = { list: '', read: read('') };

/** Reads all `Prefer` fields of a request as one list. Of a preference that is said twice the first counts (§2). */
export function parsePrefer(list: string): Readonly<Preferences> {
	if (list !== last.list) last = { list, read: read(list) };
	return last.read;
}

function read(list: string): Preferences {
	const found: Preferences = { async: false, waitS: null, rest: '' };
	if (list.length > LIST_MOST) return { ...found, rest: list };
	const rest: string[] = [];
	for (const part of list.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []) {
		const text = part.trim();
		const [, name = '', value] = /^([^\s;=]+)\s*(?:=\s*"?([^";]*)"?)?/.exec(text) ?? [];
		const word = name.toLowerCase();
		if (word === 'respond-async') found.async = true;
		else if (word === 'wait') found.waitS ??= secondsOf(value);
		else if (text !== '') rest.push(text);
	}
	found.rest = rest.join(', ');
	return found;
}

function secondsOf(value: string | undefined): number | null {
	const text = (value ?? '').trim();
	return /^\d{1,9}$/.test(text) ? Math.min(Number(text), WAIT_MOST_S) : null;
}
