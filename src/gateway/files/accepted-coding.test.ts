import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
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
		['gzip;q=0.5, br;q=0.500', 'br'],
		['gzip;q=0', ''],
		['gzip;q=0.000, br;q=0', ''],
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
