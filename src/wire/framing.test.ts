import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Field } from './field-names.ts';
import { ConnectionOption, Framing, listHas, parseLength } from './framing.ts';
import { Fields, parseFields, STRIDE } from './head.ts';

/** The framing that these field lines declare; null: they are refused. */
function read(...lines: string[]) {
	const buffer = Buffer.from(`${lines.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1');
	const fields = new Fields(1000);
	assert.equal(parseFields(buffer, 0, buffer.length, fields), buffer.length, 'these are valid field lines');
	const framing = new Framing();
	return framing.read(buffer, fields) ? { framing, fields, buffer } : null;
}

/** Names of the fields that Connection has named. */
function named(...lines: string[]): string[] {
	const found = read(...lines);
	assert.ok(found);
	const { fields, buffer } = found;
	return Array.from({ length: fields.count }, (_, i) => i * STRIDE)
		.filter((row) => fields.table[row + 4] === Field.named)
		.map((row) => buffer.toString('latin1', fields.table[row], fields.table[row + 1]));
}

describe('accepted framing', () => {
	const CASES: [string[], { length?: number; chunked?: true }][] = [
		[[], {}],
		[['Content-Length: 0'], { length: 0 }],
		[['content-length:5'], { length: 5 }],
		[['CONTENT-LENGTH: \t 5 \t'], { length: 5 }],
		[['Content-Length: 007'], { length: 7 }],
		[['Content-Length: 999999999999999'], { length: 999999999999999 }],
		[['Content-Length: 5', 'Content-Length: 5'], { length: 5 }],
		[['Content-Length: 5', 'Content-Length: 05'], { length: 5 }],
		[['Transfer-Encoding: chunked'], { chunked: true }],
		[['transfer-encoding:CHUNKED  '], { chunked: true }],
		[['Content_Length: 5'], {}],
		[['X-Content-Length: 5', 'Transfer-Encodings: x'], {}],
	];
	for (const [lines, { length = -1, chunked = false }] of CASES) {
		test(JSON.stringify(lines), () => {
			const found = read(...lines);
			assert.ok(found);
			assert.deepEqual([found.framing.contentLength, found.framing.chunked], [length, chunked]);
		});
	}
});

describe('refused framing (RFC 9112 §6)', () => {
	const CASES: [string, string[]][] = [
		['a length with a sign', ['Content-Length: +5']],
		['a negative length', ['Content-Length: -5']],
		['a list of lengths', ['Content-Length: 5, 5']],
		['a list of different lengths', ['Content-Length: 5, 6']],
		['an empty length', ['Content-Length:']],
		['a length of white space', ['Content-Length: \t ']],
		['a hexadecimal length', ['Content-Length: 0x5']],
		['a fraction', ['Content-Length: 5.0']],
		['an exponent', ['Content-Length: 5e1']],
		['digits and more', ['Content-Length: 5 6']],
		['digits and a letter', ['Content-Length: 5a']],
		['a separator', ['Content-Length: 1_000']],
		['a quoted length', ['Content-Length: "5"']],
		['digits beyond ASCII', ['Content-Length: \xb2']],
		['a length of 16 digits', ['Content-Length: 1000000000000000']],
		['a length beyond 64 bits', ['Content-Length: 18446744073709551621']],
		['lengths that differ', ['Content-Length: 5', 'Content-Length: 6']],
		['lengths that differ, other fields in between', ['Content-Length: 5', 'X: 1', 'content-length: 6']],
		['a good length behind a bad one', ['Content-Length: x', 'Content-Length: 5']],
		['a bad length behind a good one', ['Content-Length: 5', 'Content-Length: ']],
		['length and chunked', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
		['chunked and length', ['Transfer-Encoding: chunked', 'Content-Length: 5']],
		['length 0 and chunked', ['Content-Length: 0', 'Transfer-Encoding: chunked']],
		['chunked twice', ['Transfer-Encoding: chunked, chunked']],
		['chunked in two fields', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
		['chunked before another', ['Transfer-Encoding: chunked, gzip']],
		['chunked behind another', ['Transfer-Encoding: gzip, chunked']],
		['another in a field of its own', ['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked']],
		['identity', ['Transfer-Encoding: identity']],
		['identity and chunked', ['Transfer-Encoding: identity, chunked']],
		['an unknown coding', ['Transfer-Encoding: xchunked']],
		['a part of it', ['Transfer-Encoding: chunke']],
		['more than it', ['Transfer-Encoding: chunkedx']],
		['an empty coding', ['Transfer-Encoding:']],
		['a trailing comma', ['Transfer-Encoding: chunked,']],
		['a leading comma', ['Transfer-Encoding: ,chunked']],
		['a parameter', ['Transfer-Encoding: chunked;q=1']],
		['quotes', ['Transfer-Encoding: "chunked"']],
		['apostrophes', ["Transfer-Encoding: 'chunked'"]],
		['a letter beyond ASCII', ['Transfer-Encoding: \xe7hunked']],
		['a no-break space', ['Transfer-Encoding: chunked\xa0']],
		['a tab before it', ['Transfer-Encoding: \tchunked']],
		['a tab behind it', ['Transfer-Encoding: chunked \t']],
		['two values in one', ['Transfer-Encoding: chunked identity']],
		['two hosts', ['Host: a', 'Host: b']],
		['the same host twice', ['Host: a', 'Host: a']],
		['two expectations', ['Expect: 100-continue', 'Expect: 100-continue']],
		['65 connection options', [`Connection: ${Array.from({ length: 65 }, (_, i) => `o${i}`)}`]],
		['65 connection options over many fields', Array.from({ length: 65 }, () => 'Connection: a')],
	];
	for (const [why, lines] of CASES) test(why, () => assert.equal(read(...lines), null));
});

test('a Content-Length is digits alone', () => {
	for (let byte = 0; byte < 256; byte++) {
		const text = Buffer.from(`1${String.fromCharCode(byte)}2`, 'latin1');
		const digit = byte >= 48 && byte <= 57;
		assert.equal(parseLength(text, 0, 3), digit ? Number(text.toString('latin1')) : -1, `byte ${byte}`);
	}
	assert.equal(parseLength(Buffer.from('1234'), 1, 3), 23);
	assert.equal(parseLength(Buffer.from('1234'), 2, 2), -1);
});

describe('Connection (RFC 9110 §7.6.1)', () => {
	const { close, keepAlive, upgrade } = ConnectionOption;
	const CASES: [string[], number][] = [
		[[], 0],
		[['Connection: close'], close],
		[['connection: CLOSE'], close],
		[['Connection: keep-alive'], keepAlive],
		[['Connection: Keep-Alive, Upgrade'], keepAlive | upgrade],
		[['Connection: ,, close ,,\t, keep-alive ,'], close | keepAlive],
		[['Connection: upgrade', 'Connection: close'], upgrade | close],
		[['Connection:'], 0],
		[['Connection: closed, xclose, clos, keep_alive, upgrades'], 0],
		// Only whole elements of the list count.
		[['Connection: close;x'], 0],
		[['Connection: "close"'], 0],
		[['Connection: close keep-alive'], 0],
		[['Connection: x\xa0close'], 0],
		[['Proxy-Connection: close'], 0],
	];
	for (const [lines, expected] of CASES) {
		test(JSON.stringify(lines), () => assert.equal(read(...lines)?.framing.connection, expected));
	}

	test('marks the fields that it names, before and behind it, in any letter case and as often as they come', () => {
		assert.deepEqual(named('X-A: 1', 'Connection: x-a, X-B', 'x-b: 2', 'X-C: 3', 'X-A: 4', 'x_d: 5'), [
			'X-A',
			'x-b',
			'X-A',
		]);
		assert.deepEqual(named('Connection: x_d,Cookie, a~b', 'x_d: 5', 'Cookie: a=b', 'A~B: 1', 'a^b: 2'), [
			'x_d',
			'Cookie',
			'A~B',
		]);
		assert.deepEqual(named('Connection: a~b', 'a^b: 2', 'A\x7eb: 1'.replace('\x7e', '~')), ['A~b']);
		assert.deepEqual(named('Connection: x-a;q=1, "x-b", x-c x-d', 'X-A: 1', 'X-B: 1', 'X-C: 1', 'X-D: 1'), []);
	});

	test('names neither Host nor the framing away', () => {
		const found = read(
			'Connection: host, content-length, transfer-encoding, te, connection, upgrade',
			'Host: a',
			'Content-Length: 5',
			'TE: trailers',
		);
		assert.ok(found);
		assert.deepEqual([found.framing.contentLength, found.framing.hostAt, found.framing.hasTe], [5, 1, true]);
		assert.deepEqual(named('Connection: host, content-length', 'Host: a', 'Content-Length: 5'), []);
	});

	test('the dearest head that the limits allow costs little', () => {
		const options = `Connection: ${Array.from({ length: 64 }, () => 'a').join(',')}`;
		const lines = Array.from({ length: 99 }, () => 'a: b');
		const worst = [...lines, options];
		read(...worst);
		const since = performance.now();
		for (let i = 0; i < 20; i++) assert.ok(read(...worst));
		const each = (performance.now() - since) / 20;
		assert.ok(each < 5, `${each} ms`);
		const many = read(...Array.from({ length: 64 }, () => 'Connection: a'), ...lines);
		assert.equal(many?.fields.table[64 * STRIDE + 4], Field.named);
	});
});

test('what else a head says is noted, and forgotten with the next', () => {
	const framing = new Framing();
	const fields = new Fields(100);
	const first = Buffer.from(
		'Host: a\r\nTE: trailers\r\nUpgrade: x\r\nExpect: 100-continue\r\nDate: x\r\nx_y: 1\r\nConnection: close\r\nContent-Length: 3\r\n\r\n',
	);
	parseFields(first, 0, first.length, fields);
	assert.ok(framing.read(first, fields));
	assert.deepEqual(
		{ ...framing },
		{
			contentLength: 3,
			chunked: false,
			connection: 1,
			hasTe: true,
			upgradeAt: 2,
			hostAt: 0,
			expectAt: 3,
			traceparentAt: -1,
			userAgentAt: -1,
			foreign: false,
			hasDate: true,
			underscores: 1,
		},
	);
	const second = Buffer.from('Transfer-Encoding: chunked\r\n\r\n');
	parseFields(second, 0, second.length, fields);
	assert.ok(framing.read(second, fields));
	assert.deepEqual(
		{ ...framing },
		{
			contentLength: -1,
			chunked: true,
			connection: 0,
			hasTe: false,
			upgradeAt: -1,
			hostAt: -1,
			expectAt: -1,
			traceparentAt: -1,
			userAgentAt: -1,
			foreign: false,
			hasDate: false,
			underscores: 0,
		},
	);
	// One that was refused leaves nothing for the next either.
	const bad = Buffer.from('Content-Length: 7\r\nTransfer-Encoding: x\r\n\r\n');
	parseFields(bad, 0, bad.length, fields);
	assert.equal(framing.read(bad, fields), false);
	parseFields(second, 0, second.length, fields);
	assert.ok(framing.read(second, fields));
});

describe('a transfer coding of an answer that is not chunked (RFC 9112 §6.3 rule 4)', () => {
	const framing = new Framing('answers');
	const takes = (...lines: string[]): boolean => {
		const fields = new Fields(10);
		const bytes = Buffer.from(`${lines.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1');
		parseFields(bytes, 0, bytes.length, fields);
		return framing.read(bytes, fields);
	};

	test('one that nobody knows ends with the connection', () => {
		assert.ok(takes('Transfer-Encoding: foo'));
		assert.deepEqual([framing.foreign, framing.chunked, framing.contentLength], [true, false, -1]);
		assert.ok(takes('Transfer-Encoding: chunked'));
		assert.deepEqual([framing.foreign, framing.chunked], [false, true]);
	});

	test('what others may take for chunked, a length beside it, and registered ones are refused', () => {
		for (const coding of [
			'xchunked',
			'chunked;q=1',
			'chunked, foo',
			'foo, chunked',
			'foo bar',
			'"foo"',
			'gzip',
			'X-GZip',
		])
			assert.ok(!takes(`Transfer-Encoding: ${coding}`), coding);
		for (const coding of ['identity', 'deflate', 'compress', '', 'foo\xa0'])
			assert.ok(!takes(`Transfer-Encoding: ${coding}`), coding);
		assert.ok(!takes('Transfer-Encoding: foo', 'Content-Length: 3'));
		assert.ok(!takes('Content-Length: 3', 'Transfer-Encoding: foo'));
		assert.ok(!takes('Transfer-Encoding: foo', 'Transfer-Encoding: chunked'));
		assert.ok(!takes('Transfer-Encoding: foo', 'Transfer-Encoding: foo'));
	});
});

test('a list holds a token only as a whole element', () => {
	const has = (list: string, token: string) => listHas(Buffer.from(`x${list}x`, 'latin1'), 1, 1 + list.length, token);
	for (const list of ['trailers', 'TRAILERS', ' trailers\t', 'a,trailers', 'a , trailers , b', ',,trailers'])
		assert.ok(has(list, 'trailers'), list);
	for (const list of ['', 'trailer', 'trailersx', 'xtrailers', 'trailers;q=1', 'a trailers', '"trailers"', ',', ' '])
		assert.ok(!has(list, 'trailers'), list);
});

test('where the trace context and the user agent stand; several contexts are none', () => {
	assert.equal(read('Host: a', 'Traceparent: x', 'User-Agent: y')?.framing.traceparentAt, 1);
	assert.equal(read('Host: a', 'Traceparent: x', 'User-Agent: y')?.framing.userAgentAt, 2);
	assert.equal(read('traceparent: x', 'Host: a', 'traceparent: x')?.framing.traceparentAt, -2);
	assert.equal(read('traceparent: x', 'traceparent: x', 'traceparent: x')?.framing.traceparentAt, -2);
});
