/** What the simulator keeps: in memory, and where a file is named in that file too, so that a new start finds it. */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

type Line = [shelf: string, id: string, value: unknown];

/** A file of changes, one JSON line each; the last line about an id counts. */
export class Journal {
	readonly #path: string | undefined;
	readonly #found = new Map<string, Map<string, unknown>>();

	/** Throws where the file is there and cannot be read. */
	constructor(path: string | undefined) {
		this.#path = path;
		if (path === undefined || !existsSync(path)) return;
		for (const line of readFileSync(path, 'utf8').split('\n')) this.#take(line);
		this.#compact(path);
	}

	/** What the file said of a shelf when it was opened. */
	found(shelf: string): Map<string, unknown> {
		return this.#found.get(shelf) ?? new Map();
	}

	write(...line: Line): void {
		if (this.#path !== undefined) appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
	}

	/** A line that a kill cut off is the last one, and nobody had an answer yet. */
	#take(text: string): void {
		if (!text.endsWith(']')) return;
		let line: Line;
		try {
			line = JSON.parse(text);
		} catch {
			return;
		}
		const [shelf, id, value] = line;
		const values = this.#found.get(shelf) ?? new Map();
		this.#found.set(shelf, values);
		if (value === null) values.delete(id);
		else values.set(id, value);
	}

	#compact(path: string): void {
		const lines: string[] = [];
		for (const [shelf, values] of this.#found) {
			for (const [id, value] of values) lines.push(`${JSON.stringify([shelf, id, value])}\n`);
		}
		writeFileSync(`${path}.new`, lines.join(''));
		renameSync(`${path}.new`, path);
	}
}

/** Things by id, in the order in which they came. */
export class Shelf<T> {
	readonly #name: string;
	readonly #journal: Journal;
	readonly #items: Map<string, T>;

	constructor(name: string, journal: Journal) {
		this.#name = name;
		this.#journal = journal;
		this.#items = journal.found(name) as Map<string, T>;
	}

	get size(): number {
		return this.#items.size;
	}

	get(id: string): T | undefined {
		return this.#items.get(id);
	}

	/** Also to be called after a change of what stands there. */
	put(id: string, item: T): void {
		this.#items.set(id, item);
		this.#journal.write(this.#name, id, item);
	}

	drop(id: string): void {
		if (this.#items.delete(id)) this.#journal.write(this.#name, id, null);
	}

	values(): IterableIterator<T> {
		return this.#items.values();
	}

	entries(): IterableIterator<[string, T]> {
		return this.#items.entries();
	}

	/** Drops the oldest until no more than so many are left. */
	keep(most: number): void {
		for (const id of this.#items.keys()) {
			if (this.#items.size <= most) return;
			this.drop(id);
		}
	}
}
