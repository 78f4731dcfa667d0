/** An instance that Ballast started sends it a line and a span, which are found beside what Ballast itself knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEntry } from '../../src/core/log-entry.ts';
import type { Span } from '../../src/core/span.ts';
import { startBallast } from '../support/ballast.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually } from '../support/suite.ts';

/** Sends OTLP/HTTP as JSON, with what it finds in its environment, for each request before it answers. */
const APP_JS = `
const http = require('node:http');
const env = process.env;
const attributes = (of) => Object.entries(of).map(([key, stringValue]) => ({ key, value: { stringValue } }));
const [, id] = /service\\.instance\\.id=([^,]*)/.exec(env.OTEL_RESOURCE_ATTRIBUTES);
const resource = {
	attributes: attributes({ 'service.name': env.OTEL_SERVICE_NAME, 'service.instance.id': decodeURIComponent(id) }),
};
const send = async (path, body) => {
	const headers = { 'content-type': 'application/json' };
	const answer = await fetch(env.OTEL_EXPORTER_OTLP_ENDPOINT + path, { method: 'POST', headers, body: JSON.stringify(body) });
	return answer.status;
};
http.createServer(async (request, response) => {
	if (request.url === '/env') {
		const seen = Object.entries(env).filter(([name]) => name.startsWith('OTEL_'));
		return response.end(JSON.stringify(Object.fromEntries(seen)));
	}
	const [, traceId, parentSpanId] = (request.headers.traceparent ?? '').split('-');
	const spanId = 'c0ffee0000000001';
	const now = BigInt(Date.now()) * 1000000n;
	const span = { traceId, spanId, parentSpanId, name: 'load video', kind: 1 };
	Object.assign(span, { startTimeUnixNano: String(now), endTimeUnixNano: String(now + 1500000n) });
	const line = { timeUnixNano: String(now), severityNumber: 17, severityText: 'ERROR', traceId, spanId };
	Object.assign(line, { body: { stringValue: 'the disk is slow' } });
	const statuses = [
		await send('/v1/traces', { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
		await send('/v1/logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [line] }] }] }),
	];
	response.end(statuses.join());
}).listen(env.PORT, '127.0.0.1');
`;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

test('lines and spans of an instance belong to the request that they are of', async () => {
	const [port = 0] = await freePorts(1);
	await using ballast = await startBallast(
		{
			workers: 1,
			stop: '1s',
			receive: { port },
			logs: { sample: '100%' },
			traces: { sample: '100%' },
			services: { videos: { instances: { run: 'node app.js' } } },
		},
		{ files: { 'app.js': APP_JS } },
	);
	const env = (await (await fetch(`${ballast.url}/env`)).json()) as Record<string, string>;
	assert.equal(env['OTEL_SERVICE_NAME'], 'videos');
	assert.equal(env['OTEL_EXPORTER_OTLP_ENDPOINT'], `http://127.0.0.1:${port}`);
	assert.match(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '', /^service\.instance\.id=videos/);
	assert.equal(env['OTEL_TRACES_SAMPLER_ARG'], '1');

	const answer = await fetch(`${ballast.url}/v1/7`, { headers: { traceparent: `00-${TRACE}-${PARENT}-01` } });
	assert.equal(await answer.text(), '200,200');

	const { entries } = await eventually(
		() => ballast.control('logs', { query: `trace:${TRACE} source:remote` }) as Promise<{ entries: LogEntry[] }>,
		(found) => found.entries.length > 0,
		8000,
	);
	assert.equal(entries.length, 1);
	assert.equal(entries[0]?.message, 'the disk is slow');
	assert.equal(entries[0]?.severity, 'error');
	assert.equal(entries[0]?.service, 'videos');
	assert.match(entries[0]?.instance ?? '', /^videos/);

	const trace = await eventually(
		() => ballast.control('trace', { id: TRACE }) as Promise<{ spans: Span[]; entries: LogEntry[] }>,
		({ spans, entries: all }) =>
			spans.filter(({ name }) => name === 'load video' || name === 'GET').length === 2 && all.length === 2,
		8000,
	);
	const own = trace.spans.find(({ name }) => name === 'load video');
	const attempt = trace.spans.find(({ kind }) => kind === 'client');
	const server = trace.spans.find(({ kind }) => kind === 'server');
	assert.equal(own?.parentId, attempt?.spanId);
	assert.equal(attempt?.parentId, server?.spanId);
	assert.equal(server?.parentId, PARENT);
	assert.deepEqual(trace.entries.map(({ source }) => source).sort(), ['access', 'remote']);
});
