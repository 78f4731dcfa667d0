import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { diskFault, inTransaction, openDatabase } from '../core/database.ts';
import type { LogEntry } from '../core/log-entry.ts';
import type { Databases } from './databases.ts';
import { WEIGHT } from './entry-row.ts';
import { histogram, search } from './log-search.ts';
import { LogStore } from './log-store.ts';
import { matches } from './query-match.ts';
import { parseQuery } from './query-parse.ts';
import { SEVERITIES, SOURCES } from './severity.ts';
import { toEnd } from './steps.ts';
import { logEntry } from './testing-entries.ts';

/** Two days of UTC have their border in the middle. */
const MIDNIGHT = Date.UTC(2026, 5, 10);
const NOW = MIDNIGHT + 3_600_000;
const SPAN_MS = 2 * 3_600_000;
const DATABASES: Databases = { open: openDatabase, inTransaction, diskFault };
const folders: string[] = [];
after(() => {
	for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-counts-'));
	folders.push(folder);
	return folder;
}

function storeIn(folder: string, databases = DATABASES): LogStore {
	const tell = (problem: string) => assert.fail(problem);
	return new LogStore({ folder, keepMs: 864e5 * 7, keepBytes: 1e9, databases, tell, now: () => NOW });
}

const SERVICES = ['videos', 'Videos', '', 'vid eos', 'é"\x01'];
const ID = '12345678';
const WORDS = ['done', 'time', 'out', 'l4', 'f', 'o1', 's766964656f73', '\x01l4', '\x01f', 'x\x01done', 'Done', ID];
const ROUTES = ['GET /v1/page', 'POST /v1/page', 'GET /v2'];

const entries = fc.record({
	timeMs: fc.integer({ min: NOW - SPAN_MS, max: NOW }),
	severity: fc.constantFrom(...SEVERITIES),
	source: fc.constantFrom(...SOURCES),
	service: fc.constantFrom(...SERVICES),
	words: fc.array(fc.constantFrom(...WORDS), { maxLength: 4 }),
	route: fc.option(fc.constantFrom(...ROUTES), { nil: undefined }),
	status: fc.option(fc.constantFrom(200, 404, 500, 503), { nil: undefined }),
	duration: fc.option(fc.constantFrom(0.1, 2), { nil: undefined }),
	weight: fc.constantFrom(1, 10),
});

function entryOf(made: typeof entries extends fc.Arbitrary<infer T> ? T : never, at: number): LogEntry {
	const { timeMs, severity, source, service, words, route, status, duration, weight } = made;
	const fields: Record<string, string | number> = {};
	if (route !== undefined) fields['http.route'] = route;
	if (status !== undefined) fields['http.response.status_code'] = status;
	if (duration !== undefined) fields['duration_s'] = duration;
	// Those of requests that went well are a sample, and have no message.
	if (source === 'access' && words.length === 0) fields[WEIGHT] = weight;
	return logEntry(words.join(' '), { timeMs, severity, source, service, instance: `i-${at}`, fields });
}

const TERMS = [
	'done',
	'time',
	'"time out"',
	'd*',
	'l4',
	'f',
	'level:trace',
	'level:info',
	'level:warn',
	'level:error',
	'level:fatal',
	'source:access',
	'source:instance',
	'source:*e*',
	'source:*',
	'service:videos',
	'service:""',
	'service:v*',
	'service:"é\\"\x01"',
	'route:*page',
	'route:*',
	'route:""',
	'status>=500',
	'status:500',
	'duration>1s',
	'message:*done*',
];
const term = fc.tuple(fc.boolean(), fc.constantFrom(...TERMS)).map(([not, text]) => (not ? `-${text}` : text));
const queries = fc.oneof(
	term,
	fc.array(term, { minLength: 2, maxLength: 4 }).map((terms) => terms.join(' ')),
	fc.tuple(term, term, term).map(([one, two, three]) => `${one} (${two} OR ${three})`),
	fc.tuple(term, term, term).map(([one, two, three]) => `(${one} ${two}) OR ${three}`),
	fc.tuple(term, term, term).map(([one, two, three]) => `${one} -(${two} ${three})`),
);

/** The same by a look at each entry. */
function check(store: LogStore, all: readonly LogEntry[], query: string, buckets: number): void {
	const tree = parseQuery(query);
	const fit = all.filter((entry) => matches(tree, entry));
	const range = { fromMs: NOW - SPAN_MS, toMs: NOW };
	const { fromMs, stepMs, counts, whole } = toEnd(histogram(store.files, { query, ...range, buckets }));
	const expected = new Array<number>(counts.length).fill(0);
	for (const { timeMs, fields } of fit)
		(expected[Math.floor((timeMs - fromMs) / stepMs)] as number) += Number(fields[WEIGHT] ?? 1);
	assert.deepEqual(counts, expected, query);
	assert.equal(whole, true);
	const found = toEnd(search(store.files, { query, ...range, limit: 5000 })).entries;
	const shown = (some: readonly LogEntry[]) => some.map(({ instance }) => instance).sort();
	assert.deepEqual(shown(found), shown(fit), query);
}

test('counts by the index are those of a look at each entry', () => {
	fc.assert(
		fc.property(
			fc.array(entries, { minLength: 1, maxLength: 60 }),
			fc.array(queries, { minLength: 8, maxLength: 16 }),
			fc.constantFrom(1, 7, 60, 400),
			(made, asked, buckets) => {
				const store = storeIn(newFolder());
				try {
					const all = made.map(entryOf);
					store.put(all);
					for (const query of asked) check(store, all, query, buckets);
				} finally {
					store.close();
				}
			},
		),
		{ numRuns: 25 },
	);
});

test('the same where bars are counted one by one, and of rows that an earlier version wrote', () => {
	const [sample] = fc.sample(fc.array(entries, { minLength: 4000, maxLength: 4000 }), { numRuns: 1, seed: 7 });
	const all = (sample ?? []).map((made, at) => {
		// What the earlier version wrote is indexed with its identifiers: no phrase goes past them.
		const words = made.words.filter((word) => word !== ID);
		return entryOf({ ...made, words: words.length === 0 ? [] : ['done', ...words] }, at);
	});
	const folder = newFolder();
	// What came with later steps but this store needs to write: they make it if it is not there.
	const first = (steps: readonly string[]) => [`${steps[0]}${steps[2]}`];
	const old = storeIn(folder, { ...DATABASES, open: (path, steps) => openDatabase(path, first(steps)) });
	old.put(all.slice(0, 2000));
	old.close();
	const store = storeIn(folder);
	store.put(all.slice(2000));
	for (const query of [
		'done',
		'done level:error',
		'done service:videos',
		'done -source:event',
		'route:*page',
		'done route:*page',
	])
		for (const buckets of [1, 2, 120]) check(store, all, query, buckets);
	for (const query of fc.sample(queries, { numRuns: 40, seed: 7 })) check(store, all, query, 4);
	store.close();
});
