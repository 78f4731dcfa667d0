import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDS_US, DetailGroup, DetailMeter } from './detail.ts';

function rig() {
	const group = new DetailGroup();
	const meter = (worker: number) => new DetailMeter((index, buffer) => group.chunk(worker, index, buffer));
	return { group, meter };
}

test('each bound takes what is at most it, as OpenTelemetry says', () => {
	const { group, meter } = rig();
	const one = meter(0);
	for (const bound of BOUNDS_US) {
		one.observe(3, 'GET', 200, bound, 0);
		one.observe(3, 'GET', 200, bound + 1, 0);
	}
	one.observe(3, 'GET', 200, 0, 0);
	const [row] = group.read().rows;
	// The first has 0 and 5000; each next one the bound before + 1 and its own; the last what is above all.
	assert.deepEqual(row?.cells, [2, ...BOUNDS_US.slice(1).map(() => 2), 1]);
	assert.equal(row?.count, 29);
	assert.equal(row?.sumUs, 2 * BOUNDS_US.reduce((sum, bound) => sum + bound, 0) + 14);
});

test('workers add up, and what one counted that ended is kept', () => {
	const { group, meter } = rig();
	const first = meter(0);
	const second = meter(1);
	first.observe(1, 'GET', 200, 10, 0);
	second.observe(1, 'GET', 200, 10, 0);
	second.observe(2, 'BREW', 418, 10, 0);
	group.retire(1);
	meter(1).observe(1, 'GET', 200, 10, 0);
	const rows = group.read().rows.map(({ series, method, status, count }) => ({ series, method, status, count }));
	assert.deepEqual(rows, [
		{ series: 1, method: 'GET', status: 200, count: 3 },
		{ series: 2, method: '_OTHER', status: 418, count: 1 },
	]);
});

test('failures are counted by cause, beside their method and status', () => {
	const { group, meter } = rig();
	const one = meter(0);
	one.observe(1, 'POST', 502, 10, 7);
	one.observe(1, 'GET', 502, 10, 7);
	const causes = group.read().rows.filter(({ cause }) => cause > 0);
	assert.deepEqual(
		causes.map(({ series, cause, count, method }) => ({ series, cause, count, method })),
		[{ series: 1, cause: 7, count: 2, method: '' }],
	);
});

test('there is a bound to the rows; what finds none is counted', () => {
	const { group, meter } = rig();
	const one = meter(0);
	for (let series = 0; series < 9000; series++) one.observe(series, 'GET', 200, 10, 0);
	const { rows, lost } = group.read();
	assert.equal(rows.length + lost, 9000);
	assert.equal(rows.length, 8191);
});
