/** What is pushed, as the official protobuf definitions read it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Destination } from '../../src/otlp/destination.ts';
import { OtlpPush } from '../../src/otlp/push.ts';
import { destinationTo, TestingCollector } from '../../src/otlp/testing-collector.ts';
import { spansOf } from '../../src/traces/spans-of.ts';
import { accessEntry } from '../../src/traces/testing-entry.ts';
import { OFFICIAL, type OfficialType, plain } from './official-otlp.ts';

const DURATION = {
	name: 'http_server_request_duration_seconds',
	kind: 'histogram',
	unit: 'seconds',
	help: 'Duration of HTTP requests of clients',
	labels: ['service', 'http_route', 'http_response_status_code'],
} as const;
const values = ['videos', '/v1/*', '200'];
const SERIES = {
	id: 1,
	values,
	count: 3,
	sum: 4.5,
	layout: 'log-linear' as const,
	cells: Uint32Array.of(0, 2, 1),
	explicit: Float64Array.of(1, 2),
};
const REQUESTS = {
	...DURATION,
	name: 'ballast_requests_total',
	kind: 'counter',
	unit: 'number',
	labels: ['service'],
} as const;

async function pushed(context: TestContext, differs: Partial<Destination>): Promise<[TestingCollector, OtlpPush]> {
	const collector = new TestingCollector();
	const url = await collector.listen();
	context.after(() => collector.close());
	const push = new OtlpPush({
		destinations: [destinationTo(url, differs)],
		own: {
			attributes: { 'service.name': 'ballast', 'service.instance.id': 'node-1', 'host.name': 'h' },
			version: '0.1.0',
		},
		source: {
			metrics: () => [
				{ definition: DURATION, all: [SERIES] },
				{ definition: REQUESTS, all: [{ id: 2, values: ['videos'], value: 12 }] },
			],
		},
		shape: { bounds: [1], middleOf: (cell) => 2 ** cell },
		startMs: 1_790_000_000_000,
		changed: (...said) => assert.fail(said.join(' ')),
	});
	return [collector, push];
}

const bodyOf = (collector: TestingCollector, path: string, type: OfficialType): string => {
	const found = collector.received.find((one) => one.path === path);
	assert.ok(found !== undefined, path);
	return JSON.stringify(plain(type, type.decode(found.body)));
};

test('metrics of both presets', async (context) => {
	const [newRelic, one] = await pushed(context, { histograms: 'exponential', temporality: 'delta' });
	await one.stop();
	const fine = bodyOf(newRelic, '/v1/metrics', OFFICIAL.metrics);
	assert.match(fine, /"name":"http.server.request.duration","description":"[^"]+","unit":"s"/);
	assert.match(fine, /"exponentialHistogram":\{"dataPoints":\[\{.*?"count":"3","sum":4.5,"scale":5,/);
	assert.match(fine, /"aggregationTemporality":1/);
	assert.match(fine, /"key":"http.response.status_code","value":\{"intValue":"200"\}/);
	assert.match(fine, /"name":"ballast_requests".*"asDouble":12/);
	assert.match(fine, /"key":"service.instance.id","value":\{"stringValue":"node-1"\}/);
	assert.match(fine, /"startTimeUnixNano":"1790000000000000000"/);
	const [datadog, other] = await pushed(context, { histograms: 'explicit', temporality: 'delta' });
	await other.stop();
	const coarse = bodyOf(datadog, '/v1/metrics', OFFICIAL.metrics);
	assert.match(coarse, /"histogram":\{"dataPoints":\[\{.*?"bucketCounts":\["1","2"\],"explicitBounds":\[1\]/);
});

test('the spans of a request, and lines', async (context) => {
	const [collector, push] = await pushed(context, {});
	push.spans(spansOf(accessEntry({ status: 503, error: 'no_ready_instance' })));
	push.logs([
		{
			timeMs: 1_790_000_000_123,
			severity: 'warn',
			source: 'event',
			message: 'an instance is down',
			service: 'videos',
			instance: 'videos-1',
			traceId: 'ab'.repeat(16),
			spanId: 'cd'.repeat(8),
			fields: { count: 3 },
		},
	]);
	await push.stop();
	const spans = bodyOf(collector, '/v1/traces', OFFICIAL.traces);
	assert.match(spans, /"name":"GET \/v1\/videos\/\*","kind":2,/);
	assert.match(spans, /"status":\{"message":"no_ready_instance","code":2\}/);
	assert.ok(spans.includes(`"traceId":"${Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex').toString('base64')}"`));
	const lines = bodyOf(collector, '/v1/logs', OFFICIAL.logs);
	assert.match(lines, /"severityNumber":13,"severityText":"WARN","body":\{"stringValue":"an instance is down"\}/);
	assert.match(lines, /"timeUnixNano":"1790000000123000000"/);
});
