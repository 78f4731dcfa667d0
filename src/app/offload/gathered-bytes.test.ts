import assert from 'node:assert/strict';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GatheredBytes } from './gathered-bytes.ts';

test('what comes byte by byte takes little more memory than what does not', () => {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	const source = Buffer.from([0, 1, 2, 3, 4, 5, 6]);
	const gathered = new GatheredBytes();
	collect();
	const before = process.memoryUsage().heapUsed;
	for (let at = 0; at < 65_536; at++) gathered.add(source, at % 7, (at % 7) + 1);
	collect();
	const taken = process.memoryUsage().heapUsed - before;
	// 7 MB where each byte is a piece.
	assert.ok(taken < 2_000_000, `${taken} bytes`);
	assert.equal(gathered.length, 65_536);
	const all = gathered.take();
	assert.ok(all.length === 65_536 && all.every((byte, at) => byte === at % 7));
	assert.deepEqual([gathered.length, gathered.take().length], [0, 0]);
});
