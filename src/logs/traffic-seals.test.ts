import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { diskFault, inTransaction, openDatabase } from '../core/database.ts';
import type { LogEntry } from '../core/log-entry.ts';
import { entryOfAccess } from './access-row.ts';
import { type Analytics, type AnalyticsQuestion, analytics } from './analytics.ts';
import { DistinctCount } from './distinct-count.ts';
import { LogStore } from './log-store.ts';
import { toEnd } from './steps.ts';
import { accessEntry, logEntry } from './testing-entries.ts';

/** In the middle of what is asked for, so that two files are. */
const MIDNIGHT = Date.UTC(2026, 5, 10);
const HOUR_MS = 3_600_000;
const root = mkdtempSync(join(tmpdir(), 'ballast-seals-'));
const open: LogStore[] = [];
after(() => {
	for (const store of open) store.close();
	rmSync(root, { recursive: true });
});

const clock = { now: MIDNIGHT + 12 * HOUR_MS };
const DATABASES = { open: openDatabase, inTransaction, diskFault };

function storeIn(folder: string, databases = DATABASES): LogStore {
	const tell = (problem: string) => assert.fail(problem);
	const options = { folder, keepMs: 864e5 * 7, keepBytes: 1e9, databases, tell, now: () => clock.now };
	const store = new LogStore(options);
	open.push(store);
	return store;
}

let seed = 42;
const random = (below: number) => {
	seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
	return Math.floor((seed / 4_294_967_296) * below);
};

function request(timeMs: number, over: Partial<Parameters<typeof accessEntry>[0]> = {}): LogEntry {
	const failed = random(20) === 0;
	return entryOfAccess(
		accessEntry({
			timeMs,
			service: random(3) === 0 ? 'films' : 'videos',
			route: `GET /v1/${random(7)}`,
			status: failed ? 504 : 200 + random(2),
			error: failed ? 'first_byte_timeout' : '',
			durationUs: random(9) === 0 ? random(30e6) : random(90_000),
			address: `192.0.2.${random(200)}`,
			userAgent: random(5) === 0 ? 'Mozilla/5.0 (compatible; Googlebot/2.1)' : `curl/${random(9)}`,
			weight: failed ? 1 : 10,
			...over,
		}),
	);
}

/** Of five hours on both sides of midnight, one of them without anything. */
const requests = (count: number) =>
	Array.from({ length: count }, () => {
		const at = random(4 * HOUR_MS);
		return request(MIDNIGHT - 2 * HOUR_MS + (at > HOUR_MS ? at + HOUR_MS : at));
	});

const MIDDLE = { fromMs: MIDNIGHT - 1234, toMs: MIDNIGHT + 2.3 * HOUR_MS };
const QUESTIONS: AnalyticsQuestion[] = [
	MIDDLE,
	{ fromMs: MIDNIGHT - HOUR_MS, toMs: MIDNIGHT + 2 * HOUR_MS - 1, limit: 100 },
	{ fromMs: MIDNIGHT + 61_000, toMs: MIDNIGHT + 92_000 },
	{ fromMs: MIDNIGHT - 24 * HOUR_MS, toMs: clock.now },
	{ ...MIDDLE, query: 'service:films' },
	{ ...MIDDLE, query: '-service:f* source:access' },
	{ ...MIDDLE, query: 'source:event' },
	{ ...MIDDLE, query: 'status>=500' },
];

const ask = (store: LogStore, question: AnalyticsQuestion) => toEnd(analytics(store.files, question));

/** Sums of seconds are added in another order. */
function answersOf(store: LogStore): Analytics[] {
	const rounded = (_key: string, value: unknown): unknown =>
		typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(12)) : value;
	return QUESTIONS.map((question) => JSON.parse(JSON.stringify(ask(store, question)), rounded) as Analytics);
}

/** What is added up. */
function countsOf(store: LogStore): { hours: number; minutes: number } {
	const count = (table: string) =>
		store.files
			.list()
			.map(({ name }) => store.files.open(name).database.prepare(`SELECT count(*) AS rows FROM ${table}`).get())
			.reduce((sum, row) => sum + Number(row?.['rows']), 0);
	return { hours: count('traffic_hour'), minutes: count('traffic_minute') };
}

test('what is added up says the same as the rows, also over an end, and of files of an earlier version', () => {
	const folder = join(root, 'same');
	const old = storeIn(folder);
	old.put([...requests(800), logEntry('not a request', { timeMs: MIDNIGHT })]);
	// Enough in a minute to be kept by the minute.
	old.put(Array.from({ length: 400 }, () => request(MIDNIGHT + 61_000 + random(31_000))));
	old.put(Array.from({ length: 800 }, () => request(MIDNIGHT + 2 * HOUR_MS + random(119_000))));
	for (const { name } of old.files.list())
		old.files.open(name).database.exec('DROP TABLE traffic_minute; DROP TABLE traffic_hour; PRAGMA user_version = 2');
	old.close();
	const store = storeIn(folder);
	const expected = answersOf(store);
	assert.ok((expected[0]?.all.requests ?? 0) > 2000);
	assert.deepEqual([expected[0]?.whole, expected[0]?.clientsLack, expected[0]?.slowest.length], [true, 0, 10]);
	assert.equal(expected[6]?.all.requests, 0);
	toEnd(store.traffic.all());
	assert.deepEqual(countsOf(store), { hours: 4, minutes: 240 });
	assert.deepEqual(answersOf(store), expected);
	store.close();
	const again = storeIn(folder);
	// Nobody looks at the rows any more.
	for (const { name } of again.files.list())
		again.files
			.open(name)
			.database.exec(
				`DELETE FROM entry WHERE id % 3 > 0 AND id NOT IN (SELECT min(id) FROM entry UNION SELECT max(id) FROM entry)`,
			);
	const [whole, wholeThen] = [answersOf(again)[1], expected[1]];
	assert.deepEqual({ ...whole, slowest: [] }, { ...wholeThen, slowest: [] });
	assert.notDeepEqual(answersOf(again)[7], expected[7]);
});

test('what comes late counts at once; its minute is added up again when nothing more came for a while', () => {
	const store = storeIn(join(root, 'late'));
	store.put(requests(200));
	toEnd(store.traffic.all());
	const before = ask(store, MIDDLE).all.requests;
	const sealed = countsOf(store);
	store.put([request(MIDNIGHT + HOUR_MS / 2, { weight: 7, error: '', status: 200 })]);
	assert.deepEqual(countsOf(store), { hours: sealed.hours - 1, minutes: sealed.minutes - 1 });
	assert.equal(ask(store, MIDDLE).all.requests, before + 7);
	toEnd(store.traffic.all());
	assert.deepEqual(countsOf(store), { hours: sealed.hours - 1, minutes: sealed.minutes - 1 });
	clock.now += 601_000;
	toEnd(store.traffic.all());
	assert.deepEqual(countsOf(store), sealed);
	assert.equal(ask(store, MIDDLE).all.requests, before + 7);
});

test('only what is over is added up', () => {
	const store = storeIn(join(root, 'over'));
	const now = clock.now;
	store.put([request(now - 1000), request(now - 61_000), request(now - 200_000)]);
	toEnd(store.traffic.all());
	const minutes = Math.floor((now - 120_000) / 60_000) - Math.floor((now - 200_000) / HOUR_MS) * 60;
	assert.deepEqual(countsOf(store), { hours: 0, minutes });
	assert.ok(ask(store, { fromMs: now - HOUR_MS, toMs: now }).all.requests > 2);
});

test('what another process writes while a minute is read is not lost', () => {
	const folder = join(root, 'two');
	const [one, other] = [storeIn(folder), storeIn(folder)];
	const atMs = MIDNIGHT + 30 * 60_000;
	one.put(Array.from({ length: 300 }, () => request(atMs + random(50_000), { weight: 1 })));
	const work = one.traffic.all();
	let steps = 0;
	// Between each two steps, at whatever point of its work it is.
	for (; work.next().done !== true; steps++) other.put([request(atMs + random(50_000), { weight: 1 })]);
	const question = { fromMs: atMs - HOUR_MS, toMs: atMs + HOUR_MS };
	assert.ok(steps > 50);
	assert.equal(ask(one, question).all.requests, 300 + steps);
	clock.now += 601_000;
	for (const store of [one, other]) toEnd(store.traffic.all());
	assert.deepEqual(countsOf(one), { hours: 1, minutes: 60 });
	assert.equal(ask(one, question).all.requests, 300 + steps);
});

test('what an earlier version writes beside this one is counted once its hour is over', () => {
	const store = storeIn(join(root, 'drains'));
	const hour = clock.now - (clock.now % HOUR_MS) + HOUR_MS;
	clock.now = hour + HOUR_MS / 2;
	store.put(Array.from({ length: 310 }, () => request(hour + random(59_000), { weight: 1 })));
	toEnd(store.traffic.all());
	const { database } = store.files.open(store.files.list()[0]?.name as string);
	database.exec(
		'CREATE TEMP TABLE one AS SELECT * FROM entry LIMIT 1; UPDATE one SET id = id + 1000; INSERT INTO entry SELECT * FROM one',
	);
	clock.now = hour + 2 * HOUR_MS;
	for (const hours of [0, 1]) {
		toEnd(store.traffic.all());
		assert.equal(countsOf(store).hours, hours);
	}
	assert.equal(ask(store, { fromMs: hour, toMs: hour + HOUR_MS }).all.requests, 311);
});

test('a file that goes while it is read does not come back', () => {
	const store = storeIn(join(root, 'gone'));
	store.put(requests(400));
	const work = [store.traffic.all(), analytics(store.files, MIDDLE)];
	for (const steps of work) steps.next();
	for (const { name } of store.files.list()) store.files.remove(name);
	for (const steps of work) while (steps.next().done !== true);
	assert.deepEqual(store.files.list(), []);
});

test('of very many clients the big ones are kept, and it is said what the counts may lack', () => {
	const store = storeIn(join(root, 'many'));
	const atMs = MIDNIGHT + 2 * HOUR_MS;
	const exact = new Map<string, number>();
	const many = Array.from({ length: 6000 }, (_, at) => {
		const address = at % 10 === 0 ? `198.51.100.${at % 7}` : `10.0.${random(60)}.${random(50)}`;
		exact.set(address, (exact.get(address) ?? 0) + 1);
		return request(atMs + (at % 3) * 60_000, {
			service: 'videos',
			address,
			weight: 1,
			userAgent: `agent-${random(3000)} ${'x'.repeat(400)}`,
		});
	});
	store.put(many);
	const question = { fromMs: atMs - HOUR_MS, toMs: atMs + HOUR_MS, limit: 7 };
	const rows = ask(store, question);
	assert.deepEqual([rows.clientsLack, rows.userAgentsLack], [0, 0]);
	toEnd(store.traffic.all());
	const answer = ask(store, question);
	assert.equal(answer.all.requests, 6000);
	assert.ok(answer.clientsLack > 0 && answer.clientsLack < 30, String(answer.clientsLack));
	for (const { value, count } of answer.clients) {
		assert.match(value, /^198/);
		assert.ok(count <= (exact.get(value) as number) && count + answer.clientsLack >= (exact.get(value) as number));
	}
	// A minute keeps fewer than an hour.
	const part = ask(store, { fromMs: atMs, toMs: atMs + 180_000, limit: 7 });
	assert.ok(part.clientsLack > answer.clientsLack && part.clientsLack < 30, String(part.clientsLack));
	assert.deepEqual([part.all.p99, part.distinctClients], [answer.all.p99, answer.distinctClients]);
	assert.equal(answer.distinctClients, rows.distinctClients);
	const off = Math.abs(answer.distinctClients / exact.size - 1);
	assert.ok(off < 0.07, `${answer.distinctClients} of ${exact.size}`);
	const [file] = store.files.list();
	const { database } = store.files.open(file?.name as string);
	const longest = 'SELECT max(length(callers)) AS most FROM traffic_';
	assert.ok(Number(database.prepare(`${longest}minute`).get()?.['most']) < 45_000);
	assert.ok(Number(database.prepare(`${longest}hour`).get()?.['most']) < 400_000);
});

test('tick by tick, and once it is told that it fails', () => {
	const told: string[] = [];
	const disk = { full: true };
	const inTransactionOf: typeof inTransaction = (database, work) => {
		if (disk.full) throw new Error('no space');
		return inTransaction(database, work);
	};
	const options = { folder: join(root, 'ticks'), keepMs: 864e5 * 7, keepBytes: 1e9, now: () => clock.now };
	const databases = { ...DATABASES, inTransaction: inTransactionOf };
	const store = new LogStore({ ...options, databases, tell: (problem) => told.push(problem) });
	open.push(store);
	disk.full = false;
	store.put([request(MIDNIGHT + HOUR_MS / 2)]);
	disk.full = true;
	const ticks = (done: () => boolean) => {
		for (let tick = 0; tick < 10_000 && !done(); tick++) store.traffic.tick();
		assert.ok(done());
	};
	ticks(() => told.length > 0);
	clock.now += 61_000;
	for (let tick = 0; tick < 100; tick++) store.traffic.tick();
	assert.deepEqual(told, ['traffic is not added up, and slower to ask for: no space']);
	disk.full = false;
	clock.now += 61_000;
	ticks(() => countsOf(store).hours === 1);
});

test('a summary that cannot be read is done without', () => {
	const store = storeIn(join(root, 'broken'));
	store.put([...requests(200), ...Array.from({ length: 310 }, () => request(MIDNIGHT + HOUR_MS + random(59_000)))]);
	const expected = answersOf(store);
	toEnd(store.traffic.all());
	const { database } = store.files.open('logs-2026-06-10.db');
	database.exec("UPDATE traffic_hour SET routes = '[oops'; UPDATE traffic_minute SET callers = substr(callers, 5)");
	assert.deepEqual(answersOf(store), expected);
	for (const callers of ['[]', '{}', 'null', '[["videos"]]', '[["videos",{"clients":{}}]]', '[["films",null]]']) {
		// What comes first fits, and must not be counted twice.
		database.prepare("UPDATE traffic_minute SET callers = ? WHERE routes <> ''").run(callers);
		database.exec('UPDATE traffic_minute SET routes = replace(routes, \'"statuses"\', \'"st"\')');
		assert.deepEqual(answersOf(store), expected, callers);
	}
});

test('a file that cannot be read keeps no other from being added up', () => {
	const store = storeIn(join(root, 'one-bad'));
	store.put(requests(200));
	const [newest = '', other = ''] = store.files.list().map(({ name }) => name);
	store.files.open(newest).database.exec('PRAGMA user_version = 99');
	const told: string[] = [];
	const options = { folder: join(root, 'one-bad'), keepMs: 864e5 * 7, keepBytes: 1e9, databases: DATABASES };
	const again = new LogStore({ ...options, tell: (problem) => told.push(problem), now: () => clock.now });
	open.push(again);
	for (let tick = 0; tick < 10_000 && told.length === 0; tick++) again.traffic.tick();
	assert.match(told.join(), /written by a later version/);
	const { database } = store.files.open(other);
	assert.ok((database.prepare('SELECT count(*) AS hours FROM traffic_hour').get()?.['hours'] as number) > 0);
});

test('distinct values, few and many', () => {
	const count = new DistinctCount();
	for (const most of [1, 10, 1000, 100_000]) {
		for (let at = 0; at < most; at++) count.add(`192.0.2.${at}`);
		assert.ok(Math.abs(count.count / most - 1) < 0.07, `${count.count} of ${most}`);
		const copy = new DistinctCount();
		copy.addPacked(JSON.parse(JSON.stringify(count.packed())));
		assert.equal(copy.count, count.count);
	}
});
