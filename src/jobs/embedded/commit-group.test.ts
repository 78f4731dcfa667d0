import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { CommitGroup } from './commit-group.ts';

function open(): {
	group: CommitGroup;
	add(x: number): Promise<string>;
	stored(): number[];
	steps: string[];
	database: DatabaseSync;
} {
	const database = new DatabaseSync(':memory:');
	database.exec('CREATE TABLE t (x INTEGER PRIMARY KEY)');
	const steps: string[] = [];
	const group = new CommitGroup(database, {
		begin: () => steps.push('begin'),
		end: () => steps.push('end'),
		committed: () => steps.push('committed'),
		rolledBack: () => steps.push('back'),
		translate: (error) => new Error('translated', { cause: error }),
		ofAll: (error) => (error as Error).message === 'of all',
	});
	return {
		group,
		steps,
		database,
		add: (x) =>
			group.run(() => {
				database.prepare('INSERT INTO t VALUES (?)').run(x);
				return `added ${x}`;
			}),
		stored: () =>
			database
				.prepare('SELECT x FROM t')
				.all()
				.map((row) => row['x'] as number),
	};
}

test('the calls of a turn are one commit, and are answered behind it', async () => {
	const { add, stored, steps } = open();
	const calls = [add(1), add(2), add(3)];
	assert.deepEqual([stored(), steps], [[], []]);
	assert.deepEqual(await Promise.all(calls), ['added 1', 'added 2', 'added 3']);
	assert.deepEqual(
		[stored(), steps],
		[
			[1, 2, 3],
			['begin', 'end', 'committed'],
		],
	);
	await add(4);
	assert.equal(steps.length, 6);
});

test('a call that fails takes none with it', async () => {
	const { add, stored, steps } = open();
	const calls = await Promise.allSettled([add(1), add(1), add(2)]);
	assert.deepEqual(
		calls.map(({ status }) => status),
		['fulfilled', 'rejected', 'fulfilled'],
	);
	assert.equal((calls[1] as PromiseRejectedResult).reason.message, 'translated');
	assert.deepEqual(stored(), [1, 2]);
	assert.equal(steps[1], 'back');
});

test('a fault of the disk is that of all calls, and nothing is stored', async () => {
	const { add, group, stored } = open();
	const fault = group.run(() => {
		throw new Error('of all');
	});
	const calls = await Promise.allSettled([add(1), fault, add(2)]);
	assert.ok(calls.every(({ status }) => status === 'rejected'));
	assert.deepEqual(stored(), []);
	assert.equal(await add(3), 'added 3');
});

test('a great many calls are several commits, and each is answered', async () => {
	const { add, steps, stored } = open();
	await Promise.all(Array.from({ length: 3000 }, (_, x) => add(x)));
	assert.equal(stored().length, 3000);
	assert.equal(steps.filter((step) => step === 'committed').length, 3);
});

test('what waits can be stored at once, and a closed database refuses', async () => {
	const { add, group, stored, database } = open();
	const call = add(1);
	group.flush();
	assert.deepEqual(stored(), [1]);
	await call;
	database.close();
	await assert.rejects(add(2), { message: 'translated' });
});
