import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draw, happens, hex, logNormal } from './chance.ts';

const many = Array.from({ length: 20_000 }, (_, at) => draw('seed', `video ${at}`, 'fails'));

test('draws are spread evenly and depend on their parts alone', () => {
	for (const [low, high] of [
		[0, 0.1],
		[0.45, 0.55],
		[0.9, 1],
	] as const) {
		const share = many.filter((value) => value >= low && value < high).length / many.length;
		assert.ok(Math.abs(share - (high - low)) < 0.01, `${share} in ${low} to ${high}`);
	}
	assert.equal(new Set(many).size, many.length);
	assert.equal(draw('a', 'b'), draw('a', 'b'));
	assert.notEqual(draw('a', 'bc'), draw('ab', 'c'));
	const pairs = many.filter((value, at) => value < 0.5 && (many[at + 1] ?? 1) < 0.5).length / many.length;
	assert.ok(Math.abs(pairs - 0.25) < 0.02, `neighbours: ${pairs}`);
});

test('a rate is a share of all cases, none at 0 and all at 1', () => {
	const share = (rate: number) => many.filter((_, at) => happens(rate, 'seed', at)).length / many.length;
	assert.deepEqual([share(0), share(1)], [0, 1]);
	assert.ok(Math.abs(share(0.05) - 0.05) < 0.006);
});

test('ids are hexadecimal and do not meet', () => {
	const ids = many.map((_, at) => hex(12, 'seed', at));
	assert.equal(new Set(ids).size, ids.length);
	assert.ok(ids.every((id) => /^[0-9a-f]{12}$/.test(id)));
	assert.equal(hex(50, 'x').length, 50);
});

test('times have the median and the 99th percentile that they are given', () => {
	const times = many.map((at) => logNormal(at, { p50: 2500, p99: 31_000 })).sort((one, other) => one - other);
	const at = (share: number) => times[Math.floor(times.length * share)] as number;
	assert.ok(Math.abs(at(0.5) / 2500 - 1) < 0.05, `p50 ${at(0.5)}`);
	assert.ok(Math.abs(at(0.99) / 31_000 - 1) < 0.12, `p99 ${at(0.99)}`);
	assert.equal(logNormal(0.9, { p50: 0, p99: 100 }), 0);
	assert.ok(Math.abs(logNormal(0.99, { p50: 100, p99: 50 }) - 100) < 1e-9);
});
