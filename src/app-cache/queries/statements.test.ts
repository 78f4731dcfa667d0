import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStatements } from './statements.ts';

test('texts are read once, and what is kept of them is bounded however long and many they are', () => {
	let read = 0;
	const parse = () => {
		read++;
		return { stmts: [{ stmt: { SelectStmt: {} } }] };
	};
	const statements = createStatements(parse, { functions: {}, views: {} });
	const readsOf = (text: string): number => {
		const before = read;
		statements.shape(text);
		return read - before;
	};
	assert.deepEqual([readsOf('select 1'), readsOf('select 1'), readsOf('begin')], [1, 0, 0]);
	assert.equal(statements.shape('x'.repeat(100_000)).unknown, true);
	for (let i = 0; i < 300; i++) statements.shape(`select ${i}${' '.repeat(16_000)}`);
	assert.deepEqual([readsOf('select 1'), readsOf(`select 299${' '.repeat(16_000)}`)], [1, 0]);
});
