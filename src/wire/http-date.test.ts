import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHttpDate, parseHttpDateText } from './http-date.ts';

const NOW = Date.UTC(2026, 10, 28, 10, 0, 0);

const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

test('the three formats of RFC 9110 §5.6.7, in any letter case', () => {
	const cases: [string, number][] = [
		['Sun, 06 Nov 1994 08:49:37 GMT', EXAMPLE],
		['SUN, 06 NOV 1994 08:49:37 gMT', EXAMPLE],
		['Sunday, 06-Nov-94 08:49:37 GMT', EXAMPLE],
		['Wednesday, 06-Nov-94 08:49:37 GMT', EXAMPLE],
		['Sun Nov  6 08:49:37 1994', EXAMPLE],
		['Sun Nov 06 08:49:37 1994', EXAMPLE],
		['Thursday, 18-Aug-50 02:01:18 GMT', Date.UTC(2050, 7, 18, 2, 1, 18)],
		['Friday, 18-Aug-76 02:01:18 GMT', Date.UTC(2076, 7, 18, 2, 1, 18)],
		['Friday, 18-Aug-77 02:01:18 GMT', Date.UTC(1977, 7, 18, 2, 1, 18)],
		['Thu, 01 Jan 1970 00:00:00 GMT', 0],
		['Fri, 31 Dec 9999 23:59:60 GMT', Date.UTC(9999, 11, 31, 23, 59, 59)],
		['Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29)],
	];
	for (const [text, expected] of cases) assert.equal(parseHttpDateText(text, NOW), expected, text);
});

test('everything else is no date', () => {
	const texts = [
		'',
		'0',
		'-1',
		'Thu, 18 Aug 2050 02:01:18 UTC',
		'Thu, 18 Aug 2050 02:01:18 AEST',
		'Thu, 18 Aug 50 02:01:18 GMT',
		'Thu 18 Aug 2050 02:01:18 GMT',
		'Thu, 18  Aug  2050 02:01:18 GMT',
		'Thu, 18-Aug-2050 02:01:18 GMT',
		'Thu, 18 Aug 2050 02.01.18 GMT',
		'Thu, 18 Aug 2050 2:01:18 GMT',
		'Thu, 18 Aug 2050 24:01:18 GMT',
		'Thu, 18 Aug 2050 02:60:18 GMT',
		'Thu, 31 Feb 2050 02:01:18 GMT',
		'Thu, 00 Aug 2050 02:01:18 GMT',
		'Xyz, 18 Aug 2050 02:01:18 GMT',
		'Thu, 18 ebm 2050 02:01:18 GMT',
		'Thu, 18 Aug 0050 02:01:18 GMT',
		'Thu, +8 Aug 2050 02:01:18 GMT',
		'2050-08-18T02:01:18Z',
		'x'.repeat(10_000),
	];
	for (const text of texts) assert.equal(parseHttpDateText(text, NOW), Number.NaN, text);
});

test('what is written is read', () => {
	const second = fc.integer({ min: -2_000_000_000, max: 200_000_000_000 });
	fc.assert(fc.property(second, (s) => assert.equal(parseHttpDateText(formatHttpDate(s * 1000), NOW), s * 1000)));
	fc.assert(
		fc.property(fc.string({ maxLength: 40 }), (text) => assert.equal(typeof parseHttpDateText(text, NOW), 'number')),
	);
});
