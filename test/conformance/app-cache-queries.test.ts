/** `cacheQueries` in one process, on a real PostgreSQL: what is kept, what is not, and when it ends. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import { type AppCache, cacheQueries, createCache, type QueryCache } from '../../cache.ts';
import { NO_POSTGRES, Postgres } from '../support/postgres.ts';
import { eventually } from '../support/suite.ts';

const skip = NO_POSTGRES;
const SCHEMA = `
	create table films (id int primary key, title text, price numeric, at timestamptz default '2026-01-02T03:04:05Z',
		day date default '2026-01-02', tags text[] default '{a,b}', data jsonb default '{"n": 1}', raw bytea default '\\x00ff',
		big bigint default 9007199254740993, nothing text);
	create table actors (id int primary key, name text);
	create table roles (film int references films on delete cascade, actor int references actors on delete set null);
	create table audit (what text);
	create table plain (id int primary key, n int, changed timestamptz);
	create view cheap as select * from films where price < 10;
	create view dear as select * from films where price >= 10;
	create materialized view titles as select title from films;
	create table events (id int, day date) partition by range (day);
	create table events_26 partition of events for values from ('2026-01-01') to ('2027-01-01');
	create table secrets (id int, owner text); alter table secrets enable row level security;
	create table traced (id int primary key, n int);
	create function trace() returns trigger language plpgsql as $$ begin insert into audit values ('traced'); return new; end $$;
	create trigger trace after insert or update on traced for each row execute function trace();
	create function touch() returns trigger language plpgsql as $$ begin
		-- insert into nothing
		if new.n is distinct from old.n and tg_op = 'UPDATE' then new.changed := now(); end if; return new; end $$;
	create trigger touch before update on plain for each row execute function touch();
	create function add_film(int) returns int language sql as $$ insert into films values ($1, 'by function') returning id $$;
	create function steady(int) returns int language sql immutable as $$ select $1 $$;
	create function film_count() returns bigint language sql stable as $$ select count(*) from films $$;
	create function label(films) returns text language sql stable as $$ select $1.title || random() $$;
	create function numbers() returns setof int language sql stable as $$ select id from films $$;
	create procedure refill() language plpgsql as $$ begin delete from roles; commit; end $$;
	create view dearest as select * from films where price > 100;
	create function log_dearest() returns trigger language plpgsql as $$ begin insert into audit values ('dearest'); return new; end $$;
	create trigger log_dearest instead of insert on dearest for each row execute function log_dearest();
	create view ruled as select * from films; create rule log_ruled as on update to ruled do instead delete from actors;
	create type odd as (n int);
	create function odd_of(int) returns odd language sql stable as $$ select row($1 + extract(epoch from now())::int)::odd $$;
	create cast (int as odd) with function odd_of(int);
	create schema other; create table other.films (id int); insert into other.films values (1000);
	insert into films select n, 'film ' || n, n from generate_series(1, 20) n;
	insert into actors values (1, 'one'), (2, 'two'); insert into roles values (1, 1), (2, 2);
	insert into plain values (1, 1), (2, 2); insert into traced values (1, 1);
`;

let postgres: Postgres;
let raw: pg.Pool;
let cache: AppCache;
let pool: pg.Pool & QueryCache;

before(async () => {
	if (skip) return;
	postgres = await Postgres.start();
	raw = new pg.Pool({ connectionString: postgres.url, max: 5 });
	// That the database ends in the end is told to whoever holds a connection; what fails by it rejects besides.
	raw.on('error', () => {}).on('connect', (client) => client.on('error', () => {}));
	await raw.query(SCHEMA);
	cache = await createCache();
	pool = await cacheQueries(raw, cache, {
		views: { cheap: ['films'], dearest: ['films'], ruled: ['films'] },
		functions: { film_count: { reads: ['films'] } },
	});
});

after(async () => {
	if (skip) return;
	await cache.close();
	// A test that failed has not given its connection back: nobody waits for it.
	await Promise.race([raw.end(), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
	await postgres.stop();
});

/** How often a statement was answered from the cache while `work` ran. */
async function hits(work: () => Promise<unknown>): Promise<number> {
	const before = cache.counts().queries.hits;
	await work();
	return cache.counts().queries.hits - before;
}

async function twice(text: string, values?: unknown[]): Promise<number> {
	await pool.query(text, values);
	return hits(() => pool.query(text, values));
}

test('an answer from the cache is what pg gives, and belongs to its reader', { skip }, async () => {
	for (const query of [
		{ text: 'select * from films order by id limit 3' },
		{ text: 'select *, id as title from films order by id limit 3', rowMode: 'array' },
		{ text: 'select * from films where id = $1', values: [-1] },
		{ text: 'select count(*), array_agg(id) from films where id = any($1)', values: [[1, 2]] },
		{
			text: 'select id from films where id = $1',
			values: [1],
			types: { getTypeParser: () => (text: string) => `<${text}>` },
		},
	]) {
		const wanted = await raw.query(query as pg.QueryConfig);
		for (const round of ['asked', 'kept']) {
			const found = await pool.query(query as pg.QueryConfig);
			for (const key of ['rows', 'rowCount', 'command'] as const)
				assert.deepEqual(found[key], wanted[key], `${round}: ${query.text}`);
			assert.deepEqual(
				found.fields.map(({ name, dataTypeID }) => [name, dataTypeID]),
				wanted.fields.map(({ name, dataTypeID }) => [name, dataTypeID]),
			);
			found.rows.splice(0);
		}
	}
	assert.equal(await twice('select id from films where id = $1', [3]), 1);
});

test('values tell answers apart; what pg sends alike is alike', { skip }, async () => {
	const ask = async (value: unknown) =>
		(await pool.query('select $1::text as v, id from films where id = 1', [value])).rows[0].v;
	for (const value of [
		'1',
		'n',
		null,
		'null',
		'',
		'x',
		'{1}',
		[1],
		[[1], ['1"']],
		new Date(5),
		Buffer.from('a'),
		true,
	]) {
		const wanted = (await raw.query('select $1::text as v', [value])).rows[0].v;
		assert.equal(await ask(value), wanted);
		assert.equal(await hits(() => ask(value)), 1, String(value));
	}
	assert.equal(await hits(() => ask(1)), 1);
	// Not plain, so asked each time.
	assert.equal(await twice('select $1::jsonb from films', [{ a: 1 }]), 0);
	assert.equal(await twice('select * from films where at > $1::timestamptz', ['now']), 0);
});

test('what cannot be judged is never answered from the cache', { skip }, async () => {
	for (const text of [
		'select now(), * from films',
		'select * from films where day < current_date',
		"select * from films where at < 'now'",
		'select random(), * from films',
		'select age(at) from films',
		"select current_setting('TimeZone') from films",
		"select nextval('s') from films",
		'select * from films for update',
		'select * from dear',
		'select * from secrets',
		'select * from pg_class',
		'select * from information_schema.tables',
		'select * from pg_catalog.pg_type',
		'select steady(1) from films',
		'select id::odd from films',
		'select * from numbers()',
		'select f.label from films f',
		'select * from films tablesample system (100)',
		'select xmin from films',
		'select 1',
		'select * from generate_series(1, 3)',
		"with w as (insert into audit values ('cte') returning *) select * from w",
		'select * from films; select 1',
		'explain select * from films',
		'show search_path',
		'select add_film(-5), id from films limit 0',
	]) {
		await raw.query('create sequence if not exists s');
		assert.equal(await twice(text), 0, text);
		assert.equal((await pool.explainCache(text)).kept, false, text);
		assert.notEqual((await pool.explainCache(text)).why, undefined, text);
	}
	await raw.query('delete from films where id < 0');
});

test('what can be judged is', { skip }, async () => {
	for (const [text, reads] of [
		['select lower(title), upper(title), coalesce(title, price::text), greatest(1, id) from films', 'public.films'],
		[
			"select to_char(at, 'YYYY'), extract(year from day), date_trunc('day', at), at at time zone 'utc' from films",
			'public.films',
		],
		[
			'select json_agg(f), count(distinct f.id), row_number() over (order by f.id) from films f group by f.id',
			'public.films',
		],
		[
			'with recursive w(n) as (select 1 union all select n + 1 from w where n < 3) select * from w, actors',
			'public.actors',
		],
		[
			"select * from films where title ilike '%a%' and id between 1 and 3 or tags @> '{a}' or data ->> 'n' = '1'",
			'public.films',
		],
		[
			'select * from public.films join roles on film = id left join actors a on a.id = actor',
			'public.actors public.films public.roles',
		],
		['select * from other.films', 'other.films'],
		['select * from cheap', 'public.cheap public.films'],
		['select film_count() from actors', 'public.actors public.films'],
		['select * from titles', 'public.titles'],
		['select * from events', 'public.events'],
		['select t.* from films, unnest(tags) with ordinality t', 'public.films'],
	] as const) {
		assert.deepEqual(await pool.explainCache(text), { kept: true, reads: reads.split(' '), writes: [] }, text);
		assert.equal(await twice(text), 1, text);
	}
});

test('a write ends the answers of its tables, and of no others', { skip }, async () => {
	const kept = async (text: string) => (await hits(() => pool.query(text))) === 1;
	const films = 'select count(*), sum(price) from films';
	const actors = 'select count(*) from actors';
	for (const write of [
		"insert into films values (101, 'x', 1)",
		'update films set price = 2 where id = 101',
		"insert into films values (101, 'x', 1) on conflict (id) do update set price = 3",
		'with w as (update films set price = 4 where id = 101 returning *) select * from w',
		'merge into films using (select 101 as id) s on films.id = s.id when matched then update set price = 5',
		'delete from films where id = 101',
		'select add_film(102)',
		'call refill()',
		'do $$ begin delete from films where id = 102; end $$',
		'begin; delete from films where id = 103; commit',
		'explain analyze delete from films where id = 104',
	]) {
		for (const text of [films, actors]) await pool.query(text);
		await pool.query(write);
		const { writes } = await pool.explainCache(write);
		assert.equal(await kept(actors), !writes.includes('*'), write);
		assert.equal(await kept(films), false, write);
		assert.deepEqual((await pool.query(films)).rows, (await raw.query(films)).rows, write);
	}
});

test('rows that cascade, parts of tables, triggers', { skip }, async () => {
	const writes = async (text: string) => (await pool.explainCache(text)).writes.toSorted().join(' ');
	assert.equal(await writes('delete from films where id = 1'), 'public.films public.roles');
	assert.equal(await writes('insert into films values (1)'), 'public.films');
	assert.equal(await writes('update films set id = 1'), 'public.films');
	assert.equal(await writes('delete from actors'), 'public.actors public.roles');
	assert.equal(await writes('insert into events_26 values (1)'), 'public.events public.events_26');
	assert.equal(await writes('update plain set n = 3'), 'public.plain');
	assert.equal(await writes('update traced set n = 3'), '*');
	assert.equal(await writes('delete from traced'), 'public.traced');
	assert.equal(await writes('insert into cheap values (1)'), 'public.cheap public.films public.roles');
	// What a view's own triggers and rules do instead may be anything.
	assert.equal(await writes('insert into dearest values (1)'), '*');
	assert.equal(await writes('delete from dearest'), 'public.dearest public.films public.roles');
	assert.equal(await writes('update ruled set id = 1'), '*');
	assert.equal(await writes('insert into dear values (1)'), '*');
	assert.equal(await writes('insert into nowhere values (1)'), '*');
	assert.equal(await writes('refresh materialized view titles'), 'public.titles');
	await pool.query('select count(*) from roles');
	await pool.query('delete from films where id = 2');
	assert.equal((await pool.query('select count(*)::int as n from roles where film = 2')).rows[0].n, 0);
});

test('after commit, never before; a rollback ends nothing; a transaction sees its own writes', { skip }, async () => {
	const text = 'select n from plain where id = 1';
	const seen = async (on: { query(text: string): Promise<pg.QueryResult> }) => (await on.query(text)).rows[0].n;
	const was = await seen(pool);
	const client = await pool.connect();
	try {
		for (const end of ['rollback', 'commit']) {
			await client.query('begin');
			assert.equal(await hits(() => client.query(text)), 0, 'nothing is read from the cache in a transaction');
			await client.query('update plain set n = 100 where id = 1');
			assert.equal(await seen(client), 100);
			assert.equal(await hits(async () => assert.equal(await seen(pool), was)), 1, 'others have the answer of before');
			await client.query(end);
			const answered = await hits(async () => assert.equal(await seen(pool), end === 'commit' ? 100 : was));
			assert.equal(answered, end === 'commit' ? 0 : 1, end);
		}
	} finally {
		client.release();
	}
});

test('a transaction that has failed and says COMMIT ends nothing; savepoints and several statements', {
	skip,
}, async () => {
	const text = 'select n from plain where id = 2';
	const client = await pool.connect();
	await pool.query(text);
	await client.query('begin');
	await client.query('update plain set n = 7 where id = 2');
	await assert.rejects(client.query('select 1 / 0'));
	assert.equal((await client.query('commit')).command, 'ROLLBACK');
	assert.equal(await hits(() => pool.query(text)), 1);
	await assert.rejects(pool.query('update plain set n = 1 / 0 where id = 2'));
	assert.equal(await hits(() => pool.query(text)), 1);

	await client.query(
		'begin; savepoint a; update plain set n = 8 where id = 2; rollback to a; update plain set n = 9 where id = 2',
	);
	assert.equal(await hits(() => pool.query(text)), 1);
	await client.query('commit');
	assert.equal((await pool.query(text)).rows[0].n, 9);

	await client.query('begin');
	await client.query('update plain set n = 10 where id = 2');
	await client.query("prepare transaction 'p'");
	assert.equal((await pool.query(text)).rows[0].n, 9);
	await pool.query("commit prepared 'p'");
	assert.equal((await pool.query(text)).rows[0].n, 10);
	client.release();
});

test('what is committed within a text or a chain is heard, whatever becomes of the transaction behind it', {
	skip,
}, async () => {
	const text = 'select n from plain where id = 2';
	const client = await pool.connect();
	await client.query('begin');
	await client.query('update plain set n = 20 where id = 2');
	await pool.query(text);
	await client.query('commit and chain');
	assert.equal((await pool.query(text)).rows[0].n, 20);
	await client.query('rollback');
	assert.equal(await hits(() => pool.query(text)), 1);

	await client.query('begin');
	await client.query('update plain set n = 21 where id = 2');
	await client.query('commit; begin');
	assert.equal((await pool.query(text)).rows[0].n, 21);
	await client.query('rollback');

	await client.query('begin');
	await client.query('update plain set n = 22 where id = 2');
	await assert.rejects(client.query('commit; select 1 / 0'));
	await client.query('rollback');
	assert.equal((await pool.query(text)).rows[0].n, 22);
	client.release();
});

test('statements that nobody waited for keep their order', { skip }, async () => {
	const text = 'select n from plain where id = 1';
	await pool.query(text);
	const client = await pool.connect();
	const begun = [client.query('begin'), client.query('update plain set n = 55 where id = 1'), client.query(text)];
	const [, , seen] = await Promise.all(begun);
	assert.equal((seen as pg.QueryResult).rows[0].n, 55);
	const [reading] = [client.query(text), client.query('rollback')];
	assert.equal((await reading).rows[0].n, 55);
	assert.notEqual((await pool.query(text)).rows[0].n, 55);

	// A question that waits for its turn in the cache while a transaction begins behind it.
	const fresh = 'select n, 1 as fresh from plain where id = 1';
	const both = [client.query(fresh), client.query('begin'), client.query('update plain set n = 56 where id = 1')];
	await Promise.all(both);
	await client.query('rollback');
	assert.notEqual((await pool.query(fresh)).rows[0].n, 56);
	client.release();
});

test('a read that began before a commit is not kept beyond it', { skip }, async () => {
	const text = 'select n from plain where id = $1 and exists (select 1 from actors)';
	const lock = await raw.connect();
	await lock.query('begin');
	await lock.query('lock table actors in access exclusive mode');
	// Waits for the lock, behind it the commit of another.
	const before = pool.query(text, [1]);
	const waiting = async () =>
		(await raw.query("select 1 from pg_stat_activity where wait_event_type = 'Lock'")).rowCount;
	await eventually(waiting, (locks) => locks !== 0);
	await pool.query('update plain set n = n + 1 where id = 1');
	const now = (await raw.query('select n from plain where id = 1')).rows[0].n;
	const after = pool.query(text, [1]);
	await lock.query('commit');
	lock.release();
	await before;
	assert.equal((await after).rows[0].n, now);
	assert.equal((await pool.query(text, [1])).rows[0].n, now);
});

test('one question to the database for all who ask at a time', { skip }, async () => {
	const before = cache.counts().queries;
	const text = 'select count(*) from films, actors where films.id <> $1';
	const answers = await Promise.all(Array.from({ length: 50 }, () => pool.query(text, [77])));
	assert.equal(new Set(answers.map(({ rows }) => rows)).size, 50);
	const { misses, joined } = cache.counts().queries;
	assert.deepEqual([misses - before.misses, joined - before.joined], [1, 49]);
});

test('who holds all connections is not kept waiting by who waits for one', { skip }, async () => {
	const small = new pg.Pool({ connectionString: postgres.url, max: 1 });
	const queries = await cacheQueries(small, cache);
	const text = "select 'held', id from films where id = 3";
	await queries.query('select 1');
	const client = await queries.connect();
	const waiting = queries.query(text);
	assert.equal((await client.query(text)).rowCount, 1);
	client.release();
	assert.equal((await waiting).rowCount, 1);
	await small.end();
});

test('sessions that differ do not share answers', { skip }, async () => {
	const text = 'select count(*)::int as n from films';
	const wanted = (await pool.query(text)).rows[0].n;
	for (const change of [
		'set search_path = other',
		'create temporary table films (id int)',
		"select set_config('search_path', 'other', false)",
	]) {
		const client = await pool.connect();
		await client.query(change);
		assert.equal(await hits(() => client.query(text)), 0);
		assert.notEqual((await client.query(text)).rows[0].n, wanted, change);
		client.release();
		// The pool may give that connection to the next; its answers are its own.
		await pool.invalidateTables('films');
		for (let times = 0; times < 3; times++) await pool.query(text);
		const all = await Promise.all(Array.from({ length: raw.idleCount }, () => raw.connect()));
		for (const one of all) one.release(true);
	}
	// Nobody waits for the statement before the change, which is why the connection is asked about its settings.
	const client = await pool.connect();
	await client.query("select set_config('application_name', 'quick', false)");
	await Promise.all([client.query(text), client.query('set search_path = other')]);
	for (let times = 0; times < 2; times++) assert.equal((await client.query(text)).rows[0].n, 1);
	assert.equal((await pool.query(text)).rows[0].n, wanted);
	client.release(true);
	const elsewhere = new pg.Pool({ connectionString: postgres.url, options: '-c search_path=other' });
	const queries = await cacheQueries(elsewhere, cache);
	assert.equal((await queries.query(text)).rows[0].n, 1);
	await elsewhere.end();
});

test('cursors, COPY and named statements pass, and what they write is heard', { skip }, async () => {
	const text = 'select count(*)::int as n from audit';
	const count = async () => (await pool.query(text)).rows[0].n;
	let n = await count();
	const client = await pool.connect();
	const cursor = client.query(new Cursor('select id from films order by id'));
	assert.equal((await cursor.read(2)).length, 2);
	await cursor.close();
	assert.equal(await hits(count), 1);

	const writing = client.query(new Cursor("insert into audit values ('cursor') returning *"));
	await writing.read(10);
	await writing.close();
	await eventually(count, (now) => now === n + 1);
	n++;

	const stream = client.query(copyFrom('copy audit from stdin'));
	await new Promise((resolve, reject) => {
		stream.on('finish', resolve).on('error', reject);
		stream.end('copied\n');
	});
	await eventually(count, (now) => now === n + 1);
	n++;
	assert.equal(await count(), n);

	const named = { name: 'audits', text };
	await pool.query(named);
	assert.equal(await hits(() => pool.query(named)), 0);
	await pool.query({ name: 'add', text: 'insert into audit values ($1)' }, ['named']);
	assert.equal(await count(), n + 1);
	client.release();
});

test('callbacks, as pg has them', { skip }, async () => {
	const text = 'select id from films where id = 3';
	const rows = await new Promise((resolve) =>
		pool.query(text, (_: Error, result: pg.QueryResult) => resolve(result.rows)),
	);
	assert.deepEqual(rows, [{ id: 3 }]);
	const withValues = await new Promise((resolve) =>
		pool.query('select id from films where id = $1', [4], (_: Error, result: pg.QueryResult) => resolve(result.rows)),
	);
	assert.deepEqual(withValues, [{ id: 4 }]);
	const fault = await new Promise<Error>((resolve) => pool.query('select nothing', (error: Error) => resolve(error)));
	assert.match(fault.message, /does not exist/);
	const held = await new Promise((resolve) =>
		pool.connect((_, client, release) => {
			client?.query(text, (__: Error, result: pg.QueryResult) => {
				release();
				resolve(result.rows);
			});
		}),
	);
	assert.deepEqual(held, [{ id: 3 }]);
	assert.ok(pool instanceof pg.Pool);
	assert.equal(pool.totalCount, raw.totalCount);
});

test('new tables, changed tables', { skip }, async () => {
	await pool.query('create table young (id int)');
	assert.equal(await twice('select * from young'), 1);
	await pool.query('alter table young add n int default 5');
	assert.deepEqual((await pool.query('select * from young')).fields.length, 2);
	await pool.query('insert into young values (1)');
	assert.deepEqual((await pool.query('select * from young')).rows, [{ id: 1, n: 5 }]);
	await pool.query('drop table young');
	await assert.rejects(pool.query('select * from young'), /does not exist/);
});

test('tables that others changed are said by name', { skip }, async () => {
	const text = 'select count(*)::int as n from actors';
	const before = (await pool.query(text)).rows[0].n;
	await raw.query("insert into actors values (50, 'past the pool')");
	assert.equal((await pool.query(text)).rows[0].n, before);
	await pool.invalidateTables('actors');
	assert.equal((await pool.query(text)).rows[0].n, before + 1);
});

test('the end of an answer, and its greatest size', { skip }, async () => {
	const queries = await cacheQueries(raw, cache, { ttl: '20ms', maxAnswer: '1KiB' });
	await queries.query('select id from actors');
	await raw.query("insert into actors values (60, 'x')");
	const fresh = async () => (await queries.query('select id from actors where id = 60')).rowCount;
	await eventually(fresh, (rows) => rows === 1);
	const large = "select repeat('x', 2000), id from actors where id = 1";
	assert.equal((await queries.query(large)).rowCount, 1);
	assert.equal(await hits(() => queries.query(large)), 0);
	await assert.rejects(cacheQueries(raw, cache, { tll: '1s' } as never), /did you mean `ttl`/);
});

test('a connection that breaks in a COMMIT, or an answer that comes too late, ends the answers', { skip }, async () => {
	const text = 'select n from plain where id = 2';
	await pool.query(text);
	const slow = pool.query({
		text: 'update plain set n = 99 from pg_sleep(0.2) where id = 2',
		query_timeout: 50,
	} as pg.QueryConfig);
	await assert.rejects(slow, /timeout/);
	const seen = async () => (await pool.query(text)).rows[0].n;
	await eventually(seen, (n) => n === 99, 10_000);
});

/** Numbers from 0 to 1, the same each time. */
function chance(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

/** One of many who write, each a row of his own, and read it back. */
async function writer(id: number, rounds: number): Promise<void> {
	const next = chance(id);
	let n = 0;
	const check = async () => {
		const one = await pool.query('select n from ledger where id = $1', [id]);
		assert.equal(one.rows[0].n, n, `row ${id}`);
		const joined = await pool.query(
			'with own as (select * from ledger where id = $1) select own.n from own left join actors on false',
			[id],
		);
		assert.equal(joined.rows[0].n, n, `row ${id}, joined`);
	};
	await pool.query('insert into ledger values ($1, 0)', [id]);
	for (let round = 0; round < rounds; round++) {
		const to = round + 1;
		const kind = Math.floor(next() * 5);
		if (kind === 0) {
			await pool.query('update ledger set n = $2 where id = $1', [id, to]);
			n = to;
		} else if (kind < 4) {
			const client = await pool.connect();
			await client.query('begin');
			await client.query(`update ledger set n = ${to} where id = ${id}`);
			if (next() < 0.5) assert.equal((await client.query('select n from ledger where id = $1', [id])).rows[0].n, to);
			if (kind === 3) await client.query('select 1 / 0').catch(() => undefined);
			await client.query(kind === 1 ? 'commit' : kind === 2 ? 'rollback' : 'commit');
			if (kind === 1) n = to;
			client.release();
		}
		await check();
	}
}

test('by chance: many write and read at a time, and each sees what it wrote', { skip }, async () => {
	await pool.query('create table ledger (id int primary key, n int)');
	const before = cache.counts().queries.hits;
	await Promise.all(Array.from({ length: 6 }, (_, id) => writer(id + 1, 50)));
	const sum = 'select sum(n)::int as n from ledger';
	assert.deepEqual((await pool.query(sum)).rows, (await raw.query(sum)).rows);
	assert.ok(cache.counts().queries.hits > before);
});
