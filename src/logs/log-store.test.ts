import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { diskFault, inTransaction, openDatabase } from '../core/database.ts';
import type { LogEntry } from '../core/log-entry.ts';
import type { Databases } from './databases.ts';
import { histogram, search } from './log-search.ts';
import { LogStore, type LogStoreOptions } from './log-store.ts';
import { toEnd } from './steps.ts';

const folders: string[] = [];
after(() => {
	for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const DATABASES: Databases = { open: openDatabase, inTransaction, diskFault };
const NOW = Date.UTC(2026, 5, 10, 12);
const DAY = 86_400_000;

function storeWith(options: Partial<LogStoreOptions> = {}): { store: LogStore; folder: string; told: string[] } {
	const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'ballast-logs-'));
	folders.push(folder);
	const told: string[] = [];
	const store = new LogStore({
		folder,
		keepMs: 7 * DAY,
		keepBytes: 2e9,
		databases: DATABASES,
		tell: (problem) => told.push(problem),
		now: () => NOW,
		...options,
	});
	return { store, folder, told };
}

function entry(message: string, over: Partial<LogEntry> = {}): LogEntry {
	return {
		timeMs: NOW,
		severity: 'info',
		source: 'instance',
		service: 'api',
		instance: 'api-1',
		message,
		traceId: '',
		spanId: '',
		fields: {},
		...over,
	};
}

const find = (store: LogStore, query: string, over = {}) =>
	toEnd(search(store.files, { query, fromMs: NOW - 7 * DAY, toMs: NOW + 1000, ...over }));
const messages = (store: LogStore, query: string, over = {}) =>
	find(store, query, over).entries.map((one) => one.message);

test('what was put in comes back as it was, newest first, also by another process', () => {
	const { store, folder } = storeWith();
	const access = entry('', {
		source: 'access',
		traceId: 'a'.repeat(32),
		spanId: 'b'.repeat(16),
		fields: {
			'http.route': 'GET /v1',
			'http.response.status_code': 200,
			duration_s: 0.25,
			weight: 10,
			'upstream.attempts': 2,
			ok: true,
		},
	});
	assert.equal(store.put([entry('one', { timeMs: NOW - DAY }), entry('two'), access]), 3);
	const other = storeWith({ folder });
	other.store.put([entry('three')]);
	store.put([entry('four')]);
	assert.deepEqual(find(store, '').entries, [
		entry('four'),
		entry('three'),
		{ ...access, fields: { ...access.fields } },
		entry('two'),
		entry('one', { timeMs: NOW - DAY }),
	]);
	assert.deepEqual(
		readdirSync(folder).filter((name) => name.endsWith('.db')),
		['logs-2026-06-09.db', 'logs-2026-06-10.db'],
	);
});

test('a flood of one millisecond goes on in the next ones, and keeps its order', () => {
	const { store } = storeWith();
	store.put(Array.from({ length: 5000 }, (_, at) => entry(`line number${at}`)));
	assert.deepEqual(messages(store, 'line', { limit: 2 }), ['line number4999', 'line number4998']);
	assert.equal(find(store, 'line', { limit: 5000 }).entries.length, 5000);
});

test('a cursor goes on where the answer before ended', () => {
	const { store } = storeWith();
	store.put(Array.from({ length: 25 }, (_, at) => entry(`line x${at}`, { timeMs: NOW - at * 3_600_000 })));
	const seen: string[] = [];
	let cursor: string | undefined;
	for (let page = 0; page < 10; page++) {
		const answer = find(store, 'line', { limit: 7, ...(cursor === undefined ? {} : { cursor }) });
		seen.push(...answer.entries.map((one) => one.message));
		if (!answer.more) break;
		cursor = answer.cursor;
	}
	assert.deepEqual(
		seen,
		Array.from({ length: 25 }, (_, at) => `line x${at}`),
	);
});

test('counts: by minute without a look at the entries, by words, and with weights', () => {
	const { store } = storeWith();
	const minute = (at: number) => NOW - at * 60_000;
	store.put([
		entry('time-out of the database', { severity: 'error', timeMs: minute(2) }),
		entry('time-out again', { severity: 'error', timeMs: minute(2) }),
		entry('fine', { timeMs: minute(1) }),
		entry('', { source: 'access', timeMs: minute(1), fields: { weight: 10, 'http.response.status_code': 200 } }),
	]);
	const count = (query: string) =>
		toEnd(histogram(store.files, { query, fromMs: minute(3), toMs: NOW - 1, buckets: 3 })).counts;
	assert.deepEqual(count(''), [0, 2, 11]);
	assert.deepEqual(count('level:error'), [0, 2, 0]);
	assert.deepEqual(count('source:access service:a*'), [0, 0, 10]);
	assert.deepEqual(count('time-out'), [0, 2, 0]);
	assert.deepEqual(count('-time-out'), [0, 0, 11]);
	assert.deepEqual(count('status:200'), [0, 0, 10]);
});

test('old days go by age, and the oldest by size', () => {
	const { store, folder } = storeWith({ keepMs: 3 * DAY, keepBytes: 400_000 });
	const text = 'word '.repeat(100);
	for (let day = 0; day < 3; day++)
		store.put(Array.from({ length: 100 }, () => entry(text, { timeMs: NOW - day * DAY })));
	const names = () => store.files.list().map(({ name }) => name);
	assert.equal(names().length, 3);
	store.tidy();
	assert.equal(names()[0], 'logs-2026-06-10.db');
	assert.ok(names().length < 3 && store.figures().bytes <= 400_000);
	const later = storeWith({ folder, keepMs: 3 * DAY, now: () => NOW + 4 * DAY });
	later.store.put([entry('new', { timeMs: NOW + 4 * DAY })]);
	later.store.tidy();
	assert.deepEqual(names(), ['logs-2026-06-14.db']);
});

test('a day that grows big goes on in parts, of which the oldest goes', () => {
	let now = NOW;
	const { store } = storeWith({ keepBytes: 800_000, now: () => now });
	const text = 'word '.repeat(200);
	for (let at = 0; at < 20; at++) {
		now += 11_000;
		store.put(Array.from({ length: 50 }, (_, i) => entry(`${text} n${at}x${i}`, { timeMs: now })));
		store.tidy();
	}
	const files = store.files.list();
	assert.ok(files.length > 1 && files.every(({ name }) => name.startsWith('logs-2026-06-10.')), JSON.stringify(files));
	assert.ok(store.figures().bytes < 1_600_000);
	assert.match(messages(store, 'word', { toMs: now, limit: 1 })[0] as string, /n19x49$/);
});

test('a full disk stops the storing, is told once, and the lost are counted', () => {
	let now = NOW;
	let full = true;
	const open: Databases['open'] = (path, steps) => {
		const database = openDatabase(path, steps);
		if (full) database.exec('PRAGMA max_page_count = 1');
		return database;
	};
	const { store, told } = storeWith({ databases: { ...DATABASES, open }, now: () => now });
	const batch = Array.from({ length: 500 }, () => entry('word '.repeat(200)));
	assert.equal(store.put(batch), 0);
	assert.equal(store.put(batch), 0);
	assert.deepEqual(told, [
		'logs are not stored: the disk is full (ENOSPC); lines are dropped and counted until it works again',
	]);
	assert.deepEqual([store.figures().lost, store.figures().failure], [1000, 'the disk is full (ENOSPC)']);
	full = false;
	store.files.close();
	assert.equal(store.put(batch), 0, 'not tried again at once');
	now += 6000;
	assert.equal(store.put(batch), 500);
	assert.equal(told[1], 'logs are stored again; 1500 lines were lost meanwhile');
	assert.equal(store.figures().failure, null);
});

test('a damaged file is set aside and a new one begun', () => {
	const { store, folder, told } = storeWith();
	writeFileSync(join(folder, 'logs-2026-06-10.db'), 'x'.repeat(10_000));
	assert.equal(store.put([entry('lost')]), 0);
	assert.equal(store.put([entry('kept')]), 1);
	assert.deepEqual(messages(store, ''), ['kept']);
	assert.ok(readdirSync(folder).includes('logs-2026-06-10.db.damaged'));
	assert.equal(told.length, 2);
});

test('behind a later version the day goes on in another file, and nothing is lost', () => {
	const { store, folder } = storeWith();
	store.put([entry('of a later version')]);
	store.files.open('logs-2026-06-10.db').database.exec('PRAGMA user_version = 99');
	store.close();
	const { store: back, told } = storeWith({ folder });
	assert.equal(back.put([entry('kept')]), 1);
	assert.equal(back.put([entry('kept too')]), 1);
	assert.deepEqual(messages(back, ''), ['kept too', 'kept']);
	assert.deepEqual(told, [
		'logs-2026-06-10.db was written by a later version of Ballast: its day goes on in another file',
	]);
	back.close();
	assert.deepEqual(
		readdirSync(folder)
			.filter((name) => name.endsWith('.db'))
			.toSorted(),
		['logs-2026-06-10.2.db', 'logs-2026-06-10.db'],
	);
});

test('a time that nobody can believe is filed under now', () => {
	const { store } = storeWith();
	store.put([entry('future', { timeMs: NOW + 10 * DAY }), entry('past', { timeMs: 0 })]);
	assert.deepEqual(
		find(store, '').entries.map((one) => one.timeMs),
		[NOW, NOW],
	);
});
