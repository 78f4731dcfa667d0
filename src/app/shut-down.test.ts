import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shutDown } from './shut-down.ts';

/** What is shut down, and what is done with it, in order. */
function running(rested: Promise<void>): {
	done: string[];
	load: { connections: number; active: number };
	parts: Parameters<typeof shutDown>[0];
} {
	const done: string[] = [];
	const says = (what: string) => async () => void done.push(what);
	const nothing = (): void => {};
	const load = { connections: 0, active: 1 };
	const parts = {
		listeners: { shut: says('shut'), release: says('release') },
		workers: { load: () => load, orderAll: ({ type }: { type: string }) => says(type)(), end: says('workers') },
		fleet: { stop: says('fleet') },
		log: { add: nothing },
		scaling: { stop: nothing },
		purging: { end: says('purging'), keepRest: says('rest') },
		monitor: { end: says('monitor') },
		served: { jobs: { rest: () => rested, end: says('jobs') } },
		cache: { shared: { end: says('cache') } },
	} as unknown as Parameters<typeof shutDown>[0];
	return { done, load, parts };
}

test('an attempt of a job has its grace, though no client is there', async () => {
	const rested = Promise.withResolvers<void>();
	const { done, load, parts } = running(rested.promise);
	const down = shutDown(parts, 60_000);
	// Longer than it takes to see that no client is there.
	await new Promise((resolve) => setTimeout(resolve, 100));
	assert.deepEqual(done, ['purging', 'shut', 'release', 'drain']);
	load.active = 0;
	rested.resolve();
	await down;
	assert.deepEqual(done.slice(4), ['hang-up', 'fleet', 'workers', 'cache', 'rest', 'monitor', 'jobs']);
});

test('a thread of jobs that hangs does not keep a stop from its end', async () => {
	const { done, load, parts } = running(new Promise(() => {}));
	load.active = 0;
	await shutDown(parts, 0);
	assert.deepEqual(done.slice(-2), ['monitor', 'jobs']);
});
