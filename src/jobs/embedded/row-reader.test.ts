import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { rowReader } from './row-reader.ts';

test('a row is what node:sqlite gives, and no row is another one’s', () => {
	using database = new DatabaseSync(':memory:');
	database.exec(
		"CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c BLOB); INSERT INTO t VALUES (1, 'x', x'00ff'), (2, NULL, NULL)",
	);
	const sql = 'SELECT t.*, 7 AS d FROM t WHERE a = ?';
	const read = rowReader(database.prepare(sql));
	const first = read(1);
	assert.deepEqual(first, { ...database.prepare(sql).get(1) });
	assert.deepEqual(read(2), { a: 2, b: null, c: null, d: 7 });
	assert.equal(first?.['b'], 'x');
	assert.equal(read(3), undefined);
});
