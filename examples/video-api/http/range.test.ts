import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeOf } from './range.ts';

const whole = { kind: 'whole' };
const unsatisfiable = { kind: 'unsatisfiable' };
const part = (start: number, end: number) => ({ kind: 'part', start, end });

test('one range of bytes is understood, anything else ignored', () => {
	const cases: [string | undefined, object][] = [
		[undefined, whole],
		['bytes=0-0', part(0, 0)],
		['bytes=0-', part(0, 99)],
		['BYTES=90-200', part(90, 99)],
		['bytes=-10', part(90, 99)],
		['bytes=-1000', part(0, 99)],
		['bytes=-0', unsatisfiable],
		['bytes=100-', unsatisfiable],
		['bytes=5-4', whole],
		['bytes=-', whole],
		['bytes=0-1,3-4', whole],
		['bytes=a-b', whole],
		['items=0-1', whole],
	];
	for (const [field, expected] of cases) assert.deepEqual(rangeOf(field, 100), expected, String(field));
	for (const field of ['bytes=0-', 'bytes=-1']) assert.deepEqual(rangeOf(field, 0), unsatisfiable);
});
