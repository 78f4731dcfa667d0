import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { LogEntry } from '../core/log-entry.ts';
import type { Span } from '../core/span.ts';
import { EXPORT_ANSWER, RPC_STATUS } from './common-messages.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { LOGS_REQUEST } from './log-messages.ts';
import { METRICS_REQUEST } from './metric-messages.ts';
import { otelEnvironment } from './otel-environment.ts';
import { OtlpReceiver, type ReceiverOptions } from './receiver.ts';
import type { Refusal, RemotePoint } from './remote-point.ts';
import { NONE_REFUSED } from './remote-point.ts';
import { encodeLogs, encodeSpans } from './requests.ts';

const OWN = { attributes: { 'service.name': 'videos', 'service.instance.id': 'videos-1' }, version: '1' };
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };

interface Setup {
	post(path: string, headers: Record<string, string>, body: Buffer | string): Promise<Answer>;
	port: number;
	points: RemotePoint[];
	entries: LogEntry[];
	spans: Span[];
	refusal: Refusal;
}
interface Answer {
	status: number;
	headers: Headers;
	body: Buffer;
}

async function receiver(context: TestContext, differs: Partial<ReceiverOptions> = {}): Promise<Setup> {
	const setup: Omit<Setup, 'post' | 'port'> = { points: [], entries: [], spans: [], refusal: NONE_REFUSED };
	const sink =
		<T>(into: T[]) =>
		(things: readonly T[]) => {
			into.push(...things);
			return setup.refusal;
		};
	const listening = new OtlpReceiver(
		{ host: '127.0.0.1', port: 0, token: null, maxBytes: 100_000, ...differs },
		{
			metrics: sink(setup.points),
			logs: sink(setup.entries),
			spans: sink(setup.spans),
			failed: (error) => assert.fail(String(error)),
		},
	);
	const port = await listening.listen();
	context.after(() => listening.close());
	const post = async (path: string, headers: Record<string, string>, body: Buffer | string): Promise<Answer> => {
		const sent = typeof body === 'string' ? body : new Uint8Array(body);
		const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body: sent });
		return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
	};
	return Object.assign(setup, { post, port });
}

const reasonOf = ({ body }: Answer): string => decode(RPC_STATUS, body).message ?? '';

const ENTRY: LogEntry = {
	timeMs: 1_790_000_000_123,
	severity: 'error',
	source: 'instance',
	message: 'it broke',
	service: 'videos',
	instance: 'videos-1',
	traceId: 'ab'.repeat(16),
	spanId: 'cd'.repeat(8),
	fields: { 'user.id': 7, ok: true, ratio: 0.5 },
};
const SPAN: Span = {
	traceId: 'ab'.repeat(16),
	spanId: 'cd'.repeat(8),
	parentId: 'ef'.repeat(8),
	name: 'query',
	kind: 'client',
	startMs: 1_790_000_000_123.25,
	endMs: 1_790_000_000_124,
	error: 'timeout',
	fields: { 'service.name': 'videos', 'service.instance.id': 'videos-1', 'db.system': 'postgresql' },
};

test('lines and spans come back as they were sent, plain and packed', async (context) => {
	const { post, entries, spans } = await receiver(context);
	const logs = await post('/v1/logs', PROTOBUF, encodeLogs(OWN, [ENTRY]));
	assert.deepEqual([logs.status, decode(EXPORT_ANSWER, logs.body)], [200, {}]);
	const packed = { ...PROTOBUF, 'content-encoding': 'gzip' };
	assert.equal((await post('/v1/traces', packed, gzipSync(encodeSpans(OWN, [SPAN])))).status, 200);
	assert.deepEqual(entries, [
		{ ...ENTRY, source: 'remote', fields: { 'ballast.source': 'instance', ...ENTRY.fields } },
	]);
	assert.deepEqual(spans, [SPAN]);
});

test("OTLP's JSON is taken, and answered in JSON", async (context) => {
	const setup = await receiver(context);
	// As in opentelemetry-proto's examples: ids in hex, integers of 64 bits as text, fields that we do not know.
	const body = JSON.stringify({
		resourceLogs: [
			{
				resource: { attributes: [{ key: 'service.name', value: { stringValue: 'my.service' } }] },
				scopeLogs: [
					{
						scope: { name: 'my.library', attributes: [] },
						logRecords: [
							{
								timeUnixNano: '1544712660300000000',
								observedTimeUnixNano: 1544712660300000000,
								severityNumber: 10,
								severityText: 'Information',
								traceId: '5B8EFFF798038103D269B633813FC60C',
								spanId: 'EEE19B7EC3C1B174',
								body: { stringValue: 'Example log record' },
								attributes: [
									{ key: 'int', value: { intValue: '10' } },
									{ key: 'list', value: { arrayValue: { values: [{ stringValue: 'many' }, { intValue: 1 }] } } },
									{ key: '__proto__', value: { stringValue: 'x' } },
								],
							},
						],
					},
				],
			},
		],
	});
	setup.refusal = { rejected: 3, reason: 'no room' };
	const answer = await setup.post('/v1/logs', { 'content-type': 'Application/JSON; charset=utf-8' }, body);
	assert.equal(answer.headers.get('content-type'), 'application/json');
	assert.deepEqual(JSON.parse(answer.body.toString()), {
		partialSuccess: { rejectedLogRecords: '3', errorMessage: 'no room' },
	});
	const [entry] = setup.entries;
	assert.deepEqual(
		[entry?.timeMs, entry?.severity, entry?.service, entry?.message, entry?.traceId],
		[1544712660300, 'info', 'my.service', 'Example log record', '5b8efff798038103d269b633813fc60c'],
	);
	assert.deepEqual(Object.entries(entry?.fields ?? {}), [
		['int', 10],
		['list', '["many",1]'],
		['__proto__', 'x'],
	]);
});

test('metrics become points under the names that Prometheus would give them', async (context) => {
	const { post, points } = await receiver(context);
	const attributes = [
		{ key: 'http.route', value: { stringValue: '/a' } },
		{ key: 'service', value: { stringValue: 'not-who-it-says' } },
		{ key: 'le', value: { stringValue: '1' } },
	];
	const at = { attributes, timeUnixNano: 5000 };
	const body = encode(METRICS_REQUEST, {
		resourceMetrics: [
			{
				resource: { attributes: [{ key: 'service.name', value: { stringValue: 'videos' } }] },
				scopeMetrics: [
					{
						metrics: [
							{
								name: 'jobs.done',
								unit: '1',
								sum: { dataPoints: [{ ...at, asInt: 7 }], aggregationTemporality: 1, isMonotonic: true },
							},
							{
								name: 'pool.use',
								unit: '1',
								gauge: {
									dataPoints: [
										{ ...at, asDouble: 0.5 },
										{ ...at, flags: 1 },
										{ ...at, asDouble: Number.NaN },
									],
								},
							},
							{
								name: 'size',
								unit: 'By',
								histogram: {
									dataPoints: [
										{ ...at, count: 3, sum: 9, bucketCounts: [1, 2], explicitBounds: [5] },
										{ ...at, bucketCounts: [1], explicitBounds: [5] },
									],
									aggregationTemporality: 2,
								},
							},
							{
								name: 'wait',
								unit: 's',
								exponentialHistogram: {
									dataPoints: [
										{ ...at, count: 3, sum: 3, scale: 0, zeroCount: 1, positive: { offset: 0, bucketCounts: [2] } },
									],
									aggregationTemporality: 2,
								},
							},
							{ name: '日本', gauge: { dataPoints: [{ asDouble: 1 }] } },
							{ name: 'old', summary: { dataPoints: [{ count: 1 }] } },
						],
					},
				],
			},
		],
	});
	const answer = await post('/v1/metrics', PROTOBUF, body);
	assert.equal(decode(EXPORT_ANSWER, answer.body).partialSuccess?.rejected, 4);
	const labels = { http_route: '/a', service: 'videos' };
	const common = { labels, timeMs: 5000, bounds: [], counts: [] };
	const plain = points.map((point) => ({ ...point, labels: { ...point.labels } }));
	assert.deepEqual(plain.slice(0, 3), [
		{ ...common, name: 'jobs_done_total', kind: 'counter', delta: true, value: 7 },
		{ ...common, name: 'pool_use_ratio', kind: 'gauge', delta: false, value: 0.5 },
		{ ...common, name: 'size_bytes', kind: 'histogram', delta: false, value: 9, bounds: [5], counts: [1, 2] },
	]);
	assert.deepEqual(
		[plain[3]?.name, plain[3]?.counts[0], plain[3]?.counts[10], plain.length],
		['wait_seconds', 1, 2, 4],
	);
});

test('what is no OTLP is refused with a reason', async (context) => {
	const { post, entries, spans, points } = await receiver(context);
	const packed = { ...PROTOBUF, 'content-encoding': 'gzip' };
	const cases: [string, Record<string, string>, Buffer | string, number, RegExp][] = [
		['/v1/other', PROTOBUF, '', 404, /expected \/v1\/metrics/],
		['/v1/logs', { 'content-type': 'text/plain' }, '{}', 415, /content-type/],
		['/v1/logs', { ...PROTOBUF, 'content-encoding': 'br' }, '', 415, /content-encoding/],
		['/v1/logs', PROTOBUF, Buffer.from('hello'), 400, /no protobuf|type/],
		['/v1/logs', PROTOBUF, Buffer.from('0affffffff0f', 'hex'), 400, /cut off/],
		['/v1/logs', PROTOBUF, Buffer.from(`0a${'ff'.repeat(11)}`, 'hex'), 400, /ten bytes/],
		['/v1/logs', PROTOBUF, Buffer.from('0801', 'hex'), 400, /resourceLogs has another type/],
		['/v1/logs', packed, Buffer.from('hello'), 400, /no gzip/],
		['/v1/logs', PROTOBUF, Buffer.alloc(100_001), 413, /larger than 100000/],
		['/v1/logs', packed, gzipSync(Buffer.alloc(50_000_000)), 413, /larger than 100000/],
		['/v1/logs', { ...PROTOBUF, origin: 'http://evil.example' }, '', 403, /web pages/],
	];
	for (const [path, headers, body, status, reason] of cases) {
		const answer = await post(path, headers, body);
		assert.equal(answer.status, status, `${path} ${reason}`);
		assert.match(reasonOf(answer), reason);
	}
	for (const body of ['', '[]', 'null', '{"resourceLogs":1}', '{"resourceLogs":[1]}', '{"resourceLogs":']) {
		const answer = await post('/v1/logs', JSON_TYPE, body);
		assert.deepEqual([answer.status, JSON.parse(answer.body.toString()).code], [400, 3], body);
	}
	assert.deepEqual([entries.length, spans.length, points.length], [0, 0, 0]);
});

test('values in values, and a body of nothing but parts, end at a bound', async (context) => {
	const { post } = await receiver(context, { maxBytes: 4_000_000 });
	let value: Buffer = Buffer.from('0801', 'hex');
	const wrap = (tag: number, inner: Buffer): Buffer => {
		const length: number[] = [];
		let rest = inner.length;
		for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
		return Buffer.concat([Buffer.from([tag, ...length, rest]), inner]);
	};
	for (let i = 0; i < 2000; i++) value = wrap(0x2a, wrap(0x0a, value));
	const record = wrap(0x0a, wrap(0x12, wrap(0x12, wrap(0x2a, value))));
	assert.match(reasonOf(await post('/v1/logs', PROTOBUF, record)), /deep in one another/);
	const parts = Buffer.alloc(1_000_000);
	for (let i = 0; i < parts.length; i += 2) parts[i] = 0x0a;
	assert.match(reasonOf(await post('/v1/logs', PROTOBUF, parts)), /more than 400000 parts/);
	const deep = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${'{"arrayValue":{"values":['.repeat(500)}${']}}'.repeat(500)}}]}]}]}`;
	const answer = await post('/v1/logs', JSON_TYPE, deep);
	assert.match(JSON.parse(answer.body.toString()).message, /deep in one another/);
});

test('too many lines at once: the first are taken, the rest is said to be refused', async (context) => {
	const { post, entries } = await receiver(context, { maxBytes: 4_000_000 });
	const logRecords = Array.from({ length: 10_007 }, () => ({ body: { stringValue: 'x'.repeat(20) } }));
	const body = encode(LOGS_REQUEST, { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
	const answer = await post('/v1/logs', PROTOBUF, body);
	assert.deepEqual(decode(EXPORT_ANSWER, answer.body).partialSuccess, {
		rejected: 7,
		errorMessage: 'more than 10000 lines at once',
	});
	assert.equal(entries.length, 10_000);
});

test('what is too long in a line is cut, what is no id is none', async (context) => {
	const { post, entries } = await receiver(context, { maxBytes: 4_000_000 });
	const attributes = Array.from({ length: 100 }, (_, i) => ({
		key: `k${i}`,
		value: { stringValue: 'v'.repeat(9000) },
	}));
	attributes.unshift({ key: 'k'.repeat(1000), value: { stringValue: 'no' } });
	const logRecords = [{ body: { stringValue: 'm'.repeat(1e6) }, attributes, traceId: 'ab', spanId: '00'.repeat(8) }];
	await post('/v1/logs', PROTOBUF, encode(LOGS_REQUEST, { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }));
	const [entry] = entries;
	assert.equal(entry?.message.length, 32_768);
	assert.deepEqual([entry?.traceId, entry?.spanId], ['', '']);
	const values = Object.values(entry?.fields ?? {});
	assert.deepEqual([values.length, String(values[0]).length], [64, 4096]);
});

test('the token', async (context) => {
	const { post } = await receiver(context, { token: 'right' });
	const body = encodeLogs(OWN, []);
	for (const authorization of ['', 'Bearer wrong', 'right', 'Bearer right ']) {
		const headers = authorization === '' ? PROTOBUF : { ...PROTOBUF, authorization };
		const expected = authorization.trim() === 'Bearer right' ? 200 : 401;
		assert.equal((await post('/v1/logs', headers, body)).status, expected, authorization);
	}
	const { OTEL_EXPORTER_OTLP_HEADERS: header = '' } = otelEnvironment({
		service: 's',
		instance: 'i',
		host: '127.0.0.1',
		port: 1,
		token: 'right',
		sample: 0.01,
	});
	const authorization = decodeURIComponent(header.replace('authorization=', ''));
	assert.equal((await post('/v1/logs', { ...PROTOBUF, authorization }, body)).status, 200);
});

test('a body that comes without its length and never ends', async (context) => {
	const { port } = await receiver(context, { maxBytes: 10_000 });
	const answer = await new Promise<string>((resolve, reject) => {
		const sent = request({ port, host: '127.0.0.1', method: 'POST', path: '/v1/logs', headers: PROTOBUF });
		sent.on('response', (response) => resolve(`${response.statusCode} ${response.headers.connection}`));
		sent.on('error', reject);
		sent.write(Buffer.alloc(20_000));
	});
	assert.equal(answer, '413 close');
});

test('a peer that leaves in the middle of its body changes nothing', async (context) => {
	const { port, post } = await receiver(context);
	await new Promise<void>((resolve) => {
		const socket = connect(port, '127.0.0.1', () => {
			socket.write(
				'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\ncontent-length: 9\r\n\r\n12',
			);
			socket.end();
		});
		socket.on('close', () => resolve());
		socket.resume();
	});
	assert.equal((await post('/v1/logs', PROTOBUF, '')).status, 200);
});

test('the environment of an instance', () => {
	const environment = otelEnvironment({
		service: 'a',
		instance: 'b,=c',
		host: '::1',
		port: 4318,
		token: null,
		sample: 0.01,
	});
	assert.equal(environment['OTEL_EXPORTER_OTLP_ENDPOINT'], 'http://[::1]:4318');
	assert.equal(environment['OTEL_RESOURCE_ATTRIBUTES'], 'service.instance.id=b%2C%3Dc');
	assert.equal(environment['OTEL_EXPORTER_OTLP_HEADERS'], undefined);
});
