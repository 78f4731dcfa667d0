import type { LogEntry } from '../core/log-entry.ts';

type Fields = Record<string, string | number | boolean>;

const HOUR_MS = 3_600_000;
const MOST_DEPTH = 4;
const MOST_FIELDS = 64;
const MOST_KEY = 100;
const MOST_VALUE = 2048;
/** Looked at in one line, whatever becomes of them. */
const MOST_VISITED = 1000;
/** Says how many fields of a line found no room. */
export const DROPPED = 'fields.dropped';

/**
 * The names of fields that there are, over all lines: a hostile line cannot make ever new ones. Names
 * that found no room are counted. One flood of names must not cost the others theirs for good.
 */
export class FieldNames {
	readonly #known = new Set<string>();
	readonly #most: number;
	#sinceMs = Number.NaN;
	refused = 0;

	constructor(most = 2000) {
		this.#most = most;
	}

	accept(name: string): boolean {
		if (this.#known.has(name)) return true;
		if (this.#known.size >= this.#most) {
			this.refused++;
			return false;
		}
		this.#known.add(name);
		return true;
	}

	/** Every now and then: where there was no more room, those of the last hour make it for those that are used now. */
	tidy(nowMs: number): void {
		if (nowMs - this.#sinceMs < HOUR_MS && nowMs >= this.#sinceMs) return;
		this.#sinceMs = nowMs;
		if (this.#known.size >= this.#most) this.#known.clear();
	}
}

/** An object of JSON as flat fields: `err.message`; lists and what is too deep as JSON text. Bounded in all. */
export function flatFields(object: Readonly<Record<string, unknown>>, names: FieldNames): LogEntry['fields'] {
	const fields: Fields = {};
	let [count, visited, dropped] = [0, 0, 0];
	const add = (name: string, value: string | number | boolean): void => {
		if (count === MOST_FIELDS || name.length > MOST_KEY || !names.accept(name)) dropped++;
		else {
			count++;
			fields[name] = typeof value === 'string' ? bounded(value, MOST_VALUE) : value;
		}
	};
	const walk = (part: Readonly<Record<string, unknown>>, prefix: string, depth: number): void => {
		for (const key in part) {
			if (++visited > MOST_VISITED) {
				dropped++;
				return;
			}
			const value = part[key];
			const name = `${prefix}${key === '__proto__' ? '_proto_' : wellFormed(key)}`;
			if (typeof value === 'string' || typeof value === 'boolean') add(name, value);
			else if (typeof value === 'number') add(name, Number.isFinite(value) ? value : String(value));
			else if (typeof value !== 'object' || value === null) continue;
			else if (Array.isArray(value) || depth === MOST_DEPTH) add(name, textOf(value));
			else walk(value as Record<string, unknown>, `${name.slice(0, MOST_KEY)}.`, depth + 1);
		}
	};
	walk(object, '', 1);
	if (dropped > 0) fields[DROPPED] = dropped;
	return fields;
}

function textOf(value: object): string {
	try {
		return JSON.stringify(value);
	} catch {
		// Deeper than the stack.
		return '[too deep]';
	}
}

/** Cut to so many characters, with no half of one, and without NUL, where SQLite's functions would end. */
export function bounded(text: string, most: number): string {
	return wellFormed(text.length > most ? `${text.slice(0, most)}…` : text);
}

function wellFormed(text: string): string {
	return (text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text).toWellFormed();
}
