import assert from 'node:assert/strict';
import test from 'node:test';
import { Counter } from '../../metrics/meter.ts';
import type { ScaledPoolInstance } from './scaled-pool.ts';
import { TrafficCount } from './traffic-count.ts';

interface Totals {
	requests: number;
	serverErrors?: number;
	broken?: number;
}

function countOf(totals: Record<number, Totals>): TrafficCount {
	return new TrafficCount({
		count: (slot, counter) => {
			const { requests = 0, serverErrors = 0, broken = 0 } = totals[slot] ?? {};
			if (counter === Counter.requests) return requests;
			return counter === Counter.broken ? broken : serverErrors;
		},
	});
}

const instance = (id: string, slot: number, inFlight = 0): ScaledPoolInstance => ({
	...{ id, slot, inFlight, state: 'ready', readySinceMs: 0 },
});

test('what came is what ended and what is more under way or waits', () => {
	const totals: Record<number, Totals> = { 0: { requests: 500 }, 1: { requests: 10 } };
	const count = countOf(totals);
	// What was counted before the first look did not come now.
	assert.deepEqual(count.tick([instance('a', 0, 4), instance('b', 1)], 0), {
		...{ arrived: 0, ended: 0, failed: 0, inFlight: 4 },
	});
	totals[0] = { requests: 520, serverErrors: 2, broken: 1 };
	totals[1] = { requests: 13 };
	assert.deepEqual(count.tick([instance('a', 0, 6), instance('b', 1)], 3), {
		...{ arrived: 23 + 5, ended: 23, failed: 3, inFlight: 9 },
	});
	// Those that were under way end: nothing new came.
	totals[0] = { requests: 529, serverErrors: 2, broken: 1 };
	assert.deepEqual(count.tick([instance('a', 0), instance('b', 1)], 0), {
		...{ arrived: 0, ended: 9, failed: 0, inFlight: 0 },
	});
});

test('an instance that is new, in another slot or began anew adds nothing it had counted before', () => {
	const totals: Record<number, Totals> = { 0: { requests: 100, serverErrors: 50 }, 7: { requests: 9000 } };
	const count = countOf(totals);
	count.tick([instance('a', 0)], 0);
	totals[0] = { requests: 3, serverErrors: 3 };
	assert.equal(count.tick([instance('a', 0)], 0).arrived, 0, 'less than before');
	assert.equal(count.tick([instance('a', 7)], 0).arrived, 0, 'another slot');
	totals[7] = { requests: 9005 };
	assert.equal(count.tick([instance('a', 7), instance('b', 0)], 0).arrived, 5);
});

test('one without a slot counts by what it has under way; one that left is forgotten', () => {
	const totals: Record<number, Totals> = { 0: { requests: 100 } };
	const count = countOf(totals);
	count.tick([instance('a', 0), instance('b', -1, 2)], 0);
	assert.deepEqual(count.tick([], 5), { arrived: 3, ended: 0, failed: 0, inFlight: 5 });
	totals[0] = { requests: 900 };
	assert.equal(count.tick([instance('a', 0)], 0).arrived, 0);
});
