import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SharedPurge } from '../purges/purge-times.ts';
import { formatRecord, ITEMS_MOST, parseRecord, piecesOf } from './purge-record.ts';

const PURGES: SharedPurge[] = [
	{ urls: ['http://a/b'] },
	{ prefixes: ['a/'] },
	{ tags: ['é', ''] },
	{ everything: true },
	{ changed: ['ha/\xff'] },
];

test('a record comes back as it was', () => {
	for (const purge of PURGES) {
		const record = { node: 'n', serial: 7, soft: true, purge };
		assert.deepEqual(parseRecord(formatRecord(record)), record);
	}
});

test('what is none is none', () => {
	const good = { v: 1, node: 'n', serial: 1, soft: false, tags: ['a'] };
	assert.notEqual(parseRecord(JSON.stringify(good)), null);
	const bad: unknown[] = [
		null,
		[],
		'text',
		{ ...good, v: 2 },
		{ ...good, node: 1 },
		{ ...good, node: 'n'.repeat(65) },
		{ ...good, serial: 1.5 },
		{ ...good, soft: 'no' },
		{ ...good, tags: undefined },
		{ ...good, tags: 'a' },
		{ ...good, tags: [1] },
		{ ...good, tags: ['a'.repeat(33_001)] },
		{ ...good, tags: Array.from({ length: ITEMS_MOST + 1 }, () => 'a') },
		{ v: 1, node: 'n', serial: 1, soft: false, everything: 'yes' },
		{ v: 1, node: 'n', serial: 1, soft: false, urls: ['no URL'] },
	];
	for (const one of bad) assert.equal(parseRecord(JSON.stringify(one)), null, JSON.stringify(one).slice(0, 80));
	for (const text of ['', '{', 'undefined']) assert.equal(parseRecord(text), null);
});

test('many items are told in pieces', () => {
	const tags = Array.from({ length: ITEMS_MOST * 2 + 1 }, (_, at) => `${at}`);
	const pieces = piecesOf({ tags });
	assert.equal(pieces.length, 3);
	assert.deepEqual(
		pieces.flatMap((piece) => ('tags' in piece ? piece.tags : [])),
		tags,
	);
	assert.deepEqual(piecesOf({ everything: true }), [{ everything: true }]);
});
