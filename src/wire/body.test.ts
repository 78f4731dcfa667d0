import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BODY_BAD, BodyKind, BodyScan } from './body.ts';
import { Random } from './testing/random.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

interface Read {
	payload: string;
	/** Bytes that belong to the body. */
	taken: number;
	done: boolean;
	trailers: string | null;
}

/** Feeds the text in pieces that end at these places; 'bad' when it is refused. */
function feed(scan: BodyScan, text: string, ends: number[] = []): Read | 'bad' {
	let payload = '';
	let taken = 0;
	let from = 0;
	for (const end of [...ends, text.length]) {
		// Each piece is a read of its own, with other bytes around it.
		const piece = bytes(`##${text.slice(from, end)}##`);
		const size = end - from;
		const after = scan.scan(piece, 2, 2 + size);
		if (after === BODY_BAD) return 'bad';
		for (let i = 0; i < scan.rangeCount; i++)
			payload += piece.toString('latin1', scan.ranges[2 * i], scan.ranges[2 * i + 1]);
		taken += after - 2;
		from = end;
		// What follows belongs to the next message and is not offered again.
		if (scan.done) break;
		assert.equal(after, 2 + size, 'an unfinished body takes all that there is');
	}
	assert.equal(scan.received, payload.length);
	return { payload, taken, done: scan.done, trailers: scan.trailers?.toString('latin1') ?? null };
}

function chunked(text: string, ends: number[] = []): Read | 'bad' {
	const scan = new BodyScan();
	scan.start(BodyKind.chunked, 0);
	return feed(scan, text, ends);
}

/** Whole, cut once at every place, and byte by byte. */
function* everyCut(length: number): Generator<number[]> {
	yield [];
	for (let at = 1; at < length; at++) yield [at];
	yield Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
}

describe('bodies without chunks', () => {
	test('none: done at once, takes nothing', () => {
		const scan = new BodyScan();
		scan.start(BodyKind.none, 0);
		assert.deepEqual(feed(scan, 'GET / HTTP/1.1'), { payload: '', taken: 0, done: true, trailers: null });
		scan.start(BodyKind.length, 0);
		assert.deepEqual(feed(scan, 'GET / HTTP/1.1'), { payload: '', taken: 0, done: true, trailers: null });
	});

	test('by length: takes that many bytes and not one more, however they come', () => {
		const text = 'hello\r\n\x00worldGET / HTTP/1.1';
		for (const ends of everyCut(text.length)) {
			const scan = new BodyScan();
			scan.start(BodyKind.length, 13);
			assert.deepEqual(feed(scan, text, ends), {
				payload: 'hello\r\n\x00world',
				taken: 13,
				done: true,
				trailers: null,
			});
		}
		const scan = new BodyScan();
		scan.start(BodyKind.length, 100);
		assert.deepEqual(feed(scan, 'hello'), { payload: 'hello', taken: 5, done: false, trailers: null });
		assert.equal(scan.remaining, 95);
	});

	test('a length beyond 32 bits', () => {
		const scan = new BodyScan();
		scan.start(BodyKind.length, 999_999_999_999_999);
		feed(scan, 'x'.repeat(1000));
		assert.equal(scan.remaining, 999_999_999_998_999);
	});

	test('until close: takes all, and is never done by itself', () => {
		const text = 'HTTP/1.1 200 OK\r\n\r\n0\r\n\r\n';
		for (const ends of everyCut(text.length)) {
			const scan = new BodyScan();
			scan.start(BodyKind.untilClose, -1);
			assert.deepEqual(feed(scan, text, ends), { payload: text, taken: text.length, done: false, trailers: null });
		}
	});
});

describe('accepted chunks (RFC 9112 §7.1)', () => {
	const CASES: [string, string, string | null][] = [
		['0\r\n\r\n', '', null],
		['5\r\nhello\r\n0\r\n\r\n', 'hello', null],
		['5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n', 'hello, world', null],
		['A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', '01234567890123456789', null],
		['005\r\nhello\r\n000\r\n\r\n', 'hello', null],
		['000000000005\r\nhello\r\n000000000000\r\n\r\n', 'hello', null],
		['4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n', null],
		['5;a\r\nhello\r\n0;b=c\r\n\r\n', 'hello', null],
		['5;a=b;c="d;\\"e"\r\nhello\r\n0\r\n\r\n', 'hello', null],
		['5 ;a\r\nhello\r\n0\t \t; a = b\t;c\r\n\r\n', 'hello', null],
		[`5;${'x'.repeat(256)}\r\nhello\r\n0;${'x'.repeat(256)}\r\n\r\n`, 'hello', null],
		['0\r\nX: 1\r\n\r\n', '', 'X: 1\r\n\r\n'],
		['2\r\nab\r\n0\r\nX: 1\r\nY:2 \t\r\nX: \r\n\r\n', 'ab', 'X: 1\r\nY: 2\r\nX: \r\n\r\n'],
	];
	for (const [text, payload, trailers] of CASES) {
		test(JSON.stringify(text).slice(0, 80), () => {
			for (const ends of everyCut(text.length)) {
				assert.deepEqual(chunked(text, ends), { payload, taken: text.length, done: true, trailers }, `cut at ${ends}`);
				assert.deepEqual(chunked(`${text}0\r\n`, ends), { payload, taken: text.length, done: true, trailers });
			}
			for (let end = 0; end < text.length; end++) {
				const part = chunked(text.slice(0, end));
				assert.ok(part !== 'bad' && !part.done, `${end} bytes`);
			}
		});
	}
});

describe('refused chunks', () => {
	const CASES: [string, string][] = [
		['no size', '\r\nhello'],
		['no size but an extension', ';a\r\n'],
		['white space before a size', ' 5\r\nhello\r\n'],
		['white space behind a size', '5 \r\nhello\r\n'],
		['two sizes', '5 5\r\nhello\r\n'],
		['white space in a size', '1 0\r\n'],
		['a tab behind a size', '5\t\r\nhello\r\n'],
		['a sign', '+5\r\nhello\r\n'],
		['a negative size', '-5\r\nhello\r\n'],
		['a prefix', '0x5\r\nhello\r\n'],
		['an underscore', '1_0\r\n'],
		['a letter that is no digit', '5g\r\nhello\r\n'],
		['a comma', '5,\r\nhello\r\n'],
		['a point', '5.0\r\nhello\r\n'],
		['quotes', '"5"\r\nhello\r\n'],
		['a digit beyond ASCII', '\xb2\r\n'],
		['NUL before a size', '\x005\r\n'],
		['NUL behind a size', '5\x00\r\n'],
		['13 digits', '0000000000005\r\nhello\r\n'],
		['a size beyond 64 bits', '10000000000000005\r\nhello\r\n'],
		['a bare LF behind a size', '5\nhello\r\n'],
		['a bare LF behind the last size', '0\n\r\n'],
		['a bare CR behind a size', '5\rhello\r\n'],
		['CR CR LF', '5\r\r\nhello\r\n'],
		['LF CR', '5\n\rhello'],
		['an extension without a name', '5;\r\nhello\r\n'],
		['an extension of white space', '5; \r\nhello\r\n'],
		['two semicolons', '5;;a\r\nhello\r\n'],
		['a semicolon at the end', '5;a;\r\nhello\r\n'],
		['an extension without a value', '5;a=\r\nhello\r\n'],
		['an extension with two values', '5;a=b=c\r\nhello\r\n'],
		['an extension that is a value', '5;=b\r\nhello\r\n'],
		['two words as an extension', '5;a b\r\nhello\r\n'],
		['two words as a value', '5;a=b c\r\nhello\r\n'],
		['something behind quotes', '5;a="b"c\r\nhello\r\n'],
		['quotes behind something', '5;a=b"c"\r\nhello\r\n'],
		['white space behind an extension', '5;a=b \r\nhello\r\n'],
		['white space behind quotes', '5;a="b"\t\r\nhello\r\n'],
		['a quoted name', '5;"a"\r\nhello\r\n'],
		['an extension beyond ASCII', '5;\xe4\r\nhello\r\n'],
		['a comma in an extension', '5;a,b\r\nhello\r\n'],
		['a bare LF in an extension', '5;a\nhello\r\n'],
		['a bare LF in a quoted extension', '5;a="\n"\r\nhello\r\n'],
		['CRLF in a quoted extension', '5;a="\r\n0\r\n\r\n'],
		['CRLF behind a backslash in quotes', '5;a="\\\r\n0\r\n\r\n'],
		['CRLF behind an escaped quote', '5;a="b\\"\r\n0\r\n\r\n'],
		['a bare CR in an extension', '5;a\rb\r\nhello\r\n'],
		['NUL in an extension', '5;a\x00\r\nhello\r\n'],
		['a control in an extension', '5;a\x1b\r\nhello\r\n'],
		['an extension of 257 bytes', `5;${'x'.repeat(257)}\r\nhello\r\n`],
		['257 bytes of white space', `5${' '.repeat(258)};a\r\nhello\r\n`],
		['a chunk that is longer than it says', '5\r\nhello!\r\n0\r\n\r\n'],
		['a chunk that is shorter than it says', '6\r\nhello\r\n0\r\n\r\n'],
		['a bare LF behind a chunk', '5\r\nhello\n0\r\n\r\n'],
		['a bare CR behind a chunk', '5\r\nhello\r0\r\n\r\n'],
		['LF CR behind a chunk', '5\r\nhello\n\r0\r\n\r\n'],
		['nothing behind a chunk', '5\r\nhello0\r\n\r\n'],
		['an empty line behind a chunk', '5\r\nhello\r\n\r\n0\r\n\r\n'],
		['a bare LF as the end', '0\r\n\n'],
		['CR CR LF as the end', '0\r\n\r\r\n'],
		['a trailer without a colon', '0\r\nX\r\n\r\n'],
		['white space before a trailer’s colon', '0\r\nX : 1\r\n\r\n'],
		['a folded trailer', '0\r\nX: 1\r\n 2\r\n\r\n'],
		['a bare LF behind a trailer', '0\r\nX: 1\n\r\n'],
		['NUL in a trailer', '0\r\nX: \x00\r\n\r\n'],
		['the next request as a trailer', '0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'],
		['65 trailers', `0\r\n${'a: b\r\n'.repeat(65)}\r\n`],
		['9 KiB of trailers', `0\r\n${`a: ${'b'.repeat(300)}\r\n`.repeat(30)}\r\n`],
		['an endless trailer', `0\r\na: ${'b'.repeat(9000)}`],
	];
	for (const [why, text] of CASES) {
		test(why, () => {
			assert.equal(chunked(text), 'bad');
			// The largest ones only in steps: what differs in them is far apart.
			const step = text.length > 1000 ? 97 : 1;
			for (let at = 1; at < text.length; at += step) assert.equal(chunked(text, [at]), 'bad', `cut at ${at}`);
			assert.equal(
				chunked(
					text,
					Array.from({ length: text.length - 1 }, (_, i) => i + 1),
				),
				'bad',
			);
			// No beginning of it is a whole body.
			for (let end = 0; end < text.length; end += step) {
				const part = chunked(text.slice(0, end));
				assert.ok(part === 'bad' || !part.done, `${end} bytes`);
			}
		});
	}

	test('of all bytes only hexadecimal digits are a size, only those of its grammar an extension', () => {
		for (let byte = 0; byte < 256; byte++) {
			const character = String.fromCharCode(byte);
			assert.equal(
				chunked(`1${character}`) === 'bad',
				!/[0-9a-f\r; \t]/i.test(character),
				`byte ${byte} behind a digit`,
			);
			assert.equal(chunked(character) === 'bad', !/[0-9a-f]/i.test(character), `byte ${byte} as the first`);
			const inName = /[!#$%&'*+\-.^_`|~\w; \t=]/.test(character);
			assert.equal(chunked(`1;a${character}`) === 'bad', !inName && character !== '\r', `byte ${byte} in an extension`);
			const inQuotes = byte === 9 || (byte >= 32 && byte !== 127);
			assert.equal(chunked(`1;a="${character}`) === 'bad', !inQuotes, `byte ${byte} in quotes`);
			assert.equal(chunked(`1;a="\\${character}`) === 'bad', !inQuotes, `byte ${byte} behind a backslash`);
		}
	});
});

test('trailers that frame, route or speak of a connection are left out (RFC 9110 §6.5.1)', () => {
	const kept = 'Grpc-Status: 0\r\nDigest: x\r\n';
	const dropped =
		'Content-Length: 5\r\ntransfer-encoding: chunked\r\nHost: evil\r\nConnection: close\r\nTE: x\r\nTrailer: y\r\n' +
		'Upgrade: z\r\nExpect: 100-continue\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1\r\nProxy-Authorization: x\r\nCookie: a\r\nVia: b\r\nx_y: 1\r\n';
	const found = chunked(`0\r\n${dropped}${kept}${dropped}\r\n`);
	assert.deepEqual(found, {
		payload: '',
		taken: 5 + kept.length + 2 * dropped.length,
		done: true,
		trailers: `${kept}\r\n`,
	});
	assert.equal((chunked('0\r\nHost: a\r\n\r\n') as Read).trailers, '\r\n');
});

test('one object follows many bodies', () => {
	const scan = new BodyScan();
	for (let i = 0; i < 3; i++) {
		scan.start(BodyKind.chunked, 0);
		assert.deepEqual(feed(scan, '3;x\r\nabc\r\n0\r\nX: 1\r\n\r\n', [1, 5, 14]), {
			payload: 'abc',
			taken: 21,
			done: true,
			trailers: 'X: 1\r\n\r\n',
		});
		scan.start(BodyKind.chunked, 0);
		assert.equal(feed(scan, '0\r\nX: 1\r\n '), 'bad');
		scan.start(BodyKind.chunked, 0);
		assert.deepEqual(feed(scan, '3\r\nab'), { payload: 'ab', taken: 5, done: false, trailers: null });
		scan.start(BodyKind.chunked, 0);
		assert.deepEqual(feed(scan, '1\r\nc\r\n0\r\n\r\n'), { payload: 'c', taken: 11, done: true, trailers: null });
		scan.start(BodyKind.length, 2);
		assert.deepEqual((feed(scan, 'xyz') as Read).payload, 'xy');
	}
});

test('extensions may not outweigh the payload without end', () => {
	const chunk = (payload: string) => `${payload.length.toString(16)};${'x'.repeat(200)}\r\n${payload}\r\n`;
	assert.equal(chunked(chunk('a').repeat(100)), 'bad');
	assert.notEqual(chunked(chunk('a'.repeat(200)).repeat(1000)), 'bad');
});

test('a read of very many small chunks', () => {
	const count = 20_000;
	const text = `${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`;
	const scan = new BodyScan();
	scan.start(BodyKind.chunked, 0);
	const found = feed(scan, text) as Read;
	assert.deepEqual([found.payload.length, found.done, scan.rangeCount], [count, true, count]);
	scan.start(BodyKind.length, 3);
	assert.ok(scan.ranges.length < 100, 'its room is not kept for ever');
	assert.equal((feed(scan, 'abc') as Read).payload, 'abc');
});

test('random bodies in random chunks and random reads', () => {
	const random = new Random(7);
	for (let round = 0; round < 500; round++) {
		let text = '';
		let payload = '';
		for (let chunk = random.int(6); chunk > 0; chunk--) {
			const data = Array.from({ length: 1 + random.int(random.chance(0.1) ? 5000 : 20) }, () =>
				String.fromCharCode(random.int(256)),
			).join('');
			const size = data.length.toString(16).padStart(random.int(6), '0');
			text += `${random.chance(0.5) ? size : size.toUpperCase()}${random.chance(0.2) ? ';ext="x"' : ''}\r\n${data}\r\n`;
			payload += data;
		}
		const trailers = random.chance(0.3) ? 'T: v\r\n' : '';
		text += `0\r\n${trailers}\r\n`;
		const ends = Array.from({ length: random.int(8) }, () => random.int(text.length)).sort((a, b) => a - b);
		assert.deepEqual(chunked(text, ends), {
			payload,
			taken: text.length,
			done: true,
			trailers: (trailers && `${trailers}\r\n`) || null,
		});
	}
});
