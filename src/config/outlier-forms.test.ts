import assert from 'node:assert/strict';
import test from 'node:test';
import type { OutlierConfig } from '../health/outlier-config.ts';
import { OUTLIERS_OFF } from './resolve-outliers.ts';
import { serviceOf, warningsOf } from './testing/load-text.ts';

/** A service `api` with this behind its instances. */
const service = (rest: string) => `services:\n  api:\n    instances: http://h:1\n${rest.replaceAll(/^/gm, '    ')}\n`;

const OUTLIERS: OutlierConfig = {
	failures: 5,
	connectFailures: 3,
	flaps: 3,
	successRate: { deviations: 1.9, requests: 50 },
	latency: { factor: 3, leastMs: 100 },
	windowMs: 10_000,
	ejection: { baseMs: 30_000, mostMs: 300_000 },
	most: 0.5,
	panic: 0.5,
};

test('outliers: off, single keys, short and long forms', async () => {
	const forms: [string, Partial<OutlierConfig>][] = [
		['{}', {}],
		['{ failures: 9, connectFailures: off, flaps: false }', { failures: 9, connectFailures: 0, flaps: 0 }],
		['{ successRate: 3 }', { successRate: { deviations: 3, requests: 50 } }],
		['{ successRate: { requests: 100 } }', { successRate: { deviations: 1.9, requests: 100 } }],
		['{ successRate: off, latency: off }', { successRate: null, latency: null }],
		['{ latency: 5 }', { latency: { factor: 5, leastMs: 100 } }],
		['{ latency: { least: 1s } }', { latency: { factor: 3, leastMs: 1000 } }],
		['{ window: 30s, ejection: 10s }', { windowMs: 30_000, ejection: { baseMs: 10_000, mostMs: 300_000 } }],
		['{ ejection: { base: 10m } }', { ejection: { baseMs: 600_000, mostMs: 600_000 } }],
		// One that is not said gives way to the other.
		['{ most: 90% }', { most: 0.9, panic: 0.1 }],
		['{ most: 100% }', { most: 1, panic: 0 }],
		['{ most: 99.5% }', { most: 0.995, panic: 0 }],
		['{ most: 20% }', { most: 0.2, panic: 0.5 }],
		['{ panic: 80% }', { most: 0.2, panic: 0.8 }],
		['{ most: 90%, panic: off }', { most: 0.9, panic: 0 }],
		['{ most: 90%, panic: 10% }', { most: 0.9, panic: 0.1 }],
	];
	for (const [form, changes] of forms)
		assert.deepEqual((await serviceOf(service(`outliers: ${form}`))).outliers, { ...OUTLIERS, ...changes }, form);
	for (const form of ['off', 'false'])
		assert.deepEqual((await serviceOf(service(`outliers: ${form}`))).outliers, OUTLIERS_OFF);
});

test('where requests are balanced by a key or a cookie, instances are not compared unless it is asked for', async () => {
	for (const balance of ['ip-hash', 'cookie', '{ by: consistent-hash, key: address }']) {
		const { outliers } = await serviceOf(service(`balance: ${balance}`));
		assert.deepEqual(outliers, { ...OUTLIERS, successRate: null, latency: null }, balance);
		const asked = await serviceOf(service(`balance: ${balance}\noutliers: { latency: 4 }`));
		assert.deepEqual(asked.outliers.latency, { factor: 4, leastMs: 100 });
	}
});

test('slowStart: a duration, off; none where weights are not looked at or would move clients', async () => {
	assert.equal((await serviceOf(service('slowStart: 10s'))).slowStartMs, 10_000);
	assert.equal((await serviceOf(service('slowStart: off'))).slowStartMs, 0);
	for (const balance of ['round-robin', 'cookie', 'ip-hash']) {
		const form = service(`balance: ${balance}\nslowStart: 10s`);
		assert.equal((await serviceOf(form)).slowStartMs, 0);
		assert.match(await warningsOf(form), /slowStart\n {4}this has no effect: /);
		const inherited = `defaults: { slowStart: 10s }\n${service(`balance: ${balance}`)}`;
		assert.equal(await warningsOf(inherited), '');
	}
});
