import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type RateLog, rateLogText, rateRoom, readRateLog, withStart } from './rate-log.ts';

const RATE = { count: 3, perMs: 1000 };

test('room is what the starts of the last span leave', () => {
	let log: RateLog = [];
	for (const nowMs of [0, 400, 400]) log = withStart(log, RATE, nowMs);
	assert.deepEqual(
		[400, 999, 1000, 1399, 1400].map((nowMs) => rateRoom(log, RATE, nowMs)),
		[0, 0, 1, 1, 3],
	);
	assert.equal(rateRoom(log, { count: 2, perMs: 1000 }, 999), 0, 'a smaller rate');
	assert.equal(rateRoom(log, { count: 3, perMs: 100 }, 600), 3, 'a shorter span');
	assert.deepEqual(readRateLog(rateLogText(log)), log);
	assert.deepEqual(readRateLog(rateLogText([])), []);
});

test('a clock that is set back does not stop a queue for longer than a span', () => {
	const log = withStart([], { count: 1, perMs: 1000 }, 3_600_000);
	assert.equal(rateRoom(log, { count: 1, perMs: 1000 }, 0), 1);
});

test('in no span more begin than may, nearly as many do, and the log stays short', () => {
	const times = fc.array(fc.nat(120), { minLength: 300, maxLength: 300 });
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 300 }), times, (count, pauses) => {
			const rate = { count, perMs: 1000 };
			const starts: number[] = [];
			let log: RateLog = [];
			let nowMs = 0;
			for (const pauseMs of pauses) {
				nowMs += pauseMs;
				for (let want = 0; want < 40 && rateRoom(log, rate, nowMs) > 0; want++) {
					log = withStart(log, rate, nowMs);
					starts.push(nowMs);
				}
				assert.ok(log.length <= 128, `${log.length}`);
			}
			for (const [at, start] of starts.entries()) {
				const next = starts[at + count];
				assert.ok(next === undefined || next - start >= rate.perMs);
			}
		}),
		{ numRuns: 50 },
	);
});
