import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Span } from '../core/span.ts';
import { spansOf } from './spans-of.ts';
import { accessEntry, attemptEntry, SPAN, TRACE } from './testing-entry.ts';
import { derivedSpanId } from './traceparent.ts';

const shape = (spans: Span[], startMs: number): string[] =>
	spans.map(
		({ name, kind, startMs: from, endMs, error }) =>
			`${kind} ${name} ${Math.round((from - startMs) * 1000)}…${Math.round((endMs - startMs) * 1000)}${error && ` ${error}`}`,
	);

test('a request that went well', () => {
	const entry = accessEntry();
	const spans = spansOf(entry);
	assert.deepEqual(shape(spans, entry.timeMs), [
		'server GET /v1/videos/* 0…120000',
		'client GET 1000…120000',
		'internal first byte 1000…101000',
		'internal transfer 101000…120000',
	]);
	assert.deepEqual(spans[0]?.fields, {
		'http.request.method': 'GET',
		'http.route': '/v1/videos/*',
		'url.scheme': 'https',
		'url.path': '/v1/videos/8f3',
		'server.address': 'api.example.com',
		'client.address': '203.0.113.9',
		'user_agent.original': 'curl/8.5.0',
		'network.protocol.version': '1.1',
		'http.response.status_code': 200,
		'http.response.body.size': 5120,
		'ballast.service': 'videos',
		'upstream.id': 'videos-1',
		'upstream.attempts': 1,
	});
	assert.equal(JSON.stringify(spans).includes('secret'), false, 'the query is nowhere');
});

test('all hang together in one trace, the attempt by the id that the instance was told', () => {
	const spans = spansOf(accessEntry({ queueUs: 500, parentId: '00f067aa0ba902b7' }));
	const ids = new Set(spans.map((span) => span.spanId));
	assert.equal(ids.size, spans.length);
	assert.deepEqual(new Set(spans.map((span) => span.traceId)), new Set([TRACE]));
	assert.equal(spans[0]?.parentId, '00f067aa0ba902b7');
	for (const span of spans.slice(1)) assert.ok(ids.has(span.parentId), span.name);
	const attempt = spans.find((span) => span.kind === 'client');
	assert.deepEqual([attempt?.spanId, attempt?.parentId], [derivedSpanId(SPAN, 1), SPAN]);
});

test('a wait, a refused connection and a second attempt with a new one', () => {
	const attempts = [
		attemptEntry({ startUs: 5000, connectUs: -1, headUs: -1, endUs: 1000, status: 0, error: 'connect_refused' }),
		attemptEntry({ instance: 'videos-2', startUs: 6000, connectUs: 700, headUs: 90_000, endUs: 110_000, status: 503 }),
	];
	const entry = accessEntry({ queueUs: 4900, attempts, status: 503 });
	const spans = spansOf(entry);
	assert.deepEqual(shape(spans, entry.timeMs), [
		'server GET /v1/videos/* 0…120000 503',
		'internal queue 100…5000',
		'client GET 5000…6000 connect_refused',
		'client GET 6000…116000 503',
		'internal connect 6000…6700',
		'internal first byte 6700…96000',
		'internal transfer 96000…116000',
	]);
	assert.equal(spans[0]?.fields['error.type'], '503');
	assert.equal(spans[3]?.fields['http.request.resend_count'], 1);
	assert.equal(spans[2]?.fields['error.type'], 'connect_refused');
});

test('a client error is none of the server, and one of the attempt', () => {
	const [server, client] = spansOf(accessEntry({ status: 404, attempts: [attemptEntry({ status: 404 })] }));
	assert.deepEqual([server?.error, server?.fields['error.type']], ['', undefined]);
	assert.equal(client?.error, '404');
});

test('no attempt: the wait goes to the end', () => {
	const entry = accessEntry({ queueUs: 120_000, attempts: [], status: 503, error: 'no_ready_instance', instance: '' });
	assert.deepEqual(shape(spansOf(entry), entry.timeMs), [
		'server GET /v1/videos/* 0…120000 no_ready_instance',
		'internal queue 0…120000 no_ready_instance',
	]);
});

test('what a client chose makes no name, and is bounded', () => {
	const long = 'x'.repeat(5000);
	const [server] = spansOf(
		accessEntry({
			method: 'STEAL',
			route: '',
			path: `/${long}`,
			userAgent: long,
			host: long,
			status: 404,
			attempts: [],
		}),
	);
	assert.equal(server?.name, '_OTHER');
	assert.equal(server?.fields['http.request.method_original'], 'STEAL');
	assert.ok(JSON.stringify(server).length < 2500);
});
