import assert from 'node:assert/strict';
import test from 'node:test';
import { configOf } from './testing/load-text.ts';

const API = 'services: { api: { instances: http://h:1 } }\n';

test('limits, underscores, trust, stop and workers', async () => {
	const config = await configOf(
		`limits: { head: { time: 5s, size: 4KiB, fields: 10 }, target: 1KiB, keepAlive: 1m, connections: 5, connectionsPerAddress: 2 }
underscores: pass
trust: [10.0.0.0/8, 192.0.2.1, FD00::/8]
stop: { grace: 1m30s }
workers: 3
${API}`,
	);
	assert.deepEqual(config.limits, {
		headMs: 5000,
		headBytes: 4096,
		headFields: 10,
		targetBytes: 1024,
		keepAliveMs: 60_000,
		connections: 5,
		connectionsPerAddress: 2,
		underscores: 'pass',
		holdRequests: 1000,
		holdBytes: 16_777_216,
		overload: { lagMs: 500, heap: 0.9 },
	});
	assert.deepEqual(config.trust, ['10.0.0.0/8', '192.0.2.1/32', 'fd00::/8']);
	assert.deepEqual([config.stop.graceMs, config.workers], [90_000, 3]);
	assert.equal((await configOf(`stop: 5s\n${API}`)).stop.graceMs, 5000);
	assert.deepEqual((await configOf(`trust: private\n${API}`)).trust.length, 6);
	assert.equal((await configOf(`limits: { head: { size: 2KiB } }\n${API}`)).limits.targetBytes, 2048);
});

test('overload: off, an object with one part or both', async () => {
	const forms: [string, unknown][] = [
		['off', null],
		['false', null],
		['{}', { lagMs: 500, heap: 0.9 }],
		['{ lag: 2s }', { lagMs: 2000, heap: 0.9 }],
		['{ lag: 100ms, heap: 87.5% }', { lagMs: 100, heap: 0.875 }],
	];
	for (const [form, overload] of forms)
		assert.deepEqual((await configOf(`limits: { overload: ${form} }\n${API}`)).limits.overload, overload, form);
});
