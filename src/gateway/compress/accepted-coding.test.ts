import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { acceptedCoding } from './accepted-coding.ts';

suite('of br, zstd and gzip', () => {
	const asked: [string | undefined, string][] = [
		[undefined, ''],
		['', ''],
		['gzip, deflate, br, zstd', 'br'],
		['gzip', 'gzip'],
		['GZIP', 'gzip'],
		['x-gzip', 'gzip'],
		['deflate', ''],
		['identity', ''],
		['*', 'br'],
		['*;q=0', ''],
		['*;q=0, gzip', 'gzip'],
		['br;q=0, *', 'zstd'],
		['gzip;q=1.0, br;q=0.5', 'gzip'],
		// The examples of RFC 9110 §12.5.3.
		['compress, gzip', 'gzip'],
		['compress;q=0.5, gzip;q=1.0', 'gzip'],
		['gzip;q=1.0, identity; q=0.5, *;q=0', 'gzip'],
		['identity;q=0, *', 'br'],
		['gzip;q=0.5, br;q=0.500', 'br'],
		['gzip;q=0', ''],
		['gzip;q=0.000, br;q=0', ''],
		['gzip;q=0.0000, br;q=.0', ''],
		['identity, gzip;q=0.5', ''],
		['identity;q=0.5, gzip;q=0.5', 'gzip'],
		['identity;q=0.2, gzip;q=0.5', 'gzip'],
		['identity;q=0', ''],
		['identity;q=0, gzip;q=0.1', 'gzip'],
		['gzip ; q=0.3 , zstd;Q = 0.7', 'zstd'],
		['gzip;q=high', 'gzip'],
		['br;q=0, br', ''],
		[`gzip, ${'a,'.repeat(2000)}`, ''],
	];
	for (const [accept, best] of asked)
		test(`${accept?.slice(0, 40)}: ${best === '' ? 'plain' : best}`, () =>
			assert.equal(acceptedCoding(accept, ['br', 'zstd', 'gzip']), best));
});

suite('of what anybody sends', () => {
	const codings = ['br', 'zstd', 'gzip'] as const;
	const member = fc.record({
		name: fc.constantFrom('br', 'zstd', 'gzip', 'identity', '*', 'deflate'),
		weight: fc.integer({ min: 0, max: 1000 }),
	});
	const weightOf = (said: ReadonlyMap<string, number>, coding: string): number =>
		said.get(coding) ?? said.get('*') ?? 0;

	test('none is chosen that was refused, and none is liked better than the one that was', () =>
		fc.assert(
			fc.property(fc.uniqueArray(member, { selector: ({ name }) => name }), (members) => {
				const said = new Map(members.map(({ name, weight }) => [name, weight]));
				const accept = members.map(({ name, weight }) => `${name};q=${weight / 1000}`).join(', ');
				const chosen = acceptedCoding(accept, codings);
				const best = Math.max(...codings.map((coding) => weightOf(said, coding)));
				if (chosen === '') return best === 0 || best < (said.get('identity') ?? 0);
				return weightOf(said, chosen) === best && best > 0 && best >= (said.get('identity') ?? 0);
			}),
		));

	test('any text has an answer', () =>
		fc.assert(fc.property(fc.string(), (accept) => ['', ...codings].includes(acceptedCoding(accept, codings)))));
});
