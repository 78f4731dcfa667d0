import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { diskFault, inTransaction, openDatabase } from './database.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-database-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const FIRST = 'CREATE TABLE things (name TEXT NOT NULL)';
const SECOND = 'ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7';

test('a file is made, brought up to date step by step, and keeps what it had', () => {
	const path = join(folder, 'new', 'a.db');
	const first = openDatabase(path, [FIRST]);
	first.exec("INSERT INTO things VALUES ('one')");
	first.close();
	const second = openDatabase(path, [FIRST, SECOND]);
	assert.deepEqual({ ...second.prepare('SELECT * FROM things').get() }, { name: 'one', size: 7 });
	second.close();
	assert.throws(() => openDatabase(path, [FIRST]), { code: 'store_unusable', message: /later version/ });
});

test('a step that fails leaves the file as it was', () => {
	const path = join(folder, 'b.db');
	openDatabase(path, [FIRST]).close();
	assert.throws(() => openDatabase(path, [FIRST, `${SECOND}; SELECT nonsense FROM nowhere`]), {
		code: 'store_unusable',
	});
	const again = openDatabase(path, [FIRST, SECOND]);
	assert.equal(again.prepare('SELECT count(*) AS n FROM things').get()?.['n'], 0);
	again.close();
});

test('what is no database, or lies where no folder can be, is refused with its path', () => {
	const path = join(folder, 'c.db');
	writeFileSync(
		path,
		'this is no database, but long enough that it could have been one, a hundred bytes or so of text.',
	);
	assert.throws(() => openDatabase(path, [FIRST]), { code: 'store_unusable', message: /c\.db/ });
	assert.throws(() => openDatabase(join(path, 'below.db'), [FIRST]), { code: 'store_unusable' });
});

test('a transaction is wholly done or not at all', () => {
	const database = openDatabase(':memory:', [FIRST]);
	assert.throws(() =>
		inTransaction(database, () => {
			database.exec("INSERT INTO things VALUES ('lost')");
			throw new Error('no');
		}),
	);
	assert.equal(database.prepare('SELECT count(*) AS n FROM things').get()?.['n'], 0);
	assert.equal(database.isTransaction, false);
	database.close();
});

test('what is wrong with a disk is known by its code', () => {
	const database = openDatabase(':memory:', ['CREATE TABLE t (x BLOB)', 'PRAGMA max_page_count = 4']);
	let thrown: unknown;
	try {
		for (let i = 0; i < 100; i++) database.exec('INSERT INTO t VALUES (zeroblob(4000))');
	} catch (error) {
		thrown = error;
	}
	assert.equal(diskFault(thrown), 'the disk is full (ENOSPC)');
	const withCode = (code: string) => diskFault(Object.assign(new Error('x'), { code }));
	assert.equal(withCode('ENOSPC'), 'the disk is full (ENOSPC)');
	assert.match(withCode('EDQUOT') ?? '', /quota.*EDQUOT/);
	// SQLITE_IOERR_WRITE, which EDQUOT and EIO come as.
	assert.match(diskFault(Object.assign(new Error('x'), { errcode: 778 })) ?? '', /EIO, or EDQUOT/);
	// SQLITE_READONLY.
	assert.equal(diskFault(Object.assign(new Error('x'), { errcode: 8 })), 'the disk is read-only (EROFS)');
	assert.match(withCode('EACCES') ?? '', /may not be written to .*EACCES/);
	assert.equal(diskFault(new Error('x')), null);
	assert.equal(diskFault(undefined), null);
});
