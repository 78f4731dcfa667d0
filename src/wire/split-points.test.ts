import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from './testing/random.ts';
import { type ReadStream, StreamReader } from './testing/stream-reader.ts';

/** What a case must come to: payloads of its messages (`…` behind one that goes on), then how it ends. */
type Case = [name: string, text: string, expected: string[], end?: ReadStream['end']];

const HEAD = 'GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nUser-Agent: x y/1.0 (z)\r\nAccept: */*\r\n';
const POST = 'POST /p HTTP/1.1\r\nHost: a\r\n';
const OK = 'HTTP/1.1 200 OK\r\nServer: s\r\n';

const REQUESTS: Case[] = [
	['one without a body', `${HEAD}\r\n`, ['']],
	['three pipelined', `${HEAD}\r\n${HEAD}\r\n${HEAD}\r\n`, ['', '', '']],
	['empty lines before and between', `\r\n\r\n${HEAD}\r\n\r\n${HEAD}\r\n`, ['', '']],
	['an empty line at the end', `${HEAD}\r\n\r\n`, ['']],
	['the shortest', 'G / HTTP/1.1\r\n\r\n', ['']],
	['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', ['']],
	['absolute form', 'GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n', ['']],
	['asterisk', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', ['']],
	['white space around values', 'GET / HTTP/1.1\r\nHost:\t a \t\r\nA:\r\nB: \r\nC:d\r\n\r\n', ['']],
	['thirty fields', `GET / HTTP/1.1\r\n${Array.from({ length: 30 }, (_, i) => `F${i}: ${i}\r\n`).join('')}\r\n`, ['']],
	['a length', `${POST}Content-Length: 5\r\n\r\nhello`, ['hello']],
	['a length of 0', `${POST}Content-Length: 0\r\n\r\n`, ['']],
	[
		'a body that looks like a request',
		`${POST}Content-Length: 22\r\n\r\nGET /x HTTP/1.1\r\n\r\n\r\n${HEAD}\r\n`.replace('22', '21'),
		['GET /x HTTP/1.1\r\n\r\n\r\n', ''],
	],
	['a length that is not reached', `${POST}Content-Length: 50\r\n\r\nhello`, ['hello…']],
	['chunks', `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n`, ['hello!']],
	[
		'chunks with extensions',
		`${POST}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n2 ;c="d\\"e"\r\n\r\n\r\n0;x\r\n\r\n`,
		['hello\r\n'],
	],
	[
		'chunks and trailers',
		`${POST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nDigest: x\r\nExpires: y\r\n\r\n`,
		['hello'],
	],
	[
		'chunks and a dropped trailer',
		`${POST}Transfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n${HEAD}\r\n`,
		['', ''],
	],
	['no chunks', `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, ['']],
	['chunks that go on', `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe`, ['hellohe…']],
	[
		'all framings pipelined',
		`${POST}Content-Length: 2\r\n\r\nab${POST}Transfer-Encoding: chunked\r\n\r\n3\r\ncde\r\n0\r\n\r\n${HEAD}\r\n${POST}Content-Length: 1\r\n\r\nf`,
		['ab', 'cde', '', 'f'],
	],
	[
		'an upgrade and what follows it',
		`${HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello`,
		[''],
		'bad',
	],
	[
		'bytes of every value',
		`${POST}Content-Length: 256\r\n\r\n${Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')}`,
		[Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')],
	],
	['good, then white space before a colon', `${HEAD}\r\nGET / HTTP/1.1\r\nHost : a\r\n\r\n`, [''], 'bad'],
	['good, then obs-fold', `${HEAD}\r\nGET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n`, [''], 'bad'],
	['good, then a bare LF', `${HEAD}\r\nGET / HTTP/1.1\nHost: a\n\n`, [''], 'bad'],
	[
		'good, then both framings',
		`${HEAD}\r\n${POST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
		[''],
		'framing',
	],
	[
		'good, then HTTP/1.0 with chunks',
		`${HEAD}\r\nPOST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
		[''],
		'framing',
	],
	['a bad second chunk', `${POST}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nx\r\n`, ['…'], 'body'],
	['a chunk without its end', `${POST}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`, ['…'], 'body'],
	['a bad trailer', `${POST}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA B: c\r\n\r\n`, ['…'], 'body'],
	['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [], 'version'],
	['TLS', '\x16\x03\x01\x00\xa5\x01\x00\x00', [], 'bad'],
];

const RESPONSES: Case[] = [
	['a length', `${OK}Content-Length: 5\r\n\r\nhello`, ['hello']],
	['no reason', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 \r\n\r\n', ['ok', '']],
	[
		'chunks',
		`${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
		['hello', ''],
	],
	[
		'chunks and trailers',
		`${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nServer-Timing: a;dur=1\r\n\r\n`,
		['hello'],
	],
	['until close', `${OK}\r\nhello\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`, ['hello\r\n\r\nHTTP/1.1 200 OK\r\n\r\n…']],
	[
		'304 with a length',
		`HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n${OK}Content-Length: 1\r\n\r\nx`,
		['', 'x'],
	],
	[
		'100, 103, then 200',
		`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}Content-Length: 1\r\n\r\nx`,
		['', '', 'x'],
	],
	['101', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', ['']],
	['both framings', `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, [], 'framing'],
	['a bad status line', 'HTTP/1.1 2x0 OK\r\n\r\n', [], 'bad'],
	['a bad chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n-1\r\n`, ['…'], 'body'],
];

function readIn(pieces: Iterable<Buffer>, methods: string[] | null): ReadStream {
	const reader = new StreamReader(methods);
	for (const piece of pieces) reader.feed(piece);
	return reader.result;
}

function* cut(bytes: Buffer, ends: number[]): Generator<Buffer> {
	let from = 0;
	for (const end of [...ends, bytes.length]) {
		// Memory of its own, gone with the read: what is kept must have been copied.
		const piece = Buffer.from(bytes.subarray(from, end));
		yield piece;
		piece.fill(0x21);
		from = end;
	}
}

function check([, text, expected, end = 'open']: Case, methods: string[] | null): void {
	const bytes = Buffer.from(text, 'latin1');
	const whole = readIn(cut(bytes, []), methods);
	assert.deepEqual(
		whole.messages.map(({ payload, whole }) => payload + (whole ? '' : '…')),
		expected,
	);
	assert.equal(whole.end, end);
	for (let at = 1; at < bytes.length; at++) assert.deepEqual(readIn(cut(bytes, [at]), methods), whole, `cut at ${at}`);
	const all = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1);
	assert.deepEqual(readIn(cut(bytes, all), methods), whole, 'byte by byte');
	const random = new Random(bytes.length);
	for (let round = 0; round < 50; round++) {
		const ends = all.filter(() => random.chance(0.1));
		assert.deepEqual(readIn(cut(bytes, ends), methods), whole, `cut at ${ends}`);
	}
}

describe('requests read the same wherever their bytes are cut', () => {
	for (const one of REQUESTS) test(one[0], () => check(one, null));
});

describe('responses read the same wherever their bytes are cut', () => {
	for (const one of RESPONSES) test(one[0], () => check(one, []));
	test('to HEAD', () =>
		check(
			[
				'',
				`${OK}Content-Length: 5\r\n\r\n${OK}Transfer-Encoding: chunked\r\n\r\n${OK}\r\n${OK}Content-Length: 1\r\n\r\nx`,
				['', '', '', 'x'],
			],
			['HEAD', 'HEAD', 'HEAD'],
		));
});
