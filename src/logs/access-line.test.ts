import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessLine, accessSeverity, writeAccessLine } from './access-line.ts';
import { entryOfAccess } from './access-row.ts';
import { commonLine, writeCommonLine } from './common-line.ts';
import { LineBuffer } from './line-buffer.ts';
import { accessEntry } from './testing-entries.ts';

test('a request is one line of JSON with the names of OpenTelemetry', () => {
	assert.deepEqual(JSON.parse(accessLine(accessEntry({ query: 'a=1', queueUs: 250, cache: 'miss', weight: 10 }))), {
		timestamp: '2026-06-10T12:00:00.123Z',
		severity_text: 'INFO',
		trace_id: '0af7651916cd43dd8448eb211c80319c',
		span_id: 'b7ad6b7169203331',
		'service.name': 'videos',
		'http.request.method': 'GET',
		'url.path': '/v1/videos',
		'url.query': 'a=1',
		'http.route': 'GET /v1/videos',
		'http.response.status_code': 200,
		'client.address': '192.0.2.1',
		'network.protocol.version': '1.1',
		'user_agent.original': 'curl/8.9',
		'http.request.body.size': 0,
		'http.response.body.size': 512,
		duration_s: 0.012345,
		'upstream.id': 'videos-1',
		'upstream.attempts': 1,
		'upstream.duration_s': 0.012,
		'cache.status': 'miss',
		queue_s: 0.00025,
		weight: 10,
	});
});

test('any text whatever comes back from JSON, and nothing in it is active', () => {
	const hostile = [
		'"\\\b\f\n\r\t\0\x1b[31m\x7f\x9b',
		'","severity_text":"FATAL","x":"',
		'é€😀 \u2028\u2029\u202e\ufeff',
		'\xff\xfe\x80',
		'</script><script>',
		'x'.repeat(8192),
		'\u0001'.repeat(8192),
		'😀'.repeat(4096),
	];
	for (const text of hostile) {
		const line = accessLine(accessEntry({ path: text, query: text, userAgent: text, host: text }));
		const read = JSON.parse(line) as Record<string, string>;
		for (const name of ['url.path', 'url.query', 'user_agent.original']) assert.equal(read[name], text);
		assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\ufeff]/u);
		assert.equal(read['severity_text'], 'INFO');
	}
	const half = JSON.parse(accessLine(accessEntry({ path: 'a\ud800b\udc00' }))) as Record<string, string>;
	assert.equal(half['url.path'], 'a\ud800b\udc00');
	const long = JSON.parse(accessLine(accessEntry({ userAgent: 'y'.repeat(1_000_000) }))) as Record<string, string>;
	assert.equal(long['user_agent.original']?.length, 8192);
});

test('lines follow one another in one buffer that grows', () => {
	const out = new LineBuffer(16);
	for (let at = 0; at < 100; at++) writeAccessLine(accessEntry({ status: 200 + at, durationUs: at * 999_999 }), out);
	const lines = out.view().toString().trimEnd().split('\n');
	assert.equal(lines.length, 100);
	assert.deepEqual(
		lines.map((line) => (JSON.parse(line) as { duration_s: number }).duration_s),
		Array.from({ length: 100 }, (_, at) => (at * 999_999) / 1e6),
	);
	out.clear();
	assert.equal(out.view().length, 0);
});

test('numbers that are out of order do no harm', () => {
	const read = JSON.parse(
		accessLine(
			accessEntry({
				timeMs: Number.NaN,
				durationUs: -1,
				responseBytes: 2 ** 52,
				requestBytes: Number.POSITIVE_INFINITY,
				status: 0,
			}),
		),
	) as Record<string, unknown>;
	assert.equal(read['timestamp'], '1970-01-01T00:00:00.000Z');
	assert.equal(read['duration_s'], 0);
	assert.equal(read['http.response.body.size'], 2 ** 52);
	assert.equal(read['http.request.body.size'], 0);
	assert.equal('http.response.status_code' in read, false);
});

test('common and combined format', () => {
	const entry = accessEntry({ query: 'a=1', userAgent: 'a "quoted"\n\x1b agent é' });
	const common = '192.0.2.1 - - [10/Jun/2026:12:00:00 +0000] "GET /v1/videos?a=1 HTTP/1.1" 200 512';
	assert.equal(commonLine(entry, 'common'), common);
	const combined = `${common} "-" "a \\"quoted\\"\\x0a\\x1b agent \\xc3\\xa9"`;
	assert.equal(commonLine(entry, 'combined'), combined);
	const out = new LineBuffer(8);
	writeCommonLine(entry, 'combined', out);
	assert.equal(out.view().toString(), `${combined}\n`);
	assert.match(
		commonLine(accessEntry({ status: 0, responseBytes: 0, path: '/a" 200' }), 'common'),
		/"GET \/a\\" 200 HTTP\/1.1" 499 -$/,
	);
});

test('severity: whose fault it was', () => {
	assert.equal(accessSeverity(accessEntry({ status: 503, error: 'no_ready_instance' })), 'error');
	assert.equal(accessSeverity(accessEntry({ status: 200, error: 'truncated_answer' })), 'error');
	assert.equal(accessSeverity(accessEntry({ status: 404, error: 'no_route' })), 'info');
	assert.equal(accessSeverity(accessEntry({ status: 0 })), 'info');
	assert.equal(accessSeverity(accessEntry({ notable: true })), 'warn');
});

test('a row says its error in words, and not what the client sent', () => {
	const entry = entryOfAccess(accessEntry({ status: 504, error: 'first_byte_timeout', path: '/secret/x' }));
	assert.match(entry.message, /^first byte timeout: /);
	assert.doesNotMatch(entry.message, /secret/);
});
