import type { KeyedHash } from '../../core/keyed-hash.ts';
import type { PurgeSelect } from '../answer-store.ts';
import { placeOf } from './plain-place.ts';
import { beginsUnder, placesOf } from './purge-key.ts';

/** 64-bit floats: when all was purged. */
const ALL_AT = 0;
const LENGTHS_AT = 8;
/** Longer prefixes are cut: they mean more then. */
const PREFIX_MOST = 4096;
const TABLES_AT: number = LENGTHS_AT + PREFIX_MOST / 8 + 8;
const PLACES = 262_144;
const PREFIX_PLACES = 131_072;
/** Subsets of more parameters than these are not told apart: all queries of the path are meant. */
const PARAMETERS_MOST = 4;
const SPACE = 32;

/** What a hash is of. */
const Kind = { changed: 1, url: 2, tag: 3, prefix: 4 } as const;

/** A purge of URLs that were changed, too: by what all keys of the URL begin with, as text of one byte a character. */
export type SharedPurge = PurgeSelect | { readonly changed: readonly string[] };

/**
 * When what was purged, in memory that all threads of a node share and that never grows: a place for each few bits of a
 * hash, with the time of the last purge that met there, by the clock of Redis, or a count of purges. What is kept in Redis is asked for by many
 * names, so that a purge does not look for it: who finds it asks here whether it was asked for since. Some other answer
 * meets the same place: it counts as purged, too, which is no harm.
 */
export class PurgeTimes {
	static readonly BYTES: number = TABLES_AT + (PLACES + PREFIX_PLACES) * 8;
	readonly #hash: KeyedHash;
	readonly #all: Float64Array;
	/** Which lengths of prefixes there are. */
	readonly #lengths: Uint8Array;
	readonly #places: Float64Array;
	readonly #prefixes: Float64Array;

	/** From `at`, a multiple of 8, in `buffer`. */
	constructor(buffer: SharedArrayBuffer, at: number, hash: KeyedHash) {
		this.#hash = hash;
		this.#all = new Float64Array(buffer, at + ALL_AT, 1);
		this.#lengths = new Uint8Array(buffer, at + LENGTHS_AT, PREFIX_MOST / 8 + 1);
		this.#places = new Float64Array(buffer, at + TABLES_AT, PLACES);
		this.#prefixes = new Float64Array(buffer, at + TABLES_AT + PLACES * 8, PREFIX_PLACES);
	}

	/** What was asked for until `ms` is purged. */
	mark(purge: SharedPurge, ms: number): void {
		if ('everything' in purge) this.#all[0] = Math.max(this.#all[0] as number, ms);
		else if ('urls' in purge) for (const url of purge.urls) this.#markUrl(url, ms);
		else if ('prefixes' in purge) for (const prefix of purge.prefixes) this.#markPrefix(prefix, ms);
		else if ('tags' in purge) for (const tag of purge.tags) this.#put(Kind.tag, Buffer.from(tag), ms);
		else for (const url of purge.changed) this.#put(Kind.changed, Buffer.from(url, 'latin1'), ms);
	}

	/** When an answer was purged the last time; 0: never. `key`: its bytes. */
	lastMs(key: Buffer, tags: readonly string[]): number {
		const space = key.indexOf(SPACE, 1);
		const url = space < 0 ? key : key.subarray(0, space);
		const place = placeOf(key);
		const placeMs = Math.max(this.#urlMs(place), this.#prefixMs(Buffer.from(place, 'latin1')));
		let last = Math.max(this.#all[0] as number, this.#at(Kind.changed, url), placeMs);
		for (const tag of tags) last = Math.max(last, this.#at(Kind.tag, Buffer.from(tag)));
		return last;
	}

	#put(kind: number, bytes: Uint8Array, ms: number): void {
		const at = this.#placeOf(kind, bytes, bytes.length) & (PLACES - 1);
		this.#places[at] = Math.max(this.#places[at] as number, ms);
	}

	#at(kind: number, bytes: Uint8Array): number {
		return this.#places[this.#placeOf(kind, bytes, bytes.length) & (PLACES - 1)] as number;
	}

	#placeOf(kind: number, bytes: Uint8Array, length: number): number {
		const hash = this.#hash;
		hash.begin();
		hash.bytes(kind, bytes, 0, length);
		hash.finish();
		return hash.a;
	}

	/** As `keysOf`: keys may leave parameters out, or have them in another order. */
	#markUrl(text: string, ms: number): void {
		const places = placesOf(text);
		if (places === null) return;
		const parameters = places.parameters.toSorted();
		const queries = parameters.length > PARAMETERS_MOST ? ['?*'] : subsetsOf(parameters);
		for (const path of places.paths) {
			this.#put(Kind.url, Buffer.from(path, 'latin1'), ms);
			for (const query of queries) this.#put(Kind.url, Buffer.from(path + query, 'latin1'), ms);
		}
	}

	#urlMs(place: string): number {
		const [path = '', query] = place.split(/\?(.*)/s, 2);
		if (query === undefined) return this.#at(Kind.url, Buffer.from(path, 'latin1'));
		const own = [...new Set(query.split('&'))].sort().join('&');
		const at = (text: string): number => this.#at(Kind.url, Buffer.from(`${path}?${text}`, 'latin1'));
		return Math.max(at(own), at('*'));
	}

	/** As `keysUnder`. */
	#markPrefix(prefix: string, ms: number): void {
		for (const begin of beginsUnder(prefix)) {
			const bytes = Buffer.from(begin, 'latin1').subarray(0, PREFIX_MOST);
			const { length } = bytes;
			const at = this.#placeOf(Kind.prefix, bytes, length) & (PREFIX_PLACES - 1);
			this.#prefixes[at] = Math.max(this.#prefixes[at] as number, ms);
			this.#lengths[length >> 3] = (this.#lengths[length >> 3] as number) | (1 << (length & 7));
		}
	}

	#prefixMs(place: Buffer): number {
		let last = 0;
		const most = Math.min(place.length, PREFIX_MOST);
		for (let group = 0; group <= most >> 3; group++) {
			const bits = this.#lengths[group] as number;
			for (let length = group * 8; bits >> (length & 7) !== 0 && length <= most; length++) {
				if (((bits >> (length & 7)) & 1) === 1) {
					const at = this.#placeOf(Kind.prefix, place, length) & (PREFIX_PLACES - 1);
					last = Math.max(last, this.#prefixes[at] as number);
				}
				if ((length & 7) === 7) break;
			}
		}
		return last;
	}
}

/** All lists that leave some of these out, but the empty one. */
function subsetsOf(parameters: readonly string[]): string[] {
	const subsets: string[] = [];
	for (let bits = 1; bits < 1 << parameters.length; bits++)
		subsets.push(`?${parameters.filter((_, at) => ((bits >> at) & 1) === 1).join('&')}`);
	return subsets;
}
