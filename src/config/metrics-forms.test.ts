import assert from 'node:assert/strict';
import test from 'node:test';
import { METRICS } from '../metrics/config.ts';
import { configOf, serviceOf } from './testing/load-text.ts';

const API = 'services: { api: { instances: http://h:1 } }\n';
const DAY = 86_400_000;

test('metrics: series, Apdex, how long the history is kept', async () => {
	const of = async (text: string) => (await configOf(`${API}metrics: ${text}`)).metrics;
	assert.deepEqual(await of('{}'), METRICS);
	assert.deepEqual(await of('{ series: 500, apdex: 200ms, keep: { hours: 90d, size: 100MiB } }'), {
		series: 500,
		apdexMs: 200,
		keep: { minutesMs: 7 * DAY, fiveMinutesMs: 30 * DAY, hoursMs: 90 * DAY, maxBytes: 104_857_600 },
	});
	// A short history shortens what is not said.
	assert.deepEqual((await of('{ keep: { hours: 3d } }')).keep, {
		...METRICS.keep,
		minutesMs: 3 * DAY,
		fiveMinutesMs: 3 * DAY,
		hoursMs: 3 * DAY,
	});
	assert.equal((await of('{ keep: { minutes: 60d } }')).keep.fiveMinutesMs, 60 * DAY);
});

test('objective: a share, an object, of a route key by key over its service', async () => {
	const service = await serviceOf(`services:
  api:
    instances: http://h:1
    objective: { availability: 99.9%, latency: 300ms, window: 7d }
    routes:
      GET /a: { objective: { latency: { target: 1s, share: 95% } } }
      GET /b: { objective: off }
      GET /c: {}
      GET /d: { objective: 99% }`);
	const latency = { targetMs: 300, share: 0.99 };
	const own = { availability: 0.999, latency, windowMs: 7 * DAY };
	assert.deepEqual(service.objective, own);
	assert.deepEqual(service.routeObjectives, {
		'GET /a': { ...own, latency: { targetMs: 1000, share: 0.95 } },
		'GET /b': null,
		'GET /c': own,
		'GET /d': { ...own, availability: 0.99 },
	});
	const inherited = await serviceOf(`${API}defaults: { objective: 99.5% }`);
	assert.deepEqual(inherited.objective, { availability: 0.995, latency: null, windowMs: 30 * DAY });
});
