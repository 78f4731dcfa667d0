import assert from 'node:assert/strict';
import { test } from 'node:test';
import { met, readable } from './verdict.ts';

test('a line says figure, target, measured and ok or NOT', () => {
	const line = { figure: 'failed requests', key: 'failed', measured: 0, most: 0 };
	assert.equal(readable(line), 'failed requests · ≤ 0 · 0 · ok');
	assert.equal(readable({ ...line, measured: 2, unit: 'ms' }), 'failed requests · ≤ 0 ms · 2 ms · NOT');
	assert.equal(readable({ ...line, measured: 7, most: undefined }), 'failed requests · – · 7');
	assert.ok(met({ ...line, most: undefined, measured: 9 }));
	assert.ok(!met({ ...line, measured: Number.NaN }));
});
