import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeadFault } from './head.ts';
import { RequestHead } from './request-head.ts';

const { bad, incomplete, tooLarge, targetTooLong, version } = HeadFault;
const nameOf = (result: number): string =>
	Object.entries(HeadFault).find(([, value]) => value === result)?.[0] ?? 'a head';

/** Parses a head that stands behind other bytes. */
function read(text: string, { most = 100, target = 8192 } = {}) {
	const buffer = Buffer.from(`????${text}`, 'latin1');
	const head = new RequestHead(most);
	const result = head.parse(buffer, 4, buffer.length, target);
	return { buffer, head, result: result > 0 ? result - 4 : result };
}

describe('accepted request lines', () => {
	const CASES: [string, { method: string; target: string; minor?: number; query?: string; special?: boolean }][] = [
		['GET / HTTP/1.1', { method: 'GET', target: '/' }],
		['GET / HTTP/1.0', { method: 'GET', target: '/', minor: 0 }],
		['GET / HTTP/1.9', { method: 'GET', target: '/', minor: 1 }],
		['POST /a/b?c=d?e HTTP/1.1', { method: 'POST', target: '/a/b?c=d?e', query: '?c=d?e' }],
		['GET /? HTTP/1.1', { method: 'GET', target: '/?', query: '?' }],
		['GET /a.b HTTP/1.1', { method: 'GET', target: '/a.b', special: true }],
		['GET /a%20b HTTP/1.1', { method: 'GET', target: '/a%20b', special: true }],
		['GET /?%2e HTTP/1.1', { method: 'GET', target: '/?%2e', query: '?%2e', special: true }],
		['OPTIONS * HTTP/1.1', { method: 'OPTIONS', target: '*' }],
		['GET http://a.example/ HTTP/1.1', { method: 'GET', target: 'http://a.example/', special: true }],
		['CONNECT a:443 HTTP/1.1', { method: 'CONNECT', target: 'a:443' }],
		["M!#$%&'*+-^_`|~ / HTTP/1.1", { method: "M!#$%&'*+-^_`|~", target: '/' }],
		['get / HTTP/1.1', { method: 'get', target: '/' }],
		['UPDATEREDIRECTREF / HTTP/1.1', { method: 'UPDATEREDIRECTREF', target: '/' }],
		['GET /|{}"<>\\^`[] HTTP/1.1', { method: 'GET', target: '/|{}"<>\\^`[]' }],
	];
	for (const [line, expected] of CASES) {
		test(line, () => {
			const { buffer, head, result } = read(`${line}\r\nHost: a\r\n\r\n`);
			assert.ok(result > 0, nameOf(result));
			assert.equal(head.method(buffer), expected.method);
			assert.equal(head.target(buffer), expected.target);
			assert.equal(head.minor, expected.minor ?? 1);
			assert.equal(buffer.toString('latin1', head.queryAt, head.targetEnd), expected.query ?? '');
			assert.equal(head.special, expected.special ?? false);
			assert.equal(buffer.toString('latin1', head.start, head.lineEnd), `${line}\r\n`);
			assert.equal(head.fields.value(buffer, 'host'), 'a');
		});
	}
});

describe('refused request lines (RFC 9112 §3)', () => {
	const CASES: [string, string, number?][] = [
		['no method', ' / HTTP/1.1\r\n'],
		['white space before the method', ' GET / HTTP/1.1\r\n'],
		['a tab before the method', '\tGET / HTTP/1.1\r\n'],
		['a control in the method', 'GE\x01T / HTTP/1.1\r\n'],
		['NUL in the method', 'GE\x00T / HTTP/1.1\r\n'],
		['a colon in the method', 'GET: / HTTP/1.1\r\n'],
		['a slash in the method', 'GET/ / HTTP/1.1\r\n'],
		['a method beyond ASCII', 'G\xc9T / HTTP/1.1\r\n'],
		['a method of 33 bytes', `${'M'.repeat(33)} / HTTP/1.1\r\n`],
		['a tab behind the method', 'GET\t/ HTTP/1.1\r\n'],
		['two spaces behind the method', 'GET  / HTTP/1.1\r\n'],
		['two spaces behind the target', 'GET /  HTTP/1.1\r\n'],
		['a tab behind the target', 'GET /\tHTTP/1.1\r\n'],
		['a space in the target', 'GET /a b HTTP/1.1\r\n'],
		['no target', 'GET HTTP/1.1\r\n'],
		['an empty target', 'GET  HTTP/1.1\r\n'],
		['a fragment', 'GET /#a HTTP/1.1\r\n'],
		['NUL in the target', 'GET /\x00 HTTP/1.1\r\n'],
		['a control in the target', 'GET /\x1b HTTP/1.1\r\n'],
		['CR in the target', 'GET /\r HTTP/1.1\r\n'],
		['LF in the target', 'GET /\n HTTP/1.1\r\n'],
		['DEL in the target', 'GET /\x7f HTTP/1.1\r\n'],
		['a target beyond ASCII', 'GET /\xc3\xa4 HTTP/1.1\r\n'],
		['HTTP/0.9', 'GET /\r\n'],
		['no version', 'GET / \r\n'],
		['lower case', 'GET / http/1.1\r\n'],
		['another protocol', 'GET / HTTQ/1.1\r\n'],
		['SIP', 'GET / SIP/2.0\r\n'],
		['a version without a point', 'GET / HTTP/11\r\n'],
		['a version with a comma', 'GET / HTTP/1,1\r\n'],
		['a minor version of two digits', 'GET / HTTP/1.10\r\n'],
		['a major version of two digits', 'GET / HTTP/01.1\r\n'],
		['a minor version that is no digit', 'GET / HTTP/1.x\r\n'],
		['a signed version', 'GET / HTTP/1.+\r\n'],
		['white space behind the version', 'GET / HTTP/1.1 \r\n'],
		['a tab behind the version', 'GET / HTTP/1.1\t\r\n'],
		['a bare LF behind the version', 'GET / HTTP/1.1\nHost: a\r\n'],
		['a bare CR behind the version', 'GET / HTTP/1.1\rHost: a\r\n'],
		['CR CR LF behind the version', 'GET / HTTP/1.1\r\r\n'],
		['a bare LF before the request', '\nGET / HTTP/1.1\r\n'],
		['a bare CR before the request', '\rGET / HTTP/1.1\r\n'],
		['HTTP/2.0', 'GET / HTTP/2.0\r\n', version],
		['HTTP/0.9 with its number', 'GET / HTTP/0.9\r\n', version],
		['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n', version],
		['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
		['a PROXY line', 'PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n'],
	];
	for (const [why, line, fault = bad] of CASES) {
		test(why, () => {
			const text = `${line}Host: a\r\n\r\n`;
			assert.equal(nameOf(read(text).result), nameOf(fault));
			for (let end = 0; end < text.length; end++) {
				const { result } = read(text.slice(0, end));
				assert.ok(result === incomplete || result === fault || result === bad, `${end} bytes: ${nameOf(result)}`);
			}
		});
	}
});

test('what is wrong is told as soon as it is there, not when the head is whole', () => {
	for (const text of [
		'G\x00',
		'GET\t',
		'GET /\x00',
		'GET / HTTQ',
		'GET / h',
		'GET / HTTP/1.1\r\n ',
		'GET / HTTP/1.1\r\nA B',
		'M'.repeat(33),
	]) {
		assert.equal(nameOf(read(text).result), 'bad', JSON.stringify(text));
	}
	assert.equal(nameOf(read(`GET /${'a'.repeat(100)}`, { target: 50 }).result), 'targetTooLong');
});

test('empty lines before a request are passed over (RFC 9112 §2.2)', () => {
	const { buffer, head, result } = read('\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n');
	assert.equal(result, buffer.length - 4);
	assert.equal(head.start, 10);
	assert.equal(head.method(buffer), 'GET');
	for (const text of ['', '\r', '\r\n', '\r\n\r', '\r\n\r\n', '\r\n\r\nGE']) {
		const part = read(text);
		assert.equal(part.result, incomplete);
		assert.equal(part.head.start - 4, text.lastIndexOf('\n') + 1, 'what was passed over is known');
	}
});

test('limits: method 32 bytes, target and fields as told', () => {
	assert.ok(read(`${'M'.repeat(32)} / HTTP/1.1\r\n\r\n`).result > 0);
	for (const most of [1, 10, 8192]) {
		const line = (length: number) => `GET /${'a'.repeat(length - 1)} HTTP/1.1\r\n\r\n`;
		assert.ok(read(line(most), { target: most }).result > 0, `${most} bytes`);
		assert.equal(read(line(most + 1), { target: most }).result, targetTooLong, `${most + 1} bytes`);
	}
	const lines = (count: number) => `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(count)}\r\n`;
	assert.ok(read(lines(100)).result > 0);
	assert.equal(read(lines(101)).result, tooLarge);
});

test('a huge head is one head', () => {
	const value = 'v'.repeat(1_000_000);
	const text = `GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${value}\r\n\r\n`;
	const { buffer, head, result } = read(text);
	assert.equal(result, text.length);
	assert.equal(head.fields.value(buffer, 'x-big'), value);
});

test('one object reads many heads, and moves with its bytes', () => {
	const head = new RequestHead(100);
	const first = Buffer.from('GET /a.b?c HTTP/1.0\r\nHost: a\r\nX: 1\r\n\r\nPOST /d HTTP/1.1\r\n\r\n');
	const end = head.parse(first, 0, first.length, 100);
	const copy = Buffer.concat([Buffer.alloc(33), first]);
	head.shift(33);
	assert.deepEqual(
		[
			head.method(copy),
			head.target(copy),
			copy.toString('latin1', head.queryAt, head.targetEnd),
			head.fields.value(copy, 'x'),
		],
		['GET', '/a.b?c', '?c', '1'],
	);
	assert.equal(copy.toString('latin1', head.start, head.end), first.toString('latin1', 0, end));
	assert.equal(copy.toString('latin1', head.start, head.lineEnd), 'GET /a.b?c HTTP/1.0\r\n');
	assert.equal(head.parse(first, end, first.length, 100), first.length);
	assert.deepEqual(
		[head.method(first), head.target(first), head.minor, head.special, head.fields.count],
		['POST', '/d', 1, false, 0],
	);
	assert.equal(head.queryAt, head.targetEnd);
});
