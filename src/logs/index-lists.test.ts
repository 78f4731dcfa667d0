import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { diskFault, inTransaction, openDatabase } from '../core/database.ts';
import { DayDatabase } from './day-database.ts';
import { IDS_A_MS } from './entry-row.ts';
import { barsOf, isOfLists, listOf } from './index-lists.ts';
import { type IndexQuery, matchOf, wordQuery } from './index-query.ts';
import { logEntry } from './testing-entries.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-lists-'));
after(() => rmSync(folder, { recursive: true }));

let seed = 7;
const random = (below: number): number => {
	seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
	return Math.floor((seed / 2 ** 32) * below);
};

const FROM_MS = Date.UTC(2026, 5, 10);
const WORDS = ['done', 'doner', 'do', 'a', 'zz', 'queue', 'worker', 'render'];

/** Of ten texts one fills pages with one word's places; words come and go over time, so that lists have ends. */
function textOf(at: number): string {
	if (at % 400 === 399) return `giant ${'done '.repeat(2000 + random(4000))}${at % 800 === 399 ? 'last' : ''}`;
	const rare = at % 97 === 0 ? ` rare${at % 3}` : '';
	const early = at < 3000 ? ' early' : ' late';
	return `all ${WORDS.filter(() => random(3) === 0).join(' ')}${rare}${early} w${random(4000)}`;
}

function filled(name: string, batches: readonly number[]): DatabaseSync {
	const day = new DayDatabase(join(folder, name), { open: openDatabase, inTransaction, diskFault });
	let at = 0;
	for (const size of batches) {
		const entries = Array.from({ length: size }, () => {
			const late = random(50) === 0 ? random(20_000) : 0;
			const service = random(4) === 0 ? 'other' : 'videos';
			const severity = random(9) === 0 ? 'error' : 'info';
			return logEntry(textOf(at), { timeMs: FROM_MS + at++ * 7 - late, service, severity });
		});
		day.put(entries);
	}
	after(() => day.close());
	return day.database;
}

const bySql = (database: DatabaseSync, query: IndexQuery): number[] =>
	database
		.prepare('SELECT rowid AS id FROM words WHERE words MATCH ? ORDER BY rowid')
		.all(matchOf(query))
		.map((row) => row['id'] as number);

const all = (parts: IndexQuery[], without: IndexQuery[] = []): IndexQuery => ({ kind: 'all', parts, without });
const any = (...parts: IndexQuery[]): IndexQuery => ({ kind: 'any', parts });
const named = [...WORDS, 'all', 'early', 'late', 'giant', 'last', 'rare0', 'rare2', 'nowhere', '\x01l4', '0', 'w17'];
const words = named.map(wordQuery);
const [done, doner] = words as [IndexQuery, IndexQuery];
const service = wordQuery(`\x01s${Buffer.from('videos').toString('hex')}`);
const QUERIES: readonly IndexQuery[] = [
	...words,
	service,
	all([done, service]),
	all([done, doner, service], [wordQuery('rare0')]),
	all([wordQuery('nowhere'), done]),
	all([done], [any(service, doner)]),
	all([any(done, wordQuery('rare2'), wordQuery('nowhere')), service], [wordQuery('late')]),
];

function sameAsSql(database: DatabaseSync): void {
	const ends = database.prepare('SELECT min(id) AS low, max(id) AS high FROM entry').get() as Record<string, number>;
	const [low, high] = [ends['low'] as number, ends['high'] as number];
	const ranges = [
		{ from: 0, to: Number.MAX_SAFE_INTEGER },
		...Array.from({ length: 5 }, () => {
			const from = low + random(1000) * Math.floor((high - low) / 1000);
			return { from, to: from + random(1000) * Math.floor((high - low) / 2000) };
		}),
	];
	for (const query of QUERIES) {
		const found = bySql(database, query);
		for (const range of ranges) {
			const ids = listOf(database, query, range);
			const same = ids?.join() === found.filter((id) => id >= range.from && id <= range.to).join();
			assert.ok(same, `${matchOf(query)} ${JSON.stringify(range)}`);
		}
	}
}

test('lists are what SQLite finds: many parts, merged or not, giant texts, late entries, ranges', () => {
	const database = filled(
		'many.db',
		Array.from({ length: 60 }, () => 1 + random(200)),
	);
	sameAsSql(database);
	// A merge that has only begun leaves a word in the old part or in the new one.
	for (let step = 0; step < 2; step++) {
		database.prepare("INSERT INTO words (words, rank) VALUES ('merge', ?)").run(step === 0 ? -20n : 20n);
		sameAsSql(database);
	}
	database.exec("INSERT INTO words (words) VALUES ('optimize')");
	sameAsSql(database);
});

test('one part, and none', () => {
	sameAsSql(filled('one.db', [1200]));
	const empty = new DayDatabase(join(folder, 'none.db'), { open: openDatabase, inTransaction, diskFault });
	assert.deepEqual([...(listOf(empty.database, done, { from: 0, to: 1e15 }) ?? [1])], []);
	empty.close();
});

test('SQLite is asked where another form is written, and for phrases, beginnings and letters beyond ASCII', () => {
	const database = filled('other.db', [10]);
	const block = database.prepare('SELECT block FROM words_data WHERE id = 10').get()?.['block'] as Uint8Array;
	const extended = Buffer.concat([block.subarray(0, 4), Buffer.from([0xff, 0, 0, 1]), block.subarray(4)]);
	database.enableDefensive(false);
	database.prepare('UPDATE words_data SET block = ? WHERE id = 10').run(extended);
	assert.equal(listOf(database, done, { from: 0, to: 1e15 }), null);
	const phrase: IndexQuery = { kind: 'words', words: ['a', 'b'], prefix: false };
	const begins: IndexQuery = { kind: 'words', words: ['a'], prefix: true };
	const cases = [
		done,
		service,
		all([done], [service]),
		phrase,
		begins,
		wordQuery('é'),
		any(done, phrase),
		all([done], [begins]),
	];
	assert.deepEqual(cases.map(isOfLists), [true, true, true, false, false, false, false, false]);
});

test('bars of ids', () => {
	const ids = Float64Array.of(5, 9, 10, 31, 39, 40).map((ms) => ms * IDS_A_MS);
	assert.deepEqual(barsOf(ids, 0, 10 * IDS_A_MS), [
		{ bar: 0, count: 2 },
		{ bar: 1, count: 1 },
		{ bar: 3, count: 2 },
		{ bar: 4, count: 1 },
	]);
});
