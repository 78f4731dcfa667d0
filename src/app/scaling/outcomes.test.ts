import assert from 'node:assert/strict';
import test from 'node:test';
import type { ScalingSamples } from '../../scaling/samples.ts';
import { Outcomes } from './outcomes.ts';

function outcomesOf() {
	const ended: string[] = [];
	const outcomes = new Outcomes((id, text) => ended.push(`${id}: ${text}`));
	const look = (ready: number, starting: number, nowMs: number, out: string | null = null): void =>
		outcomes.look({ ready, starting, providerTrouble: { out, in: null } } as ScalingSamples, nowMs);
	return { ended, outcomes, look };
}

test('out is done when all are ready, in when the others are gone', () => {
	const { ended, outcomes, look } = outcomesOf();
	outcomes.begin('x', { before: 2, desired: 4 }, 1000);
	look(2, 2, 2000);
	look(3, 1, 3000);
	assert.deepEqual(ended, []);
	look(4, 0, 4500);
	outcomes.begin('y', { before: 4, desired: 1 }, 10_000);
	look(1, 1, 11_000);
	look(1, 0, 12_000);
	look(1, 0, 13_000);
	assert.deepEqual(ended, ['x: 4 ready after 3.5 s', 'y: 1 left after 2.0 s']);
});

test('one that is overtaken says by what, one that is late says why', () => {
	const { ended, outcomes, look } = outcomesOf();
	outcomes.begin('x', { before: 2, desired: 4 }, 0);
	outcomes.begin('y', { before: 4, desired: 6 }, 2000);
	look(3, 3, 301_000);
	look(3, 3, 302_000, 'no capacity left');
	look(6, 0, 400_000);
	assert.deepEqual(ended, ['x: 2.0 s later 4 became 6', 'y: 3 ready after 300.0 s: no capacity left']);
});
