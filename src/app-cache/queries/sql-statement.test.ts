import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loadModule, parseSync } from 'libpg-query';
import type { SqlShape } from './sql-shape.ts';
import { shapeOf } from './sql-statement.ts';

before(() => loadModule());

const read = (text: string): SqlShape => shapeOf(text, parseSync);
const names = (list: { schema: string | undefined; name: string }[]) =>
	list.map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`));

test('a query reads the tables of all its parts', () => {
	for (const [text, tables] of [
		['select * from films', 'films'],
		['table films', 'films'],
		['select * from Shop."Films" f', 'shop.Films'],
		['select 1 from a join b using (id), c left join d on true', 'a b c d'],
		['select (select max(x) from b) from a where exists (select 1 from c) and id in (select id from d)', 'b a c d'],
		['select * from (select * from a) s, lateral (select * from b where b.id = s.id) t', 'a b'],
		['select 1 from a union select 2 from b except all (select 3 from c)', 'a b c'],
		['with w as (select * from a) select * from w, b', 'a w b'],
		['select count(*) filter (where x in (select y from b)) over (partition by z) from only a', 'b a'],
		['select case when exists (select 1 from b) then 1 end from a order by (select 1 from c)', 'b a c'],
	] as const) {
		const { reads, why } = read(text);
		assert.deepEqual([names(reads).sort(), why], [tables.split(' ').sort(), undefined], text);
	}
});

test('what must not be kept says why', () => {
	for (const [text, why] of [
		['select * from a for update', /locks/],
		['select * from (select * from a for share) s', /locks/],
		['select * from a where at > current_date', /time or the user/],
		['select current_user, * from a', /time or the user/],
		["select * from a where at > 'now'::timestamptz", /time that moves/],
		["select * from a where at > timestamp 'today 10:00'", /time that moves/],
		['select xmin, * from a', /column xmin/],
		['select * from a tablesample system (1)', /RangeTableSample/],
		["select 'a'::regclass from b", /cast to regclass/],
		['with w as (delete from a returning *) select * from w', /it writes/],
		['select * into b from a', /makes a table/],
		['select 1; select 2', /several/],
		['select 1; begin', /several/],
		['explain select * from a', /no SELECT/],
		['selec 1', /parsed/],
		['', /empty/],
		[`select '${'x'.repeat(70_000)}'`, /too long/],
	] as const) {
		assert.match(read(text).why ?? '', why, text);
	}
});

test('a text that nests too deeply may do anything, and is no error', () => {
	assert.match(read(`select 1 from a where 1${'+1'.repeat(8000)} > 0`).why ?? '', /nests too deeply|parsed/);
	assert.equal(read('select 1 from a').why, undefined);
});

test('a write names its table, and what it reads', () => {
	for (const [text, writes] of [
		['insert into a select * from b', 'insert a'],
		['insert into a values (1) on conflict (id) do update set x = 1', 'insert a, update a'],
		['update s.a set x = (select 1 from b)', 'update s.a'],
		['delete from a using b where a.id = b.id', 'delete a'],
		['merge into a using b on true when matched then delete', 'insert a, update a, delete a'],
		['with w as (insert into a values (1) returning *) update b set x = 1', 'insert a, update b'],
		['truncate a, b', 'truncate a, truncate b'],
		['copy a from stdin', 'insert a'],
		['copy a to stdout', ''],
		['explain analyze delete from a', 'delete a'],
		['refresh materialized view m', 'update m'],
		['begin; insert into a values (1); commit', 'insert a'],
	] as const) {
		const shape = read(text);
		const found = shape.writes.map((write) => `${write.kind} ${names([write])[0]}`).sort();
		assert.deepEqual(found, writes === '' ? [] : writes.split(', ').sort(), text);
		assert.equal(shape.unknown, false, text);
	}
});

test('what may write anything, and what changes the session or the tables themselves', () => {
	for (const [text, flags] of [
		['truncate a cascade', 'unknown'],
		['call p()', 'unknown session'],
		['do $$ begin delete from a; end $$', 'unknown session'],
		['execute p', 'unknown'],
		["commit prepared 'x'", 'unknown'],
		['alter table a add b int', 'unknown ddl session'],
		['create view v as select 1', 'unknown ddl session'],
		['create temp table t (a int)', 'session'],
		['create temp table t as select * from a', 'session'],
		['set search_path = x', 'session'],
		['set local search_path = x', ''],
		['set transaction isolation level serializable', ''],
		['reset all', 'session'],
		['discard all', 'session'],
		['listen x', ''],
		['lock a', ''],
		['commit', ''],
		['vacuum a', ''],
	] as const) {
		const shape = read(text);
		const found = (['unknown', 'ddl', 'session'] as const).filter((flag) => shape[flag]).join(' ');
		assert.equal(found, flags, text);
	}
	assert.equal(read('commit').commits, true);
	assert.equal(read('rollback').commits, false);
});
