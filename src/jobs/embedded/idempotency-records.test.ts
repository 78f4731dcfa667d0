import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { openDatabase } from '../../core/database.ts';
import { IdempotencyRecords } from './idempotency-records.ts';
import { JOB_STEPS } from './job-tables.ts';

const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ballast-records-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

/** Small, so that records go into the index all the time. */
const BATCH = 6;
const FOR_MS = 100;
/** Some keys begin alike. */
const KEYS = Array.from({ length: 40 }, (_, at) => `${'x'.repeat(at % 3 === 0 ? 11 : 2)}${at}`);

/** One process that has the file open. */
class Opener {
	readonly database: DatabaseSync;
	readonly records: IdempotencyRecords;
	#dataVersion: unknown = null;

	constructor(path: string) {
		this.database = openDatabase(path, JOB_STEPS);
		this.records = new IdempotencyRecords(this.database, BATCH);
	}

	/** A transaction, as `CommitGroup` makes it. */
	transact<T>(keeps: boolean, work: (records: IdempotencyRecords) => T): T {
		this.database.exec('BEGIN IMMEDIATE');
		const { data_version: version } = this.database.prepare('PRAGMA data_version').get() as { data_version: number };
		this.records.begin(version !== this.#dataVersion);
		this.#dataVersion = version;
		const result = work(this.records);
		if (keeps) this.records.end();
		this.database.exec(keeps ? 'COMMIT' : 'ROLLBACK');
		if (keeps) this.records.committed();
		else this.records.rolledBack();
		return result;
	}
}

type Step =
	| { do: 'take'; keys: number[]; by: number; keeps: boolean; passMs: number }
	| { do: 'drop'; by: number; keeps: boolean }
	| { do: 'reopen'; by: number };

const by = fc.nat({ max: 1 });
const STEP: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({
			do: fc.constant('take' as const),
			keys: fc.array(fc.nat({ max: KEYS.length - 1 }), { minLength: 1, maxLength: 6 }),
			by,
			keeps: fc.boolean(),
			passMs: fc.nat({ max: 40 }),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), by, keeps: fc.boolean() }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), by }) },
);

test('a key is whose it was first, through rollbacks, sweeps, new openers and another process', () => {
	fc.assert(
		fc.property(fc.array(STEP, { minLength: 20, maxLength: 60 }), (steps) => {
			const path = join(root, String(count++));
			const openers = [new Opener(path), new Opener(path)];
			let model = new Map<string, { id: string; until: number }>();
			let [nowMs, ids] = [1000, 0];
			for (const step of steps) {
				const opener = openers[step.by] as Opener;
				if (step.do === 'reopen') {
					opener.database.close();
					openers[step.by] = new Opener(path);
				} else if (step.do === 'drop') {
					opener.transact(step.keeps, (records) => records.drop(nowMs));
				} else {
					nowMs += step.passMs;
					const next = new Map(model);
					opener.transact(step.keeps, (records) => {
						for (const at of step.keys) {
							const key = KEYS[at] as string;
							const id = String(ids++);
							const known = next.get(key);
							const owner = known !== undefined && known.until > nowMs ? known.id : null;
							if (owner === null) next.set(key, { id, until: nowMs + FOR_MS });
							const of = { key, fingerprint: 'f', untilMs: nowMs + FOR_MS };
							assert.equal(records.take(of, { id, createdMs: nowMs })?.id ?? null, owner, key);
						}
					});
					if (step.keeps) model = next;
				}
			}
			for (const { database } of openers) database.close();
		}),
		{ numRuns: 25 },
	);
});

test('records go into the index some at a time, and nothing of those that went stays', () => {
	const opener = new Opener(join(root, String(count++)));
	const countOf = (table: string): number =>
		opener.database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count'] as number;
	for (let at = 0; at < 50; at++) {
		opener.transact(true, (records) =>
			records.take({ key: `key-${at}-of-many`, fingerprint: 'f', untilMs: at }, { id: `${at}`, createdMs: 0 }),
		);
	}
	assert.equal(countOf('records'), 50);
	assert.ok(countOf('record_places') >= 50 - 3 * BATCH, `${countOf('record_places')}`);
	const { placed } = opener.database.prepare('SELECT placed FROM record_marks').get() as { placed: number };
	assert.ok(placed >= 50 - 3 * BATCH, `${placed}`);
	opener.transact(true, (records) => records.drop(100));
	assert.deepEqual([countOf('records'), countOf('record_places')], [0, 0]);
	opener.database.close();
});

test('records in the form of before hold until they are over', () => {
	const path = join(root, String(count++));
	const before = openDatabase(path, JOB_STEPS.slice(0, 2));
	const add = before.prepare('INSERT INTO idempotency VALUES (?, ?, ?, ?)');
	add.run('a', 'f', '1', 500);
	add.run('b', 'f', '2', 50);
	before.close();
	const opener = new Opener(path);
	const take = (key: string, createdMs: number) =>
		opener.transact(true, (records) =>
			records.take({ key, fingerprint: 'g', untilMs: createdMs + FOR_MS }, { id: 'new', createdMs }),
		);
	assert.deepEqual({ ...take('a', 100) }, { fingerprint: 'f', id: '1' });
	assert.equal(take('b', 100), null);
	assert.equal(
		opener.transact(true, (records) => records.drop(100)),
		1,
	);
	assert.equal(take('b', 110)?.id, 'new');
	opener.transact(true, (records) => records.drop(500));
	assert.equal(take('a', 500), null);
	opener.database.close();
});
