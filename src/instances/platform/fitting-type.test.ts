import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fittingType } from './fitting-type.ts';

const GIB = 1024 ** 3;
const types = [
	{ type: 'm.2xlarge', cpu: 8, memoryBytes: 32 * GIB },
	{ type: 'm.large', cpu: 2, memoryBytes: 8 * GIB },
	{ type: 'm.xlarge', cpu: 4, memoryBytes: 16 * GIB },
	{ type: 'c.xlarge', cpu: 4, memoryBytes: 8 * GIB },
	{ type: 'c2.xlarge', cpu: 4, memoryBytes: 8 * GIB },
];

test('the smallest type that has both is taken, of two alike the one named first', () => {
	const cases: [number | null, number | null, string | undefined][] = [
		[1, GIB, 'm.large'],
		[3, null, 'c.xlarge'],
		[3, 9 * GIB, 'm.xlarge'],
		[null, 17 * GIB, 'm.2xlarge'],
		[null, null, 'm.large'],
		[9, null, undefined],
		[1, 64 * GIB, undefined],
	];
	for (const [cpu, memoryBytes, type] of cases) assert.equal(fittingType(types, { cpu, memoryBytes })?.type, type);
	assert.equal(fittingType([], { cpu: 1, memoryBytes: 1 }), undefined);
});
