import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROWSER_HEAD, costOf } from './throughput.ts';

const sample = {
	requests: 1000,
	seconds: 1,
	bytes: 2e9,
	errors: 0,
	p50Ms: 1,
	p99Ms: 2,
	cpuMicros: 12_500,
	memoryBytes: 1,
};

test('CPU is a request, a GB of answers or a GB of uploads', () => {
	assert.equal(costOf({ unit: 'µs/request', answerBytes: 0 }, sample), 12.5);
	assert.equal(costOf({ unit: 's/GB', answerBytes: 0 }, sample), 0.00625);
	assert.equal(costOf({ unit: 's/GB', answerBytes: 0, bodyBytes: 1e6 }, sample), 0.0125);
});

test('a round with errors, without requests or with short answers does not count', () => {
	const kind = { unit: 'µs/request', answerBytes: 600 } as const;
	assert.ok(Number.isNaN(costOf(kind, { ...sample, errors: 1 })));
	assert.ok(Number.isNaN(costOf(kind, { ...sample, requests: 0 })));
	assert.ok(Number.isNaN(costOf(kind, { ...sample, bytes: 599_000 })));
	assert.ok(!Number.isNaN(costOf(kind, { ...sample, bytes: 600_000 })));
});

test('the browser head has twelve fields and about 800 bytes', () => {
	const lines = Object.entries(BROWSER_HEAD).map(([name, value]) => `${name}: ${value}\r\n`);
	const bytes = `GET /json HTTP/1.1\r\n${lines.join('')}\r\n`.length;
	assert.equal(lines.length, 12);
	assert.ok(Math.abs(bytes - 800) <= 10, `${bytes}`);
});
