import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { inTransaction, openDatabase } from '../core/database.ts';
import { FrameWriter } from './frame.ts';
import type { MinuteFrames } from './minute-frames.ts';
import { usedBytes } from './rollup-retention.ts';
import { ROLLUP_STEPS, Rollups } from './rollups.ts';

const START = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEEP = { minutes: 7 * DAY, fiveMinutes: 30 * DAY, hours: 400 * DAY };

function open(changes: Partial<ConstructorParameters<typeof Rollups>[1]> = {}): {
	database: DatabaseSync;
	rollups: Rollups;
} {
	const database = openDatabase(':memory:', ROLLUP_STEPS);
	return { database, rollups: over(database, changes) };
}

function over(database: DatabaseSync, changes: Partial<ConstructorParameters<typeof Rollups>[1]> = {}): Rollups {
	const store = { database, transact: <T>(work: () => T): T => inTransaction(database, work) };
	return new Rollups(store, { keepMs: KEEP, maxBytes: 1e9, ...changes });
}

/** A minute in which each of some series grew by so much. */
function minute(timeMs: number, grown: number, of: { series?: number; coveredMs?: number } = {}): MinuteFrames {
	const ids = Array.from({ length: of.series ?? 1 }, (_, at) => at * 3 + 5);
	const writer = new FrameWriter();
	for (const id of ids) writer.number(id, grown);
	const series = ids.map((id, at) => [id, [`route ${at}`]] as const);
	const metric = {
		name: 'a_total',
		kind: 'counter',
		cells: 0,
		labels: ['route'],
		series,
		frame: writer.take(),
	} as const;
	return { timeMs, coveredMs: of.coveredMs ?? MINUTE, metrics: [metric] };
}

function read(rollups: Rollups, slotMs: number, slots: number, fromMs = START) {
	const of = { where: {}, by: [], fold: 'sum', fromMs, slotMs, grainMs: slotMs, slots } as const;
	const [answer] = rollups.read([{ metric: 'a_total', ...of }]);
	assert.ok(answer !== undefined);
	return answer;
}

const sum = (values: Iterable<number> | undefined): number => [...(values ?? [])].reduce((all, one) => all + one, 0);

test('a minute that is told in two parts, by two runs of the program, is their sum', () => {
	const { database, rollups } = open();
	rollups.add(minute(START, 3, { coveredMs: 20_000 }));
	const next = over(database);
	next.add(minute(START, 4, { coveredMs: 30_000, series: 2 }));
	const answer = read(next, MINUTE, 1);
	assert.equal(sum(answer.groups[0]?.values), 3 + 4 + 4);
	assert.equal(answer.coveredMs[0], 50_000);
	assert.equal(answer.untilMs, START + MINUTE);
	assert.deepEqual(next.span(), { fromMs: START, untilMs: START + MINUTE });
});

test('each length is kept for its time', () => {
	const { database, rollups } = open({ keepMs: { minutes: 2 * HOUR, fiveMinutes: 5 * HOUR, hours: 12 * HOUR } });
	for (let at = 0; at < 24 * 60; at++) rollups.add(minute(START + at * MINUTE, 1));
	const first = (level: number): number =>
		(database.prepare('SELECT min(time) AS first FROM slot WHERE level = ?').get(level) as { first: number }).first *
		1000;
	assert.equal(first(60), START + 21 * HOUR);
	assert.equal(first(300), START + 18 * HOUR);
	assert.equal(first(3600), START + 11 * HOUR);
	// Of the old there are hours, of the last hour minutes too.
	assert.equal(sum(read(rollups, HOUR, 24).groups[0]?.values), 13 * 60);
	assert.equal(sum(read(rollups, MINUTE, 24 * 60).groups[0]?.values), 3 * 60);
});

test('the file stays within its bound, and what is kept is the newest and the hours', () => {
	const maxBytes = 400_000;
	const { database, rollups } = open({ maxBytes });
	for (let at = 0; at < 3 * 24 * 60; at++) rollups.add(minute(START + at * MINUTE, at % 100, { series: 100 }));
	assert.ok(usedBytes(database) < maxBytes * 1.3, String(usedBytes(database)));
	const rows = (level: number): number =>
		(database.prepare('SELECT count(*) AS rows FROM slot WHERE level = ?').get(level) as { rows: number }).rows;
	assert.ok(rows(60) < 2000 && rows(60) >= 120, String(rows(60)));
	assert.equal(rows(3600), 71);
});

test('a pause of days costs one merge, and is not known', () => {
	const { rollups } = open();
	rollups.add(minute(START, 60));
	rollups.add(minute(START + 30 * DAY, 60));
	rollups.add(minute(START + 30 * DAY + MINUTE, 60));
	const answer = read(rollups, HOUR, 24 * 31);
	assert.equal(sum(answer.groups[0]?.values), 180);
	assert.deepEqual(
		[...answer.coveredMs].filter((ms) => ms > 0),
		[MINUTE, 2 * MINUTE],
	);
});

test('a damaged row is passed over and counted', () => {
	const { database, rollups } = open();
	for (let at = 0; at < 10; at++) rollups.add(minute(START + at * MINUTE, 1));
	database.exec(
		"UPDATE slot SET frame = x'ffffffffffffffffffff' WHERE level = 60 AND time = (SELECT min(time) FROM slot)",
	);
	assert.equal(sum(read(rollups, MINUTE, 10).groups[0]?.values), 9);
	assert.equal(rollups.damaged, 1);
});

test('a write that fails leaves all as it was', () => {
	const { database, rollups } = open();
	rollups.add(minute(START, 1));
	database.exec('CREATE TRIGGER full BEFORE INSERT ON slot BEGIN SELECT raise(FAIL, "full"); END');
	assert.throws(() => rollups.add(minute(START + MINUTE, 1, { series: 3 })), /full/);
	database.exec('DROP TRIGGER full');
	assert.equal((database.prepare('SELECT count(*) AS series FROM series').get() as { series: number }).series, 1);
	rollups.add(minute(START + 2 * MINUTE, 1, { series: 3 }));
	assert.deepEqual([...read(rollups, MINUTE, 3).coveredMs], [MINUTE, 0, MINUTE]);
	assert.equal(sum(read(rollups, MINUTE, 3).groups[0]?.values), 4);
	assert.equal(sum(read(over(database), MINUTE, 3).groups[0]?.values), 4);
});

test('a metric that is defined otherwise than before is another one', () => {
	const { rollups } = open();
	rollups.add(minute(START, 1));
	const { metrics, ...rest } = minute(START + MINUTE, 5);
	const [one] = metrics;
	assert.ok(one !== undefined);
	const series = one.series.map(([id]) => [id, ['a', 'b']] as const);
	rollups.add({ ...rest, metrics: [{ ...one, labels: ['service', 'route'], series }] });
	assert.equal(sum(read(rollups, MINUTE, 2).groups[0]?.values), 5);
});
