import assert from 'node:assert/strict';
import test from 'node:test';
import type { z } from 'zod';
import { orList } from './or-list.ts';
import {
	bool,
	choice,
	duration,
	integer,
	list,
	map,
	object,
	oneOf,
	reference,
	required,
	share,
	size,
	text,
	valueOrReference,
} from './schema.ts';

/** What is said of a value; `ok` when nothing is. */
function said(schema: z.ZodType, value: unknown): string {
	const result = schema.safeParse(value);
	return result.success ? 'ok' : (result.error.issues[0]?.message ?? '');
}

const table = (schema: z.ZodType, cases: [unknown, string][]) => {
	for (const [value, expected] of cases) assert.equal(said(schema, value), expected, JSON.stringify(value));
};

test('durations: with a unit, within a range; what was meant', () => {
	const such = 'expected a duration such as 500ms, 30s or 1m30s';
	table(duration(100, 60_000), [
		['100ms', 'ok'],
		['1m', 'ok'],
		['0.5s', 'ok'],
		['99ms', 'expected a duration from 100ms to 1m'],
		['1m1ms', 'expected a duration from 100ms to 1m'],
		[30, `${such}; write \`30s\``],
		[-1, such],
		['30', `${such}; write \`30s\``],
		['30 s', `${such}; write \`30s\``],
		['2 Minutes', `${such}; write \`2m\``],
		['5msec', `${such}; write \`5ms\``],
		['1 hr', `${such}; write \`1h\``],
		['soon', such],
		[true, such],
	]);
});

test('shares: in per cent, within a range; what was meant', () => {
	const range = 'expected a share from 1% to 50%, such as 50%';
	table(share(0.01, 0.5), [
		['1%', 'ok'],
		['12.5 %', 'ok'],
		['50%', 'ok'],
		['0%', range],
		['51%', range],
		['150%', range],
		[50, `${range}; write \`50%\``],
		[0.5, `${range}; write \`50%\``],
		['20', `${range}; write \`20%\``],
		['half', range],
		[null, range],
	]);
});

test('sizes: with a unit, within a range; what was meant', () => {
	const such = 'expected a size such as 512B, 16KiB or 10MB';
	table(size(1024, 1_048_576), [
		['1KiB', 'ok'],
		['1MiB', 'ok'],
		['1023B', 'expected a size from 1KiB to 1MiB'],
		['2GB', 'expected a size from 1KiB to 1MiB'],
		[16_384, `${such}; write \`16KiB\``],
		['16k', `${such}; write \`16KiB\``],
		['16 kb', `${such}; write \`16KiB\``],
		['512', `${such}; write \`512B\``],
		['10m', `${such}; write \`10MiB\``],
		['big', such],
		[-5, such],
	]);
});

test('whole numbers, words, true and false, text', () => {
	table(integer(1, 9), [
		[9, 'ok'],
		[10, 'expected a whole number from 1 to 9'],
		[1.5, 'expected a whole number from 1 to 9'],
		['5', 'expected a whole number from 1 to 9; write 5 without quotes'],
		[null, 'expected a whole number from 1 to 9'],
	]);
	table(choice('drop', 'pass'), [
		['drop', 'ok'],
		['Drop', 'expected drop or pass; did you mean `drop`?'],
		['none', 'expected drop or pass'],
		[1, 'expected drop or pass'],
	]);
	table(bool(), [
		[true, 'ok'],
		['yes', 'expected true or false; `yes` is text here: write true'],
		['OFF', 'expected true or false; `OFF` is text here: write false'],
		[1, 'expected true or false'],
	]);
	table(
		text('a name', (value) => (value === '' ? 'expected a name, not nothing' : undefined)),
		[
			['x', 'ok'],
			['', 'expected a name, not nothing'],
			[5, 'expected a name; write it in quotes: "5"'],
			[{}, 'expected a name'],
		],
	);
	assert.deepEqual(
		[orList(['a']), orList(['a', 'b']), orList(['a', 'b', 'c']), orList([])],
		['a', 'a or b', 'a, b or c', ''],
	);
});

test('objects, maps, lists, forms', () => {
	const schema = object({ name: required(integer(1, 2), 'A number.') });
	table(schema, [
		[{ name: 1 }, 'ok'],
		[{}, 'expected a whole number from 1 to 2'],
		[{ name: 1, other: 2 }, 'accepted keys: name'],
		[[], 'expected an object with the keys name'],
	]);
	table(map(integer(1, 2), 'numbers'), [
		[{ a: 1 }, 'ok'],
		[[1], 'expected a map of numbers'],
	]);
	table(list(integer(1, 2), 'numbers'), [
		[[1], 'ok'],
		[[], 'expected a list of numbers; this one is empty'],
		['x', 'expected a list of numbers'],
	]);
	table(oneOf([integer(1, 2), schema], 'a number or an object with name'), [
		[2, 'ok'],
		[{ name: 2 }, 'ok'],
		[true, 'expected a number or an object with name'],
	]);
});

test('references and values', () => {
	for (const value of [{ env: 'A_1' }, { file: './x' }]) assert.equal(said(reference, value), 'ok');
	for (const value of [{}, { env: 'A B' }, { file: '' }, { env: 'A', file: 'x' }, 'A'])
		assert.notEqual(said(reference, value), 'ok');
	for (const value of ['', 'x', 5, true, { env: 'A' }]) assert.equal(said(valueOrReference, value), 'ok');
	for (const value of ['a\0b', null, [], { vault: 'x' }]) assert.notEqual(said(valueOrReference, value), 'ok');
});
