import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../core/database.ts';
import { STATE_STEPS, StateTable } from './state-table.ts';

test('what was set last is there; what cannot be read is nothing', () => {
	const database = openDatabase(':memory:', STATE_STEPS);
	const table = new StateTable(database);
	assert.equal(table.get('alerts'), null);
	table.set('alerts', { a: [1, null] });
	table.set('alerts', { a: [2] });
	assert.deepEqual(table.get('alerts'), { a: [2] });
	database.exec("UPDATE state SET value = '{'");
	assert.equal(table.get('alerts'), null);
	database.close();
});
