/**
 * The lists of the text index, read from its pages: of each word the ids of the entries that have it. SQLite gives
 * them one row at a time, which takes five times as long as to read them where millions are counted. The format is
 * that of FTS5 (SQLite's fts5_index.c, "segment leaf pages"); it stays, since what older versions wrote must be read.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { IdList } from './id-list.ts';

/** A part of the index, written at one time; pages are numbered within. */
interface Segment {
	id: number;
	firstPage: number;
	lastPage: number;
}

/** Where the list of a word goes on. */
interface Place {
	page: Uint8Array;
	at: number;
	/** The list of another word begins there, or the page ends. */
	end: number;
	/** This page holds the end of the list. */
	last: boolean;
}

const STRUCTURE = 10n;
/** Pages of a segment have ids from here on: its number times this. */
const PAGES = 2n ** 37n;
/** Before each word: it belongs to the index of whole words. */
const WHOLE_WORD = '0';

export class IndexPages {
	readonly #page: StatementSync;
	readonly #pages: StatementSync;
	readonly #placeOf: StatementSync;
	readonly #placeBehind: StatementSync;
	readonly #segments: readonly Segment[] | null;

	/** Within one transaction: what is read must belong together. */
	constructor(database: DatabaseSync) {
		this.#page = database.prepare('SELECT block FROM words_data WHERE id = ?');
		this.#pages = database.prepare('SELECT block FROM words_data WHERE id BETWEEN ? AND ? ORDER BY id');
		this.#placeOf = database.prepare(
			'SELECT pgno / 2 AS page FROM words_idx WHERE segid = ? AND term <= ? ORDER BY term DESC LIMIT 1',
		);
		this.#placeBehind = database.prepare(
			'SELECT pgno / 2 AS page FROM words_idx WHERE segid = ? AND term > ? ORDER BY term LIMIT 1',
		);
		this.#segments = segmentsOf(blockOf(this.#page.get(STRUCTURE)));
	}

	/** Ids of the range, and of `within` if that is given, whose entries have the word, in order; null: SQLite has to be asked. */
	idsOf(word: string, { from, to }: { from: number; to: number }, within: Float64Array | null): Float64Array | null {
		if (this.#segments === null) return null;
		const term = Buffer.from(WHOLE_WORD + word);
		const list = new IdList(from, to, within);
		for (const segment of this.#segments) if (!this.#read(segment, term, list)) return null;
		return list.sorted();
	}

	/** False: something is written in a way that is not known here. */
	#read(segment: Segment, term: Buffer, list: IdList): boolean {
		const begins = pageOf(this.#placeOf.get(segment.id, term)) ?? segment.firstPage;
		const page = this.#pageAt(segment, begins);
		const place = page === null ? null : placeOf(page, term);
		if (place === null) return true;
		list.anew();
		list.begin();
		if (!list.read(place.page, place.at, place.end)) return false;
		if (place.last || list.full) return true;
		// The next word's page may begin with the end of this list.
		const ends = pageOf(this.#placeBehind.get(segment.id, term)) ?? segment.lastPage;
		return this.#readOn(
			segment,
			{ begins: this.#pageBefore(segment, { begins: begins + 1, ends }, list.from), ends },
			list,
		);
	}

	#readOn(segment: Segment, { begins, ends }: { begins: number; ends: number }, list: IdList): boolean {
		for (const row of this.#pages.iterate(idOf(segment, begins), idOf(segment, ends))) {
			const page = blockOf(row) as Uint8Array;
			const at = firstId(page);
			const end = firstTerm(page);
			// What was begun before fills the page.
			if (at === 0 && end === sizeOf(page)) continue;
			if (at === 0 || at > end) return true;
			list.begin();
			if (!list.read(page, at, end)) return false;
			if (list.full || end < sizeOf(page)) return true;
		}
		return true;
	}

	/** Of pages that all belong to one list: one that begins at or before an id, as late as can be told cheaply. */
	#pageBefore(segment: Segment, { begins, ends }: { begins: number; ends: number }, from: number): number {
		let [low, high] = [begins, ends];
		while (low < high - 1) {
			const middle = Math.floor((low + high) / 2);
			const page = this.#pageAt(segment, middle);
			const at = page === null ? 0 : firstId(page);
			// A page without an id of its own: a long text fills it.
			if (page === null || at === 0 || varintAt(page, at) > from) high = middle;
			else low = middle;
		}
		return low;
	}

	#pageAt(segment: Segment, page: number): Uint8Array | null {
		return blockOf(this.#page.get(idOf(segment, page)));
	}
}

const idOf = (segment: Segment, page: number): bigint => BigInt(segment.id) * PAGES + BigInt(page);
const blockOf = (row: Record<string, unknown> | undefined): Uint8Array | null =>
	(row?.['block'] as Uint8Array | undefined) ?? null;
const pageOf = (row: Record<string, unknown> | undefined): number | undefined => row?.['page'] as number | undefined;

const sizeOf = (page: Uint8Array): number => ((page[2] as number) << 8) | (page[3] as number);
/** Where the first id stands that is written in full; 0: nowhere. */
const firstId = (page: Uint8Array): number => ((page[0] as number) << 8) | (page[1] as number);
/** Where the first word stands; the end: nowhere. */
const firstTerm = (page: Uint8Array): number =>
	sizeOf(page) < page.length ? varintAt(page, sizeOf(page)) : sizeOf(page);

/** A number of SQLite's: seven bits a byte, the highest first. Below 2^53. */
function varintAt(bytes: Uint8Array, at: number): number {
	let byte = bytes[at] as number;
	let value = byte & 0x7f;
	for (let next = at + 1; byte >= 0x80; next++) {
		byte = bytes[next] as number;
		value = value * 128 + (byte & 0x7f);
	}
	return value;
}

function varintEnd(bytes: Uint8Array, at: number): number {
	let end = at;
	while ((bytes[end] as number) >= 0x80) end++;
	return end + 1;
}

/** Where the list of a term stands on a page; null: it does not. */
function placeOf(page: Uint8Array, term: Buffer): Place | null {
	const size = sizeOf(page);
	let before = Buffer.alloc(0);
	for (let index = size, at = 0; index < page.length; ) {
		at += varintAt(page, index);
		const first = index === size;
		index = varintEnd(page, index);
		let text = at;
		let same = 0;
		if (!first) {
			same = varintAt(page, text);
			text = varintEnd(page, text);
		}
		const length = varintAt(page, text);
		text = varintEnd(page, text);
		const found = Buffer.concat([before.subarray(0, same), page.subarray(text, text + length)]);
		const last = index < page.length;
		if (found.equals(term)) return { page, at: text + length, end: last ? at + varintAt(page, index) : size, last };
		before = found;
	}
	return null;
}

/** The parts that the index has; null: it is of another form than is known here. */
function segmentsOf(structure: Uint8Array | null): Segment[] | null {
	// An extended form has a mark behind the first four bytes.
	if (structure === null || structure[4] === 0xff) return null;
	let at = 4;
	const next = (): number => {
		const value = varintAt(structure, at);
		at = varintEnd(structure, at);
		return value;
	};
	const levels = next();
	next();
	next();
	const segments: Segment[] = [];
	for (let level = 0; level < levels; level++) {
		next();
		for (let left = next(); left > 0; left--) {
			const [id, firstPage, lastPage] = [next(), next(), next()];
			segments.push({ id, firstPage, lastPage });
		}
	}
	return segments;
}
