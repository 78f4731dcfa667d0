import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Column, table } from './table.ts';
import { recordedTerminal } from './testing/recorded-terminal.ts';
import { textWidth } from './text-width.ts';

const COLUMNS: Column[] = [
	{ title: 'NAME', least: 6 },
	{ title: 'RATE', align: 'right' },
	{ title: 'EXTRA', drop: 2 },
	{ title: 'NOTE', drop: 1, least: 8 },
];
const ROWS = [
	[{ text: 'videos' }, { text: '1.2k/s' }, { text: 'something' }, { text: 'ready after 0.4 s' }],
	[{ text: 'a-very-long-name-of-a-service' }, { text: '3/s' }, { text: 'else' }, { text: '' }],
];

test('aligns in the width that it needs', () => {
	assert.deepEqual(table(COLUMNS, ROWS, recordedTerminal()), [
		'NAME                             RATE  EXTRA      NOTE',
		'videos                         1.2k/s  something  ready after 0.4 s',
		'a-very-long-name-of-a-service     3/s  else',
	]);
});

test('cuts, then drops, then squeezes, and is never wider than the terminal', () => {
	assert.deepEqual(table(COLUMNS, ROWS, recordedTerminal({ columns: 40 })), [
		'NAME           RATE  EXTRA      NOTE',
		'videos       1.2k/s  something  ready a…',
		'a-very-lon…     3/s  else',
	]);
	assert.deepEqual(table(COLUMNS, ROWS, recordedTerminal({ columns: 20 })), [
		'NAME            RATE',
		'videos        1.2k/s',
		'a-very-long…     3/s',
	]);
	for (let columns = 1; columns < 80; columns++) {
		for (const line of table(COLUMNS, ROWS, recordedTerminal({ columns })))
			assert.ok(textWidth(line) <= columns, `${columns}: ${line}`);
	}
});

test('colours do not count as width', () => {
	const [, row] = table(
		COLUMNS,
		[[{ text: 'ok', colour: 'green' }, { text: '1/s' }]],
		recordedTerminal({ colours: true }),
	);
	assert.equal(row, '\x1b[32mok\x1b[0m     1/s');
});
