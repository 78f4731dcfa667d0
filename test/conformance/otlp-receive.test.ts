/** What OpenTelemetry's own serializers make is received, as protobuf and as JSON. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
	type ISerializer,
	JsonLogsSerializer,
	JsonMetricsSerializer,
	JsonTraceSerializer,
	ProtobufLogsSerializer,
	ProtobufMetricsSerializer,
	ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import type { LogEntry } from '../../src/core/log-entry.ts';
import type { Span } from '../../src/core/span.ts';
import { OtlpReceiver } from '../../src/otlp/receiver.ts';
import { NONE_REFUSED, type RemotePoint } from '../../src/otlp/remote-point.ts';

/** As the SDK's objects are, as far as the serializers read them. */
type Loose = never;
const resource = {
	attributes: { 'service.name': 'videos', 'service.instance.id': 'videos-1' },
	asyncAttributesPending: false,
};
const scope = { name: 'app', version: '1' };
const context = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };

async function receiver(test: TestContext): Promise<{
	send(path: string, serializer: ISerializer<Loose, unknown>, value: unknown, json: boolean): Promise<void>;
	points: RemotePoint[];
	entries: LogEntry[];
	spans: Span[];
}> {
	const [points, entries, spans]: [RemotePoint[], LogEntry[], Span[]] = [[], [], []];
	const sink =
		<T>(into: T[]) =>
		(things: readonly T[]) => {
			into.push(...things);
			return NONE_REFUSED;
		};
	const sinks = { metrics: sink(points), logs: sink(entries), spans: sink(spans), failed: assert.fail };
	const listening = new OtlpReceiver({ host: '127.0.0.1', port: 0, token: null, maxBytes: 100_000 }, sinks);
	const port = await listening.listen();
	test.after(() => listening.close());
	const send = async (path: string, serializer: ISerializer<Loose, unknown>, value: unknown, json: boolean) => {
		const body = serializer.serializeRequest(value as Loose);
		assert.ok(body !== undefined);
		const type = json ? 'application/json' : 'application/x-protobuf';
		const headers = { 'content-type': type, 'content-encoding': 'gzip' };
		const packed = new Uint8Array(gzipSync(body));
		const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body: packed });
		assert.equal(response.status, 200, await response.clone().text());
		// The sender's own reading of the answer.
		const answer = serializer.deserializeResponse(new Uint8Array(await response.arrayBuffer()));
		assert.equal((answer as { partialSuccess?: unknown } | undefined)?.partialSuccess ?? undefined, undefined);
	};
	return { send, points, entries, spans };
}

for (const json of [false, true]) {
	const form = json ? 'JSON' : 'protobuf';
	test(`spans, ${form}`, async (test) => {
		const { send, spans } = await receiver(test);
		const span = {
			name: 'query',
			kind: 2,
			spanContext: () => context,
			parentSpanContext: { ...context, spanId: '00f067aa0ba902b7' },
			startTime: [1_790_000_000, 123_250_000],
			endTime: [1_790_000_000, 150_000_000],
			status: { code: 2, message: 'timeout' },
			attributes: { 'db.system': 'postgresql', rows: 3, ok: false },
			links: [{ context, attributes: {} }],
			events: [{ name: 'retry', time: [1_790_000_000, 130_000_000], attributes: { n: 1 } }],
			duration: [0, 26_750_000],
			ended: true,
			resource,
			instrumentationScope: scope,
			droppedAttributesCount: 0,
			droppedEventsCount: 0,
			droppedLinksCount: 0,
		};
		await send('/v1/traces', json ? JsonTraceSerializer : ProtobufTraceSerializer, [span], json);
		const [received] = spans;
		assert.deepEqual(
			{ ...received, fields: { ...received?.fields } },
			{
				traceId: context.traceId,
				spanId: context.spanId,
				parentId: '00f067aa0ba902b7',
				name: 'query',
				kind: 'client',
				startMs: 1_790_000_000_123.25,
				endMs: 1_790_000_000_150,
				error: 'timeout',
				fields: {
					'db.system': 'postgresql',
					rows: 3,
					ok: false,
					'service.name': 'videos',
					'service.instance.id': 'videos-1',
				},
			},
		);
	});

	test(`lines, ${form}`, async (test) => {
		const { send, entries } = await receiver(test);
		const record = {
			hrTime: [1_790_000_000, 5_000_000],
			hrTimeObserved: [1_790_000_000, 6_000_000],
			spanContext: context,
			severityText: 'ERROR',
			severityNumber: 17,
			body: 'it broke',
			eventName: 'app.broke',
			attributes: { 'user.id': 7, tags: ['a', 'b'], deep: { a: 1 } },
			resource,
			instrumentationScope: scope,
			droppedAttributesCount: 0,
		};
		await send('/v1/logs', json ? JsonLogsSerializer : ProtobufLogsSerializer, [record], json);
		const [entry] = entries;
		assert.deepEqual(
			{ ...entry, fields: { ...entry?.fields } },
			{
				timeMs: 1_790_000_000_005,
				severity: 'error',
				source: 'remote',
				message: 'it broke',
				service: 'videos',
				instance: 'videos-1',
				traceId: context.traceId,
				spanId: context.spanId,
				fields: { 'user.id': 7, tags: '["a","b"]', deep: '{"a":1}', 'event.name': 'app.broke' },
			},
		);
	});

	test(`metrics, ${form}`, async (test) => {
		const { send, points } = await receiver(test);
		const times = { startTime: [1_790_000_000, 0], endTime: [1_790_000_010, 0], attributes: { 'http.route': '/a' } };
		const metric = (name: string, unit: string, dataPointType: number, value: unknown, more: object = {}) => ({
			descriptor: { name, unit, description: 'd', type: 'x', valueType: 1, advice: {} },
			aggregationTemporality: 1,
			dataPointType,
			dataPoints: [{ ...times, value }],
			...more,
		});
		const metrics = [
			metric('http.server.request.duration', 's', 0, {
				buckets: { boundaries: [0.1, 1], counts: [1, 2, 3] },
				sum: 9,
				count: 6,
			}),
			metric('wait', 's', 1, {
				count: 3,
				sum: 1,
				scale: 2,
				zeroCount: 1,
				positive: { offset: -8, bucketCounts: [2] },
				negative: { offset: 0, bucketCounts: [] },
			}),
			metric('queue.length', '{job}', 2, -5),
			metric('jobs.done', '{job}', 3, 7, { isMonotonic: true }),
		];
		const serializer = json ? JsonMetricsSerializer : ProtobufMetricsSerializer;
		await send('/v1/metrics', serializer, { resource, scopeMetrics: [{ scope, metrics }] }, json);
		assert.deepEqual(
			points.map(({ name, kind, value, counts, delta }) => [name, kind, value, counts, delta]),
			[
				['http_server_request_duration_seconds', 'histogram', 9, [1, 2, 3], false],
				['wait_seconds', 'histogram', 1, [1, 0, 0, 0, 0, 0, 0, 2, ...new Array(7).fill(0)], false],
				['queue_length', 'gauge', -5, [], false],
				['jobs_done_total', 'counter', 7, [], false],
			],
		);
		assert.deepEqual({ ...points[0]?.labels }, { http_route: '/a', service: 'videos', instance: 'videos-1' });
		assert.equal(points[0]?.timeMs, 1_790_000_010_000);
	});
}
