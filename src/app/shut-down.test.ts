import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shutDown } from './shut-down.ts';

test('an attempt of a job has its grace, though no client is there', async () => {
	const done: string[] = [];
	const says = (what: string) => async () => void done.push(what);
	const nothing = (): void => {};
	const load = { connections: 0, active: 1 };
	const rested = Promise.withResolvers<void>();
	const parts = {
		listeners: { shut: says('shut'), release: says('release') },
		workers: { load: () => load, orderAll: ({ type }: { type: string }) => says(type)(), end: says('workers') },
		fleet: { stop: says('fleet') },
		log: { add: nothing },
		scaling: { stop: nothing },
		purging: { end: says('purging'), keepRest: says('rest') },
		monitor: { end: says('monitor') },
		served: { jobs: { rest: () => rested.promise, end: says('jobs') } },
		cache: { shared: { end: says('cache') } },
	} as unknown as Parameters<typeof shutDown>[0];
	const down = shutDown(parts, 60_000);
	// Longer than it takes to see that no client is there.
	await new Promise((resolve) => setTimeout(resolve, 100));
	assert.deepEqual(done, ['purging', 'shut', 'release', 'drain']);
	load.active = 0;
	rested.resolve();
	await down;
	assert.deepEqual(done.slice(4), ['hang-up', 'fleet', 'workers', 'cache', 'rest', 'monitor', 'jobs']);
});
