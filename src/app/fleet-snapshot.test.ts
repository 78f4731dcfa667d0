import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_SNAPSHOT, FleetMemory, readSnapshot } from './fleet-snapshot.ts';

test('what one memory saves, another loads', () => {
	const memory = new FleetMemory();
	memory.load({
		version: 1,
		scale: { videos: 4 },
		sizes: { videos: { cpu: 0.5, memoryBytes: null } },
		startTimes: { videos: [100, 200] },
		drained: ['videos-1'],
		regions: ['eu-west'],
	});
	const saved = JSON.parse(JSON.stringify(memory.save()));
	assert.deepEqual(saved, {
		version: 1,
		scale: { videos: 4 },
		sizes: { videos: { cpu: 0.5, memoryBytes: null } },
		startTimes: { videos: [100, 200] },
		drained: ['videos-1'],
		regions: ['eu-west'],
	});
	memory.load({ ...saved, regions: ['us-east'] });
	assert.deepEqual([...memory.regions], ['us-east']);
});

test('what another version wrote is read as far as it is understood', () => {
	for (const nothing of [null, undefined, 7, 'x', [], {}]) assert.deepEqual(readSnapshot(nothing), EMPTY_SNAPSHOT);
	const odd = {
		version: 9,
		scale: { a: -1, b: 1.5, c: 3 },
		sizes: { a: 7, b: { cpu: -1, memoryBytes: 1 }, c: { cpu: 'x' }, d: { cpu: 1, memoryBytes: 5 } },
		startTimes: { a: 'x', b: [1, 'y', -2] },
		drained: [1, 'd'],
		regions: [{}, 'r'],
		more: 1,
	};
	assert.deepEqual(readSnapshot(odd), {
		version: 1,
		scale: { c: 3 },
		sizes: { d: { cpu: 1, memoryBytes: 5 } },
		startTimes: { b: [1] },
		drained: ['d'],
		regions: ['r'],
	});
});
