import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { AccessEntry } from '../core/access-entry.ts';
import { diskFault, inTransaction, openDatabase } from '../core/database.ts';
import type { LogEntry } from '../core/log-entry.ts';
import type { LogsConfig } from './config.ts';
import { type AccessBatch, LogBook } from './log-book.ts';
import type { LogSink } from './log-sink.ts';
import { toEnd } from './steps.ts';
import { accessEntry, logEntry } from './testing-entries.ts';

const NOW = Date.UTC(2026, 5, 10, 12, 0, 1);
const root = mkdtempSync(join(tmpdir(), 'ballast-book-'));
const books: LogBook[] = [];
after(() => {
	for (const book of books) book.close();
	rmSync(root, { recursive: true });
});

function bookWith(config: Partial<LogsConfig> = {}, sinks: LogSink[] = []): { book: LogBook; told: string[] } {
	const told: string[] = [];
	const book = new LogBook({
		config: {
			access: null,
			redact: { patterns: [], keys: [] },
			keepMs: 1e9,
			keepBytes: 1e9,
			slowMs: 1000,
			sample: 1,
			forward: [],
			...config,
		},
		folder: join(root, String(books.length)),
		databases: { open: openDatabase, inTransaction, diskFault },
		tell: (problem) => told.push(problem),
		sinks,
		now: () => NOW,
	});
	books.push(book);
	return { book, told };
}

const range = { fromMs: NOW - 86_400_000, toMs: NOW + 1000 };
const find = (book: LogBook, query: string): LogEntry[] => toEnd(book.search({ query, ...range })).entries;
/** All of them for the access log; `rows` of them for the store, default all. */
const batch = (entries: AccessEntry[], rows = entries): AccessBatch => ({ entries, lines: entries, rows });
const output = (line: string) => ({ timeMs: NOW, service: 'api', instance: 'api-1', stream: 'stdout' as const, line });

test('a secret reaches neither the access log, the store, a follower nor a sink', () => {
	const path = join(root, 'access.log');
	const seen: LogEntry[] = [];
	const sent: LogEntry[] = [];
	const sink: LogSink = { dropped: 0, send: (entries) => void sent.push(...entries), close: () => {} };
	const { book } = bookWith({ access: { path, format: 'json', rotate: null, sample: 1 } }, [sink]);
	book.follow('', (entries) => seen.push(...entries));
	book.access(batch([accessEntry({ query: 'token=hush1', path: '/u/hush2@example.com' })]));
	book.output([output('password=hush3'), output('{"msg":"Authorization: Bearer hush4","apiKey":"hush5"}')]);
	book.entries([logEntry('cookie: hush6')]);
	book.flush();
	const all = JSON.stringify([seen, sent, find(book, '')]) + readFileSync(path, 'utf8');
	assert.doesNotMatch(all, /hush/);
	assert.equal(all.match(/\[redacted\]/g)?.length, 3 * 6 + 2);
	assert.equal(seen.length, 4);
	assert.equal(sent.length, 4);
});

test('requests are sampled into the store, and all of them reach who follows', () => {
	const { book } = bookWith({ sample: 0 });
	const seen: LogEntry[] = [];
	const stop = book.follow('source:access', (entries) => seen.push(...entries));
	const failed = accessEntry({ status: 502, error: 'connect_refused' });
	const slow = accessEntry({ durationUs: 2e6, weight: 10 });
	book.access(batch([accessEntry(), failed, slow], [failed, slow]));
	assert.deepEqual(
		seen.map((entry) => entry.fields['http.response.status_code']),
		[200, 502, 200],
	);
	assert.deepEqual(
		find(book, 'source:access').map(({ fields }) => fields['weight']),
		[10, undefined],
	);
	assert.equal(find(book, 'refused level:error')[0]?.fields['error.type'], 'connect_refused');
	stop?.();
	book.access(batch([accessEntry({ status: 500 })]));
	assert.equal(seen.length, 3);
	assert.deepEqual([book.figures().stored, book.figures().errors], [2, 2]);
});

test('who follows a flood gets a part of it, and is told how much is left out', () => {
	const { book } = bookWith();
	let [taken, skipped] = [0, 0];
	book.follow('flood', (entries, left) => {
		taken += entries.length;
		skipped += left;
	});
	for (let at = 0; at < 5; at++) book.output(Array.from({ length: 1000 }, () => output('a flood')));
	assert.deepEqual([taken, skipped], [1000, 4000]);
	assert.throws(() => book.follow('(', () => {}), { code: 'bad_query' });
	for (let at = 0; at < 31; at++) book.follow('', () => {});
	assert.equal(
		book.follow('', () => {}),
		null,
	);
});

test('hostile lines are stored bounded, found, and harm nothing', () => {
	const { book, told } = bookWith();
	const hostile = [
		'x'.repeat(1_000_000),
		'\0\x01\x02\xff\ud800 binary',
		'\x1b]0;title\x07\x1b[2J escape',
		"'); DROP TABLE entry; -- sql",
		'<img src=x onerror=alert(1)> html',
		`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
		`{"msg":"manykeys",${Array.from({ length: 3000 }, (_, at) => `"key${at}":${at}`).join(',')}}`,
		'"quoted" NEAR(a b) * ^ : fts',
		'{"msg":"proto","__proto__":{"polluted":true}}',
	];
	book.output(hostile.map(output));
	for (let at = 0; at < 3000; at++) book.output([output(`{"msg":"distinct","k${at}":1}`)]);
	book.flush();
	assert.equal(book.figures().stored, hostile.length + 3000);
	assert.deepEqual(told, []);
	for (const word of ['binary', 'escape', 'sql', 'html', 'fts', 'manykeys', 'proto'])
		assert.equal(find(book, `${word} -distinct`).length, 1, word);
	assert.equal(find(book, "DROP TABLE 'entry;' -distinct")[0]?.message, hostile[3]);
	assert.equal(find(book, '"DROP TABLE entry"').length, 1);
	for (const entry of find(book, '')) assert.ok(JSON.stringify(entry).length < 30_000);
	const names = new Set<string>();
	for (const entry of [...book.export({ query: '', ...range })].join('').trim().split('\n'))
		for (const name of Object.keys(JSON.parse(entry) as object)) names.add(name);
	assert.ok(names.size < 2100, `${names.size} names`);
	assert.ok(book.figures().fieldsRefused > 900);
	assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('what came from elsewhere is bounded too', () => {
	const { book } = bookWith();
	book.entries([
		logEntry('y'.repeat(100_000), {
			source: 'remote',
			service: 's'.repeat(1000),
			traceId: "x'y",
			fields: { big: 'z'.repeat(10_000) },
		}),
	]);
	const [entry] = find(book, 'source:remote');
	assert.deepEqual(
		[entry?.message.length, entry?.service.length, entry?.traceId, String(entry?.fields['big']).length],
		[8193, 201, '', 2049],
	);
});

test('ever new services are kept under one name', () => {
	const { book } = bookWith();
	book.entries(Array.from({ length: 1100 }, (_, at) => logEntry('m', { source: 'remote', service: `s${at}` })));
	assert.equal(toEnd(book.top({ query: '', field: 'service', ...range })).values[0]?.value, '(other)');
	assert.equal(find(book, 'service:"(other)"').length, 100);
});

test('all questions have an answer, also of nothing', () => {
	const { book } = bookWith();
	const question = { query: 'nothing', ...range };
	assert.deepEqual(toEnd(book.search(question)), {
		entries: [],
		more: false,
		cursor: String((NOW - 86_400_000) * 1024),
		searched: NOW - 86_400_000,
	});
	assert.equal(
		toEnd(book.histogram({ ...question, buckets: 24 })).counts.every((count) => count === 0),
		true,
	);
	assert.deepEqual(toEnd(book.top({ ...question, field: 'route' })), { values: [], others: 0, whole: true });
	assert.equal(toEnd(book.percentiles({ ...question, field: 'duration' })).count, 0);
	assert.equal(toEnd(book.analytics(range)).all.requests, 0);
	assert.deepEqual(book.patterns({}), []);
	book.tick();
	book.reopen();
	assert.equal([...book.export(question)].length, 0);
});

test('each answer can cross to another thread', () => {
	const { book } = bookWith();
	book.access(batch([accessEntry(), accessEntry({ status: 500 })]));
	book.output([output('ERROR it broke')]);
	const question = { query: '', ...range };
	for (const answer of [
		toEnd(book.search(question)),
		toEnd(book.histogram(question)),
		toEnd(book.top({ ...question, field: 'status' })),
		toEnd(book.percentiles({ ...question, field: 'duration' })),
		toEnd(book.analytics(range)),
		book.patterns({ sinceMs: 0 }),
		book.figures(),
	])
		assert.deepEqual(structuredClone(answer), answer);
	assert.equal(book.patterns({ sinceMs: 0 })[0]?.fresh, true);
});
