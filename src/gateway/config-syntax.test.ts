import assert from 'node:assert/strict';
import test from 'node:test';
import {
	complainOfFieldName,
	complainOfFieldValue,
	complainOfFixedHost,
	complainOfHost,
	complainOfMatch,
	complainOfMethod,
	complainOfPath,
	complainOfRedirect,
	complainOfServerName,
	complainOfStrip,
	listenAddress,
	parseListen,
	parseTrust,
	splitMatch,
} from './config-syntax.ts';

type Complain = (value: string) => string | undefined;

/** The good are taken, and something is said of each of the bad. */
function check(complain: Complain, good: string[], bad: string[]): void {
	for (const value of good) assert.equal(complain(value), undefined, value);
	for (const value of bad) assert.match(complain(value) ?? 'taken', /^expected /, value);
}

test('hosts', () => {
	check(
		complainOfHost,
		[
			'a',
			'api.example.com',
			'API.Example',
			'*.example',
			'*',
			'*:8080',
			'a:1',
			'a_b.c',
			'10.0.0.1',
			'[::1]',
			'[::1]:443',
			'xn--bcher-kva.example',
		],
		[
			'',
			'http://a',
			'a/b',
			'a:0',
			'a:65536',
			'a:b',
			'a..b',
			'.a',
			'a.',
			'-a',
			'a-',
			'a.*.b',
			'*a.b',
			'**',
			'a b',
			'bücher.example',
			'999.1.1.1',
			'1.2.3',
			'[1.2.3.4]',
			'::1',
			`${'a'.repeat(64)}.b`,
			'a\0',
			`${'a.'.repeat(130)}b`,
		],
	);
	check(complainOfFixedHost, ['api.internal', 'api.internal:8080'], ['*.internal', '']);
	check(complainOfServerName, ['api.internal', 'localhost'], ['10.0.0.1', '::1', '*.internal', 'a:1', '', 'a b']);
});

test('paths', () => {
	check(
		complainOfPath,
		[
			'/',
			'/*',
			'/v1',
			'/v1/',
			'/v1/*',
			'/users/:id',
			'/users/:id/*',
			'/a/:b/c/:d',
			'/a%20b',
			'/models/x:predict',
			"/!$&'()+,;=@~",
		],
		[
			'',
			'v1',
			'*',
			'/a*',
			'/*/b',
			'/a/**',
			'//',
			'/a//b',
			'/.',
			'/a/../b',
			'/a/%2e%2E/b',
			'/a?b',
			'/a#b',
			'/a b',
			'/ä',
			'/a%2',
			'/a%zz',
			'/:',
			'/:1a',
			'/:a-b',
			'/:a/:a',
			'/a\\b',
			'/a|b',
			'/<a>',
			'/a\0',
		],
	);
	check(complainOfStrip, ['/api', '/api/v1', '/a%20b'], ['', '/', '/api/', 'api', '/a/*', '/:a', '/a//b', '/../a']);
	assert.match(complainOfPath('/v1*') ?? '', /write `\/v1\/\*`$/);
	assert.match(complainOfPath('/ä') ?? '', /write `\/%C3%A4`$/);
	assert.match(complainOfStrip('/api//') ?? '', /write `\/api`$/);
});

test('methods', () => {
	check(
		complainOfMethod,
		['GET', 'PATCH', 'TRACE', 'PROPFIND', 'M-SEARCH'],
		['', 'get', 'Get', 'CONNECT', 'GET ', 'GE T', 'GTE', 'X'.repeat(33), 'purge'],
	);
});

test('matches', () => {
	check(
		complainOfMatch,
		[
			'/v1',
			'a.example',
			'*.example/v1/*',
			'GET /v1',
			'GET,HEAD a.example/v1',
			'localhost/x',
			'h:8080',
			'*',
			'*/x',
			'[::1]/x',
		],
		['', ' ', 'GET', 'get', 'v1', 'v1/*', 'FOO BAR BAZ', 'get /v1', 'GET v1', 'a.example/../x'],
	);
	assert.deepEqual(splitMatch('GET,PUT a.example:80/v1/*'), {
		methods: ['GET', 'PUT'],
		host: 'a.example:80',
		path: '/v1/*',
	});
	assert.deepEqual(splitMatch('/x'), { methods: null, host: null, path: '/x' });
	assert.deepEqual(splitMatch('a.example'), { methods: null, host: 'a.example', path: null });
});

test('header fields', () => {
	check(
		complainOfFieldName,
		['X-A', 'authorization', 'Via', "!#$%&'*+-.^_`|~"],
		[
			'',
			'a b',
			'a:',
			'ä',
			'a\r\n',
			'Content-Length',
			'TRANSFER-ENCODING',
			'connection',
			'keep-alive',
			'te',
			'trailer',
			'upgrade',
			'proxy-connection',
			'http2-settings',
			'expect',
		],
	);
	check(
		complainOfFieldValue,
		['', 'a', 'a b', 'a\tb', '"x"; y'],
		['a\r\nb', 'a\nb', '\0', ' a', 'a ', 'ä', '\x7f', '\x01'],
	);
});

test('listeners', () => {
	assert.deepEqual(parseListen('0.0.0.0:80'), { host: '0.0.0.0', port: 80 });
	assert.deepEqual(parseListen('[::]:0'), { host: '::', port: 0 });
	assert.deepEqual(parseListen('localhost:80'), { host: '127.0.0.1', port: 80 });
	for (const value of [
		'',
		'80',
		':80',
		'*:80',
		'a.example:80',
		'1.2.3.4',
		'1.2.3.4:65536',
		'1.2.3.4:x',
		'fe80::1%eth0:80',
	]) {
		assert.match(String(parseListen(value)), /^expected /, value);
	}
	assert.deepEqual(
		[listenAddress('::1'), listenAddress('FD00::1'), listenAddress('a'), listenAddress('')],
		['::1', 'fd00::1', undefined, undefined],
	);
});

test('address ranges', () => {
	assert.deepEqual(parseTrust('10.0.0.0/8'), ['10.0.0.0/8']);
	assert.deepEqual(parseTrust('10.0.0.7'), ['10.0.0.7/32']);
	assert.deepEqual(parseTrust('FD00::/8'), ['fd00::/8']);
	assert.deepEqual(parseTrust('::1'), ['::1/128']);
	assert.ok(parseTrust('private').includes('192.168.0.0/16'));
	for (const value of [
		'',
		'10.0.0.0/33',
		'::/129',
		'10.0.0.0/8/8',
		'10.0/8',
		'a',
		'10.0.0.0/-1',
		'10.0.0.0/',
		'fe80::1%eth0',
	]) {
		assert.match(String(parseTrust(value)), /^expected /, value);
	}
});

test('redirects', () => {
	check(
		complainOfRedirect,
		[
			'/x',
			'/x?y=1#z',
			'https://a.example',
			'http://a:8080/x',
			'https://$host$path$query',
			'https://a.example$path',
			'$path/',
			'/new$query',
		],
		[
			'',
			'x',
			'//evil.example',
			'ftp://a',
			'https://',
			'https://u:p@a',
			'javascript:alert(1)',
			'/x y',
			'/ä',
			'/x\r\nSet-Cookie: a',
			'https://a{uri}',
			'https://a$request_uri',
			'$query',
		],
	);
});
