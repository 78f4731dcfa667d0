import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loadModule, parseSync } from 'libpg-query';
import { catalogOf } from './catalog.ts';
import type { CatalogRow, SessionRow } from './catalog-query.ts';
import { judge } from './judge.ts';
import { shapeOf } from './sql-statement.ts';

before(() => loadModule());

const row: CatalogRow = {
	tables: [
		[1, 'public', 'events', 'p', false, false],
		[2, 'public', 'events_25', 'f', false, false],
		[3, 'public', 'events_26', 'p', false, false],
		[4, 'public', 'events_26_far', 'f', false, false],
		[5, 'public', 'films', 'r', false, false],
	],
	parents: [
		[2, 1],
		[3, 1],
		[4, 3],
	],
	keys: null,
	triggers: null,
	functions: null,
	builtin: {},
	casts: ['odd'],
	operators: null,
};
const session = { schemas: ['pg_catalog', 'public'] } as SessionRow;

function whyNot(text: string): string | undefined {
	const notes = { functions: {}, views: {} };
	return judge(shapeOf(text, parseSync), catalogOf(row, session, notes), notes).why;
}

test('a table of which a part lies elsewhere is not kept', () => {
	assert.equal(whyNot('select * from films'), undefined);
	for (const table of ['events', 'events_25', 'events_26']) {
		assert.match(whyNot(`select * from ${table}`) ?? '', /lies elsewhere/, table);
	}
});

test('a cast by a function of the application that is not steady is not kept', () => {
	assert.equal(whyNot('select id::text from films'), undefined);
	assert.match(whyNot('select id::odd, cast(id as shop.odd) from films') ?? '', /cast to odd/);
});

test('a name of WITH does not hide a table of the system where it does not reach', () => {
	assert.equal(whyNot('with w as (select 1 from films) select * from w'), undefined);
	const text = 'select 1 from (with pg_stat_activity as (select 1 from films) select 1 from films) s, pg_stat_activity';
	assert.match(whyNot(text) ?? '', /pg_stat_activity is not known/);
});
