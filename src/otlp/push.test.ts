import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LogEntry } from '../core/log-entry.ts';
import type { MetricDefinition } from '../core/metric.ts';
import { EXPORT_ANSWER, RPC_STATUS } from './common-messages.ts';
import { decode } from './decode.ts';
import type { Destination } from './destination.ts';
import { encode } from './encode.ts';
import { LOGS_REQUEST } from './log-messages.ts';
import { METRICS_REQUEST, type Metric } from './metric-messages.ts';
import type { SourceMetric } from './metric-source.ts';
import { retryAfterMs } from './otlp-client.ts';
import { OtlpPush } from './push.ts';
import { destinationTo, TestingCollector } from './testing-collector.ts';

const REQUESTS: MetricDefinition = {
	name: 'ballast_requests_total',
	kind: 'counter',
	unit: 'number',
	help: 'Requests',
	labels: ['service'],
};
const IN_FLIGHT: MetricDefinition = { ...REQUESTS, name: 'ballast_in_flight', kind: 'gauge' };
const DURATION: MetricDefinition = {
	...REQUESTS,
	name: 'ballast_duration_seconds',
	kind: 'histogram',
	unit: 'seconds',
};

/** Ten fine cells, of 1 to 10 s, and one bound of 5 s. */
const SHAPE = { bounds: [5], middleOf: (cell: number) => cell + 1 };
const OWN = { attributes: { 'service.name': 'ballast', 'host.name': 'h' }, version: '1.2.3' };

const counter = { id: 1, values: ['videos'], value: 3 };
const histogram = {
	id: 3,
	values: ['videos'],
	count: 3,
	sum: 12,
	layout: 'log-linear' as const,
	cells: new Uint32Array(10),
	explicit: new Float64Array(2),
};
const source = (...metrics: SourceMetric[]) => ({ metrics: () => metrics });

interface Setup {
	push: OtlpPush;
	collector: TestingCollector;
	said: string[];
}

async function pushTo(
	context: TestContext,
	differs: Partial<Destination>,
	metrics: readonly SourceMetric[] = [],
): Promise<Setup> {
	const collector = new TestingCollector();
	const url = await collector.listen();
	context.after(() => collector.close());
	const said: string[] = [];
	const push = new OtlpPush({
		destinations: [destinationTo(url, differs)],
		own: OWN,
		source: source(...metrics),
		shape: SHAPE,
		startMs: 1000,
		changed: (destination, signal, reason) => said.push(`${destination} ${signal} ${reason}`),
	});
	return { push, collector, said };
}

const metricsIn = (body: Buffer): Metric[] =>
	decode(METRICS_REQUEST, body).resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics ?? [];
const linesIn = (body: Buffer): (string | undefined)[] =>
	(decode(LOGS_REQUEST, body).resourceLogs ?? []).flatMap(({ scopeLogs }) =>
		(scopeLogs?.[0]?.logRecords ?? []).map((record) => record.body?.stringValue),
	);

const entry = (message: string, differs: Partial<LogEntry> = {}): LogEntry => ({
	timeMs: 1_790_000_000_123,
	severity: 'warn',
	source: 'instance',
	message,
	service: 'videos',
	instance: 'videos-1',
	traceId: '',
	spanId: '',
	fields: {},
	...differs,
});

test('a delta goes on where the last one that arrived ended, so that nothing is lost in between', async (context) => {
	const series = { ...counter };
	const cells = { ...histogram, cells: new Uint32Array(10) };
	cells.cells[1] = 2;
	cells.cells[9] = 2 ** 32 - 1;
	const metrics = [
		{ definition: REQUESTS, all: [series] },
		{ definition: DURATION, all: [cells] },
		{ definition: IN_FLIGHT, all: [{ id: 2, values: ['videos'], value: 7 }] },
	];
	const { push, collector, said } = await pushTo(context, {}, metrics);
	collector.answers.push({ status: 200 }, { status: 503 });
	push.start();
	await collector.until(1);
	series.value = 10;
	cells.cells[9] = 4;
	cells.sum = 50;
	cells.count += 5;
	await collector.until(2);
	series.value = 12;
	await collector.until(3);
	await push.stop();
	const [first, failed, second] = collector.received.map(({ body }) => metricsIn(body));
	const sumOf = (list: Metric[] | undefined) => list?.find(({ name }) => name === 'ballast_requests')?.sum;
	const point = sumOf(first)?.dataPoints?.[0];
	assert.deepEqual(
		[point?.asDouble, point?.startTimeUnixNano, sumOf(first)?.aggregationTemporality, sumOf(first)?.isMonotonic],
		[3, 1000, 1, true],
	);
	assert.ok([7, 9].includes(sumOf(failed)?.dataPoints?.[0]?.asDouble ?? 0));
	assert.equal(sumOf(second)?.dataPoints?.[0]?.asDouble, 9);
	assert.equal(sumOf(second)?.dataPoints?.[0]?.startTimeUnixNano, point?.timeUnixNano);
	const fine = second?.find(({ exponentialHistogram }) => exponentialHistogram)?.exponentialHistogram?.dataPoints?.[0];
	assert.deepEqual([fine?.count, fine?.sum, fine?.positive?.bucketCounts], [5, 38, [5]]);
	assert.equal(first?.find(({ gauge }) => gauge)?.gauge?.dataPoints?.[0]?.asDouble, 7);
	const { headers, path } = collector.received[0] ?? {};
	assert.deepEqual(
		[path, headers?.['api-key'], headers?.['content-encoding'], headers?.['content-type']],
		['/v1/metrics', 'very-secret', 'gzip', 'application/x-protobuf'],
	);
	assert.deepEqual(said, ['backend metrics answered 503', 'backend metrics ']);
	assert.equal(push.counts.find(({ signal }) => signal === 'metrics')?.failures, 1);
});

test('cumulative values with bounds, split to the size that is taken', async (context) => {
	const explicit = { ...histogram, explicit: Float64Array.of(1, 2) };
	const many = Array.from({ length: 300 }, (_, i) => ({ id: 10 + i, values: [`service-${i}`], value: i }));
	const metrics = [
		{ definition: DURATION, all: [explicit] },
		{ definition: REQUESTS, all: many },
	];
	const { push, collector } = await pushTo(
		context,
		{ temporality: 'cumulative', histograms: 'explicit', maxBytes: 5000 },
		metrics,
	);
	await push.stop();
	const all = collector.received.flatMap(({ body }) => metricsIn(body));
	assert.ok(collector.received.length > 3);
	for (const { body } of collector.received) assert.ok(body.length <= 5000, `${body.length}`);
	const point = all.find((metric) => metric.histogram)?.histogram;
	assert.equal(point?.aggregationTemporality, 2);
	assert.deepEqual(
		[point?.dataPoints?.[0]?.bucketCounts, point?.dataPoints?.[0]?.explicitBounds, point?.dataPoints?.[0]?.count],
		[[1, 2], [5], 3],
	);
	const values = all.flatMap(({ sum }) => sum?.dataPoints?.map(({ asDouble }) => asDouble) ?? []);
	assert.deepEqual(
		values,
		many.map(({ value }) => value),
	);
	assert.deepEqual(
		push.counts.map(({ sent }) => sent),
		[301, 0, 0],
	);
});

test('lines are sent again after a failure, in order, once each; a partial success is counted', async (context) => {
	const { push, collector, said } = await pushTo(context, {});
	const partial = encode(EXPORT_ANSWER, { partialSuccess: { rejected: 1, errorMessage: 'too old' } });
	collector.answers.push({ status: 429, headers: { 'retry-after': '60' } }, { status: 200, body: partial });
	push.logs([entry('one'), entry('two', { service: '', instance: '', source: 'event' })]);
	const started = performance.now();
	await Promise.all([push.stop(), collector.until(1)]);
	assert.deepEqual(linesIn(collector.received[0]?.body ?? Buffer.alloc(0)), ['one', 'two']);
	assert.ok(performance.now() - started < 20_000, 'a stop waits for no second attempt');
	assert.equal(push.counts.find(({ signal }) => signal === 'logs')?.dropped, 2);
	assert.deepEqual(said, ['backend logs answered 429']);

	const again = await pushTo(context, {});
	again.collector.answers.push({ status: 503, headers: { 'retry-after': '1' } }, { status: 200, body: partial });
	again.push.logs(Array.from({ length: 2000 }, (_, i) => entry(`${i}`)));
	const begun = performance.now();
	await again.collector.until(2);
	assert.ok(performance.now() - begun >= 990, 'it waits as long as it is told');
	await again.push.stop();
	const [first, second] = again.collector.received.map(({ body }) => linesIn(body));
	assert.deepEqual(first, second);
	assert.equal(second?.[1999], '1999');
	const counts = again.push.counts.find(({ signal }) => signal === 'logs');
	assert.deepEqual([counts?.sent, counts?.rejected, counts?.dropped, counts?.failures], [1999, 1, 0, 1]);
});

test('the queue is bounded, and what does not fit is counted', async (context) => {
	const { push, collector } = await pushTo(context, { maxBytes: 2000 });
	push.logs(Array.from({ length: 30_000 }, (_, i) => entry(`${i}`)));
	const counts = push.counts.find(({ signal }) => signal === 'logs');
	assert.equal(counts?.dropped, 10_000);
	collector.answers.push({ status: 400 });
	await collector.until(1);
	await push.stop();
	assert.equal((counts?.dropped ?? 0) + (counts?.sent ?? 0), 30_000);
});

test('a line that is too big on its own is dropped, the others go', async (context) => {
	const { push, collector } = await pushTo(context, { maxBytes: 2000 });
	push.logs([entry('a'), entry('x'.repeat(3000)), entry('b')]);
	await push.stop();
	assert.deepEqual(
		collector.received.flatMap(({ body }) => linesIn(body)),
		['a', 'b'],
	);
	assert.equal(push.counts.find(({ signal }) => signal === 'logs')?.dropped, 1);
});

test('no secret comes back in a reason, and none follows a redirect', async (context) => {
	const { push, collector, said } = await pushTo(context, {});
	const elsewhere = new TestingCollector();
	const url = await elsewhere.listen();
	context.after(() => elsewhere.close());
	collector.answers.push(
		{ status: 401, body: encode(RPC_STATUS, { code: 16, message: 'the key very-secret is unknown' }) },
		{ status: 307, headers: { location: url } },
	);
	push.logs([entry('a')]);
	await push.stop();
	assert.deepEqual(said, ['backend logs answered 401: the key … is unknown']);
	const spans = await pushTo(context, { urls: { traces: 'http://127.0.0.1:1/v1/traces' } });
	spans.push.spans([
		{
			traceId: 'a'.repeat(32),
			spanId: 'b'.repeat(16),
			parentId: '',
			name: 'x',
			kind: 'server',
			startMs: 1,
			endMs: 2,
			error: '',
			fields: {},
		},
	]);
	await spans.push.stop();
	assert.equal(elsewhere.received.length, 0);
	assert.match(spans.said.join(), /^backend traces could not be reached/);
});

test('Retry-After in seconds, as a date, and in nothing', () => {
	const now = Date.parse('2026-01-01T00:00:00Z');
	assert.equal(retryAfterMs('7', now), 7000);
	assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:00:09 GMT', now), 9000);
	assert.equal(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', now), 0);
	assert.equal(retryAfterMs('99999999', now), 300_000);
	assert.equal(retryAfterMs('soon', now), 0);
	assert.equal(retryAfterMs(null, now), 0);
});
