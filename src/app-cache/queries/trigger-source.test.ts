import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHarmlessTrigger } from './trigger-source.ts';

const builtin = new Map([
	['now', false],
	['lower', true],
	['pg_notify', false],
	['query_to_xml', false],
]);

test('triggers that only change the row at hand', () => {
	for (const [source, harmless] of [
		['begin new.updated_at = now(); return new; end', true],
		["begin if tg_op = 'UPDATE' then new.n := old.n + 1; end if; return new; end", true],
		['begin new.name := lower(new.name); -- delete from films\nreturn new; end', true],
		["begin perform pg_notify('x', 'it''s (update) a'); return null; end", true],
		['begin insert into audit values (1); return new; end', false],
		["begin execute 'del' || 'ete from films'; return new; end", false],
		['begin new.n := write_it(new.id); return new; end', false],
		['begin new.n := other.now(); return new; end', false],
		["begin perform query_to_xml('delete', true, true, ''); return new; end", false],
		['begin new.n := "Write It"(1); return new; end', false],
		["begin new.n := $q$'$q$; delete from films; --'\nreturn new; end", false],
		["begin /* ' */ delete from films; /* ' */ return new; end", false],
		["begin new.n := E'\\''; delete from films; --'\n return new; end", false],
	] as const) {
		assert.equal(isHarmlessTrigger(source, builtin), harmless, source);
	}
});
