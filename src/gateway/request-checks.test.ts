import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '../core/refusal.ts';
import { BodyKind } from '../wire/body.ts';
import type { Exchange } from './exchange.ts';
import { checkRequest, setTarget, startBody } from './request-checks.ts';
import { bareRequests, exchangeOf } from './testing/bare-plane.ts';

const plane = bareRequests();

/** Reads a request whose head is well formed and checks it. */
function check(...lines: string[]): { exchange: Exchange; fault: Refusal | null } {
	const exchange = exchangeOf(plane, Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
	assert.ok(typeof exchange === 'object', `a head that can be read: ${lines}`);
	return { exchange, fault: checkRequest(exchange) };
}

const cut = ({ buffer }: Exchange, start: number, end: number): string => buffer.toString('latin1', start, end);

describe('target and host (RFC 9112 §3.2)', () => {
	interface Expected {
		target?: string;
		path?: string;
		host?: string;
		/** The request line cannot be passed on as it came. */
		rewritten?: boolean;
		absolute?: boolean;
	}
	const CASES: [lines: string[], Expected][] = [
		[['GET /a?b HTTP/1.1', 'Host: a.example'], { target: '/a?b', path: '/a', host: 'a.example' }],
		[['GET / HTTP/1.1', 'Host: a.example:8080'], { host: 'a.example:8080' }],
		[['GET / HTTP/1.1', 'Host: A_b-1.Example.:0'], { host: 'A_b-1.Example.:0' }],
		[['GET / HTTP/1.1', 'Host: a.example:'], { host: 'a.example:' }],
		[['GET / HTTP/1.1', 'Host: 127.0.0.1:80'], { host: '127.0.0.1:80' }],
		[['GET / HTTP/1.1', 'Host: [::1]'], { host: '[::1]' }],
		[['GET / HTTP/1.1', 'Host: [2001:DB8::192.0.2.1]:443'], { host: '[2001:DB8::192.0.2.1]:443' }],
		[['GET / HTTP/1.1', 'Host: a%41.example'], { host: 'a%41.example' }],
		[['GET / HTTP/1.1', "Host: !$&'()*+,;=~"], { host: "!$&'()*+,;=~" }],
		[['GET / HTTP/1.0'], { host: '' }],
		[['GET / HTTP/1.0', 'Host: a'], { host: 'a' }],
		[['GET //a//b?c?d/.. HTTP/1.1', 'Host: a'], { target: '//a//b?c?d/..', path: '//a//b' }],
		[['GET /a/../b/./c?d HTTP/1.1', 'Host: a'], { target: '/b/c?d', path: '/b/c', rewritten: true }],
		[['GET /a/%2e%2E/b HTTP/1.1', 'Host: a'], { target: '/b', path: '/b', rewritten: true }],
		[['GET /../../x HTTP/1.1', 'Host: a'], { target: '/x', path: '/x', rewritten: true }],
		[['GET /a.b/c%20d HTTP/1.1', 'Host: a'], { target: '/a.b/c%20d', path: '/a.b/c%20d' }],
		[['GET /a?b/../c%00 HTTP/1.1', 'Host: a'], { target: '/a?b/../c%00', path: '/a' }],
		[['GET /? HTTP/1.1', 'Host: a'], { target: '/?', path: '/' }],
		[['OPTIONS * HTTP/1.1', 'Host: a'], { target: '*', path: '*' }],
		[
			['GET http://a.example/b?c HTTP/1.1', 'Host: a.example'],
			{ target: '/b?c', path: '/b', host: 'a.example', rewritten: true, absolute: true },
		],
		[
			['GET HTTP://A.example:80/b HTTP/1.1', 'Host: a.EXAMPLE:80'],
			{ target: '/b', path: '/b', host: 'A.example:80', rewritten: true, absolute: true },
		],
		[['GET https://a HTTP/1.1', 'Host: a'], { target: '/', path: '/', host: 'a', rewritten: true, absolute: true }],
		[['GET http://a?b HTTP/1.1', 'Host: a'], { target: '/?b', path: '/', host: 'a', rewritten: true, absolute: true }],
		[
			['GET http://a/../b?c HTTP/1.1', 'Host: a'],
			{ target: '/b?c', path: '/b', host: 'a', rewritten: true, absolute: true },
		],
		[['GET http://a.example/ HTTP/1.0'], { target: '/', host: 'a.example', rewritten: true, absolute: true }],
		// A proxy's OPTIONS for the server as a whole (RFC 9112 §3.2.4).
		[['OPTIONS http://a HTTP/1.1', 'Host: a'], { target: '*', path: '*', host: 'a', rewritten: true, absolute: true }],
		[['OPTIONS http://a/ HTTP/1.1', 'Host: a'], { target: '/', path: '/', host: 'a', rewritten: true, absolute: true }],
		[
			['OPTIONS http://a?b HTTP/1.1', 'Host: a'],
			{ target: '/?b', path: '/', host: 'a', rewritten: true, absolute: true },
		],
		// We speak 1.1, whatever minor version the client speaks (RFC 9112 §2.3).
		[['GET /a HTTP/1.2', 'Host: a'], { target: '/a', path: '/a', rewritten: true }],
		[['GET /a HTTP/1.9', 'Host: a'], { target: '/a', path: '/a', rewritten: true }],
	];
	for (const [lines, expected] of CASES) {
		test(lines.join(' · '), () => {
			const { exchange, fault } = check(...lines);
			assert.equal(fault, null);
			const wanted = { target: '/', path: '/', host: 'a', rewritten: false, absolute: false, ...expected };
			const found = {
				target: cut(exchange, exchange.targetStart, exchange.targetEnd),
				path: cut(exchange, exchange.pathStart, exchange.pathEnd),
				host: cut(exchange, exchange.hostStart, exchange.hostEnd),
				rewritten: exchange.rewritten,
				absolute: exchange.absolute,
			};
			assert.deepEqual(found, wanted);
		});
	}
});

describe('refused requests', () => {
	const CASES: [why: string, lines: string[], fault: Refusal][] = [
		['no Host', ['GET / HTTP/1.1', 'X: 1'], 'host_missing'],
		['no Host, absolute form', ['GET http://a/ HTTP/1.1', 'X: 1'], 'host_missing'],
		['two Hosts', ['GET / HTTP/1.1', 'Host: a', 'Host: b'], 'host_twice'],
		['the same Host twice', ['GET / HTTP/1.1', 'Host: a', 'host: a'], 'host_twice'],
		['two Hosts in HTTP/1.0', ['GET / HTTP/1.0', 'Host: a', 'Host: a'], 'host_twice'],
		['an empty Host', ['GET / HTTP/1.1', 'Host:'], 'bad_host'],
		['an empty Host in HTTP/1.0', ['GET / HTTP/1.0', 'Host: '], 'bad_host'],
		['a list of hosts', ['GET / HTTP/1.1', 'Host: a, b'], 'bad_host'],
		['a host with a path', ['GET / HTTP/1.1', 'Host: a/b'], 'bad_host'],
		['a host with a query', ['GET / HTTP/1.1', 'Host: a?b'], 'bad_host'],
		['a host with a fragment', ['GET / HTTP/1.1', 'Host: a#b'], 'bad_host'],
		['a host with user information', ['GET / HTTP/1.1', 'Host: u@a'], 'bad_host'],
		['a host with a scheme', ['GET / HTTP/1.1', 'Host: http://a'], 'bad_host'],
		['a host with a backslash', ['GET / HTTP/1.1', 'Host: a\\b'], 'bad_host'],
		['a host with quotes', ['GET / HTTP/1.1', 'Host: "a"'], 'bad_host'],
		['a host beyond ASCII', ['GET / HTTP/1.1', 'Host: \xe4.example'], 'bad_host'],
		['a host with a tab', ['GET / HTTP/1.1', 'Host: a\tb'], 'bad_host'],
		['a port without a host', ['GET / HTTP/1.1', 'Host: :80'], 'bad_host'],
		['a port that is no number', ['GET / HTTP/1.1', 'Host: a:b'], 'bad_host'],
		['a signed port', ['GET / HTTP/1.1', 'Host: a:+80'], 'bad_host'],
		['two ports', ['GET / HTTP/1.1', 'Host: a:80:80'], 'bad_host'],
		['a port with more behind it', ['GET / HTTP/1.1', 'Host: a:80.'], 'bad_host'],
		['an IPv6 address without brackets', ['GET / HTTP/1.1', 'Host: ::1'], 'bad_host'],
		['an open bracket', ['GET / HTTP/1.1', 'Host: [::1'], 'bad_host'],
		['a closing bracket alone', ['GET / HTTP/1.1', 'Host: ::1]'], 'bad_host'],
		['brackets around nothing', ['GET / HTTP/1.1', 'Host: []'], 'bad_host'],
		['brackets around a name', ['GET / HTTP/1.1', 'Host: [a.example]'], 'bad_host'],
		['brackets with more behind them', ['GET / HTTP/1.1', 'Host: [::1]a'], 'bad_host'],
		['brackets within brackets', ['GET / HTTP/1.1', 'Host: [[::1]]'], 'bad_host'],
		['a zone', ['GET / HTTP/1.1', 'Host: [fe80::1%25eth0]'], 'bad_host'],
		['an escape that is cut short', ['GET / HTTP/1.1', 'Host: a%4'], 'bad_host'],
		['an escape that is none', ['GET / HTTP/1.1', 'Host: a%zz.example'], 'bad_host'],
		['an absolute form of another host', ['GET http://a/ HTTP/1.1', 'Host: b'], 'host_differs'],
		['an absolute form of another port', ['GET http://a:81/ HTTP/1.1', 'Host: a:80'], 'host_differs'],
		['an absolute form with a longer host', ['GET http://aa/ HTTP/1.1', 'Host: a'], 'host_differs'],
		['an absolute form without a host', ['GET http:/// HTTP/1.1', 'Host: a'], 'bad_target'],
		['an absolute form with an empty host and port', ['GET http://:80/ HTTP/1.1', 'Host: :80'], 'bad_host'],
		['an absolute form with user information', ['GET http://u:p@a/ HTTP/1.1', 'Host: a'], 'bad_target'],
		['an absolute form with a backslash', ['GET http://a\\@b/ HTTP/1.1', 'Host: a'], 'bad_target'],
		['an absolute form of another scheme', ['GET ftp://a/ HTTP/1.1', 'Host: a'], 'bad_target'],
		['an absolute form of WebSockets', ['GET ws://a/ HTTP/1.1', 'Host: a'], 'bad_target'],
		['a scheme alone', ['GET http:a HTTP/1.1', 'Host: a'], 'bad_target'],
		['one slash', ['GET http:/a HTTP/1.1', 'Host: a'], 'bad_target'],
		['a target without a slash', ['GET a HTTP/1.1', 'Host: a'], 'bad_target'],
		['an authority as the target', ['GET a:80 HTTP/1.1', 'Host: a:80'], 'bad_target'],
		['an asterisk for GET', ['GET * HTTP/1.1', 'Host: a'], 'bad_target'],
		['an asterisk and more', ['OPTIONS */ HTTP/1.1', 'Host: a'], 'bad_target'],
		['a query alone', ['GET ?a HTTP/1.1', 'Host: a'], 'bad_target'],
		['%00 in the path', ['GET /a%00b HTTP/1.1', 'Host: a'], 'nul_in_path'],
		['%00 at the end of the path', ['GET /%00?a HTTP/1.1', 'Host: a'], 'nul_in_path'],
		['%00 in an absolute form', ['GET http://a/%00 HTTP/1.1', 'Host: a'], 'nul_in_path'],
		['CONNECT', ['CONNECT a:443 HTTP/1.1', 'Host: a:443'], 'not_implemented'],
		[
			'length and chunks',
			['POST / HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Transfer-Encoding: chunked'],
			'content_length_and_transfer_encoding',
		],
		[
			'chunks in HTTP/1.0',
			['POST / HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked'],
			'transfer_encoding_in_http_1_0',
		],
		['a coding but chunked', ['POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: gzip'], 'bad_transfer_encoding'],
		['a bad length', ['POST / HTTP/1.1', 'Host: a', 'Content-Length: x'], 'bad_content_length'],
		['another expectation', ['GET / HTTP/1.1', 'Host: a', 'Expect: x'], 'expectation_failed'],
		['an expectation among others', ['GET / HTTP/1.1', 'Host: a', 'Expect: 100-continue, x'], 'expectation_failed'],
		['an empty expectation', ['GET / HTTP/1.1', 'Host: a', 'Expect:'], 'expectation_failed'],
		['an obscured expectation', ['GET / HTTP/1.1', 'Host: a', 'Expect: y 100-continue'], 'expectation_failed'],
		['two expectations', ['GET / HTTP/1.1', 'Host: a', 'Expect: x', 'Expect: 100-continue'], 'expect_twice'],
	];
	for (const [why, lines, fault] of CASES) {
		test(why, () => assert.equal(check(...lines).fault, fault));
	}
});

test('methods are read byte for byte', () => {
	for (const method of [
		'GET',
		'POST',
		'HEAD',
		'PUT',
		'DELETE',
		'PATCH',
		'OPTIONS',
		'TRACE',
		'get',
		'Get',
		'GETS',
		'GE',
		'QUERY',
		'PUSH',
	]) {
		assert.equal(check(`${method} / HTTP/1.1`, 'Host: a').exchange.method, method);
	}
});

test('whether the connection goes on (RFC 9112 §9.3)', () => {
	const closing = (version: string, ...lines: string[]) =>
		check(`GET / HTTP/${version}`, 'Host: a', ...lines).exchange.closing;
	assert.equal(closing('1.1'), false);
	assert.equal(closing('1.1', 'Connection: close'), true);
	assert.equal(closing('1.1', 'Connection: keep-alive, Close'), true);
	assert.equal(closing('1.1', 'Connection: x'), false);
	assert.equal(closing('1.0'), true);
	assert.equal(closing('1.0', 'Connection: keep-alive'), false);
	assert.equal(closing('1.0', 'Connection: keep-alive', 'Connection: close'), true);
	assert.equal(closing('1.0', 'Proxy-Connection: keep-alive'), true);
});

test('an expectation of 100-continue is taken, in any letter case', () => {
	for (const text of ['100-continue', '100-Continue', ' 100-CONTINUE ']) {
		assert.equal(check('PUT / HTTP/1.1', 'Host: a', `Expect:${text}`).fault, null);
	}
});

test('who may upgrade: a GET of HTTP/1.1 without a body, and not to HTTP/2', () => {
	const may = (line: string, ...lines: string[]) => {
		const { exchange, fault } = check(line, 'Host: a', ...lines);
		assert.equal(fault, null);
		return exchange.mayUpgrade;
	};
	const get = 'GET / HTTP/1.1';
	const connection = 'Connection: Upgrade';
	assert.equal(may(get, connection, 'Upgrade: websocket'), true);
	assert.equal(may(get, 'Connection: keep-alive, upgrade', 'upgrade: x/1.0', 'Content-Length: 0'), true);
	assert.equal(may(get, 'Upgrade: websocket'), false);
	assert.equal(may(get, connection), false);
	assert.equal(may(get, 'Connection: close', 'Upgrade: websocket'), false);
	assert.equal(may('GET / HTTP/1.0', connection, 'Upgrade: websocket'), false);
	assert.equal(may('POST / HTTP/1.1', connection, 'Upgrade: websocket'), false);
	assert.equal(may(get, connection, 'Upgrade: websocket', 'Content-Length: 1'), false);
	assert.equal(may(get, connection, 'Upgrade: websocket', 'Transfer-Encoding: chunked'), false);
	for (const protocol of [
		'h2c',
		'H2C',
		'h2',
		'websocket, h2c',
		'h2c,websocket',
		' h2c ,x',
		'x\th2c',
		'HTTP/2.0',
		'http/2',
		'h2c/1',
		'websocket, HTTP/2',
	]) {
		assert.equal(may(get, connection, `Upgrade: ${protocol}`), false, protocol);
	}
	assert.equal(may(get, connection, 'Upgrade: websocket', 'Upgrade: h2c'), false, 'in a second field');
	assert.equal(may(get, connection, 'Upgrade: h2c', 'Upgrade: websocket'), false, 'in a first field');
});

test('the body that is to come', () => {
	const kind = (read: boolean, ...lines: string[]) => {
		const { exchange } = check('POST / HTTP/1.1', 'Host: a', ...lines);
		startBody(exchange, read);
		return [exchange.body.kind, exchange.body.remaining, exchange.body.done];
	};
	assert.deepEqual(kind(true), [BodyKind.none, 0, true]);
	assert.deepEqual(kind(true, 'Content-Length: 0'), [BodyKind.none, 0, true]);
	assert.deepEqual(kind(true, 'Content-Length: 7'), [BodyKind.length, 7, false]);
	assert.deepEqual(kind(true, 'Transfer-Encoding: chunked'), [BodyKind.chunked, 0, false]);
	assert.deepEqual(kind(false, 'Content-Length: 7'), [BodyKind.none, 0, true]);
});

test('a target that is replaced stands behind the head, however long both are', () => {
	for (const length of [1, 100, 2040, 5000]) {
		const { exchange } = check('GET /a?b HTTP/1.1', 'Host: a.example', `X-Long: ${'x'.repeat(length)}`);
		for (const target of ['/c?d', `/${'e'.repeat(3000)}`]) {
			setTarget(exchange, Buffer.from(target));
			assert.equal(cut(exchange, exchange.targetStart, exchange.targetEnd), target);
			assert.equal(cut(exchange, exchange.pathStart, exchange.pathEnd), target.split('?')[0]);
			assert.equal(cut(exchange, exchange.hostStart, exchange.hostEnd), 'a.example');
			assert.equal(exchange.field('x-long')?.length, length);
		}
	}
});
