import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentRangeLine, partHead, partsEnd, partsLength } from './byteranges.ts';
import { type RangeChoice, rangeOf } from './ranges.ts';
import { controlOf, date, requestOf } from './testing/messages.ts';
import { storedOf } from './testing/stored.ts';

const ANSWER = ['Cache-Control: max-age=60', 'ETag: "a"', `Last-Modified: ${date(-100)}`];

function choose(
	range: string,
	{ length = 1000, lines = [] as string[], answer = ANSWER, method = 'GET' } = {},
): RangeChoice {
	const request = requestOf([`Range: ${range}`, ...lines], { method });
	return rangeOf(storedOf(answer), length, { request, control: controlOf(request) });
}

const shown = (choice: RangeChoice): string =>
	choice.kind === 'ranges' ? choice.ranges.map(({ first, last }) => `${first}-${last}`).join() : choice.kind;

test('ranges (RFC 9110 §14.1.2)', () => {
	const cases: [string, string][] = [
		['bytes=0-1', '0-1'],
		['BYTES=0-1', '0-1'],
		['bytes=1-', '1-999'],
		['bytes=-1', '999-999'],
		['bytes=-5000', '0-999'],
		['bytes=-0', 'unsatisfiable'],
		['bytes=999-99999999999999999999999999', '999-999'],
		['bytes=1000-', 'unsatisfiable'],
		['bytes=99999999999999999999999999-', 'unsatisfiable'],
		['bytes=5-4', 'whole'],
		['bytes=0-1, 5-4', 'whole'],
		['bytes=', 'whole'],
		['bytes=a-b', 'whole'],
		['bytes=1-2-3', 'whole'],
		['bytes=-', 'whole'],
		['bytes 0-1', 'whole'],
		['lines=0-1', 'whole'],
		['bytes=0-1,500-501', '0-1,500-501'],
		['bytes=500-501, 0-1', '0-1,500-501'],
		['bytes=0-1,,2-3', '0-3'],
		['bytes=0-10,5-20,90-95', '0-95'],
		['bytes=0-0,2000-', '0-0'],
		['bytes=3000-,2000-', 'unsatisfiable'],
		[`bytes=${Array.from({ length: 17 }, (_, i) => `${i}-${i}`).join()}`, 'whole'],
		[`bytes=${'0'.repeat(600)}-1`, 'whole'],
	];
	for (const [range, expected] of cases) assert.equal(shown(choose(range)), expected, range);
	assert.equal(shown(choose('bytes=0-', { length: 0 })), 'unsatisfiable');
	assert.equal(shown(choose('bytes=0-', { length: -1 })), 'whole', 'not known yet');
	assert.equal(shown(choose('bytes=0-1', { method: 'HEAD' })), 'whole');
	assert.equal(shown(choose('bytes=0-1', { lines: ['Range: bytes=2-3'] })), 'whole');
});

test('If-Range (RFC 9110 §13.1.5): strong comparison', () => {
	const cases: [string, string][] = [
		['"a"', '0-1'],
		['"b"', 'whole'],
		['W/"a"', 'whole'],
		['a', 'whole'],
		[date(-100), '0-1'],
		[date(-99), 'whole'],
		['foo', 'whole'],
	];
	for (const [value, expected] of cases)
		assert.equal(shown(choose('bytes=0-1', { lines: [`If-Range: ${value}`] })), expected, value);
	const weak = ['Cache-Control: max-age=60', 'ETag: W/"a"', `Last-Modified: ${date(0)}`];
	for (const value of ['W/"a"', '"a"', date(0)])
		assert.equal(shown(choose('bytes=0-1', { lines: [`If-Range: ${value}`], answer: weak })), 'whole', value);
});

test('a stored part is found by bytes of the whole; one that is shorter than it says has nothing behind its end', () => {
	const first = requestOf(['Range: bytes=-5']);
	const part = (length: number): ReturnType<typeof storedOf> => {
		const lines = ['Cache-Control: max-age=60', 'Content-Range: bytes 4-9/10', `Content-Length: ${length}`];
		return storedOf(lines, { request: first, control: controlOf(first) }, 206);
	};
	const given = (range: string, length: number): string => {
		const request = requestOf([`Range: bytes=${range}`]);
		const choice = rangeOf(part(length), length, { request, control: controlOf(request) });
		assert.ok(choice.kind !== 'ranges' || choice.offset === 4);
		return shown(choice);
	};
	assert.equal(given('-5', 6), '4-9', 'as the first time');
	assert.equal(given('-1', 6), '9-9');
	assert.equal(given('6-8', 5), '6-8');
	assert.equal(given('6-', 5), '6-8');
	assert.equal(given('-1', 5), 'whole', 'which is not there: nothing of it suits');
	assert.equal(given('6-9', 5), 'whole');
});

test('ranges are in order, apart, inside, and no more than were asked for', () => {
	const number = fc.integer({ min: 0, max: 3000 });
	const spec = fc
		.tuple(number, number)
		.map(([a, b]) => (a % 3 === 0 ? `-${b}` : b % 3 === 0 ? `${a}-` : `${Math.min(a, b)}-${Math.max(a, b)}`));
	const property = fc.property(fc.array(spec, { minLength: 1, maxLength: 20 }), number, (specs, length) => {
		const choice = choose(`bytes=${specs.join(', ')}`, { length });
		if (choice.kind !== 'ranges') return;
		let end = -1;
		for (const { first, last } of choice.ranges) {
			assert.ok(first > end && first <= last && last < length);
			end = last;
		}
		assert.ok(choice.ranges.length <= specs.length);
	});
	fc.assert(property, { numRuns: 300 });
});

test('several ranges as one body', () => {
	const source = { total: 1000, type: 'text/plain', boundary: 'xyz' };
	const ranges = [
		{ first: 0, last: 1 },
		{ first: 500, last: 509 },
	];
	const body =
		ranges.map((range) => partHead(range, source) + 'b'.repeat(range.last - range.first + 1)).join('') +
		partsEnd('xyz');
	assert.equal(partsLength(ranges, source), body.length);
	assert.ok(
		body.includes(
			'\r\n--xyz\r\nContent-Type: text/plain\r\nContent-Range: bytes 500-509/1000\r\n\r\nbbbbbbbbbb\r\n--xyz--\r\n',
		),
	);
	assert.equal(contentRangeLine({ first: 0, last: 1 }, -1), 'Content-Range: bytes 0-1/*\r\n');
});
