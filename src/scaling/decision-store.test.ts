import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';
import type { DecisionRecord } from './decision.ts';
import { DECISION_STEPS, DecisionStore } from './decision-store.ts';

const DAY_MS = 86_400_000;

function record(atMs: number, pool: string, sizes: [before: number, wanted: number]): DecisionRecord {
	const [before, wanted] = sizes;
	return {
		atMs,
		pool,
		mode: 'on',
		samples: {
			...{ desired: before, ready: before, warming: 0, starting: 0, readings: {}, failures: {}, held: 0 },
			...{ idleForMs: null, errorRate: null, rollout: false, providerTrouble: { out: null, in: null } },
		},
		decision: {
			...{ desired: wanted, before, wanted, raw: wanted, recommendations: [], clamps: [] },
			...{ limitedBy: null, panic: false },
		},
		sentence: `${pool}: ${before} → ${wanted}`,
		outcome: '',
	};
}

function open(): DecisionStore {
	const database = new DatabaseSync(':memory:');
	for (const step of DECISION_STEPS) database.exec(step);
	return new DecisionStore(database);
}

const ids = (found: readonly { id: string }[]): string[] => found.map(({ id }) => id);

test('found newest first, by pool, by time, those that changed nothing on demand', () => {
	const store = open();
	store.add('a', record(1000, 'videos', [2, 4]));
	store.add('b', record(2000, 'videos', [4, 4]));
	store.add('c', record(3000, 'avatars', [1, 0]));
	const all = { pool: null, fromMs: 0, toMs: 9000, changes: false, limit: 10 };
	assert.deepEqual(ids(store.find(all)), ['c', 'b', 'a']);
	assert.deepEqual(ids(store.find({ ...all, changes: true })), ['c', 'a']);
	assert.deepEqual(ids(store.find({ ...all, pool: 'videos', fromMs: 1500 })), ['b']);
	assert.deepEqual(ids(store.find({ ...all, limit: 0 })), ['c']);
});

test('what became of one is added later', () => {
	const store = open();
	store.add('a', record(1000, 'videos', [2, 4]));
	store.ended('a', '4 ready after 2.1 s');
	store.ended('nobody', 'x');
	assert.equal(store.get('a')?.outcome, '4 ready after 2.1 s');
	assert.equal(store.get('a')?.sentence, 'videos: 2 → 4');
	assert.equal(store.get('nobody'), null);
});

test('what is older than a month goes', () => {
	const store = open();
	store.add('old', record(1000, 'videos', [2, 4]));
	store.add('new', record(31 * DAY_MS, 'videos', [4, 2]));
	store.prune(31 * DAY_MS + 500);
	assert.deepEqual(ids(store.find({ pool: null, fromMs: 0, toMs: 99 * DAY_MS, changes: false, limit: 10 })), ['new']);
});
