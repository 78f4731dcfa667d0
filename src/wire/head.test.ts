import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Field } from './field-names.ts';
import { Fields, HeadFault, parseFields, STRIDE } from './head.ts';

const { bad, incomplete, tooLarge } = HeadFault;

const bytes = (text: string) => Buffer.from(text, 'latin1');

/** Parses field lines that stand behind other bytes. */
function read(text: string, most = 100) {
	const buffer = bytes(`??${text}`);
	const fields = new Fields(most);
	const result = parseFields(buffer, 2, buffer.length, fields);
	return { buffer, fields, result: result > 0 ? result - 2 : result };
}

function pairs({ buffer, fields }: ReturnType<typeof read>): string[][] {
	return Array.from({ length: fields.count }, (_, i) => [
		buffer.toString('latin1', fields.table[i * STRIDE], fields.table[i * STRIDE + 1]),
		fields.valueAt(buffer, i),
	]);
}

describe('accepted field lines', () => {
	const CASES: [string, string[][]][] = [
		['\r\n', []],
		['A: 1\r\n\r\n', [['A', '1']]],
		[
			'A:1\r\nB:  2  \r\n\r\n',
			[
				['A', '1'],
				['B', '2'],
			],
		],
		['A:\t 1\t 2 \t\r\n\r\n', [['A', '1\t 2']]],
		[
			'A:\r\nB: \t\r\n\r\n',
			[
				['A', ''],
				['B', ''],
			],
		],
		['A: :::\r\n\r\n', [['A', ':::']]],
		[
			'A: x\r\nA: y\r\na: z\r\n\r\n',
			[
				['A', 'x'],
				['A', 'y'],
				['a', 'z'],
			],
		],
		["!#$%&'*+-.^_`|~09azAZ: token\r\n\r\n", [["!#$%&'*+-.^_`|~09azAZ", 'token']]],
		['A: \x80\xff "q\\"" (c)\r\n\r\n', [['A', '\x80\xff "q\\"" (c)']]],
		['A: 1\r\n\r\nrest', [['A', '1']]],
	];
	for (const [text, expected] of CASES) {
		test(JSON.stringify(text), () => {
			const parsed = read(text);
			assert.equal(parsed.result, text.replace('rest', '').length);
			assert.deepEqual(pairs(parsed), expected);
		});
	}
});

describe('refused field lines (RFC 9112 §5)', () => {
	const CASES: [string, string][] = [
		['white space before the colon', 'A : 1\r\n\r\n'],
		['a tab before the colon', 'A\t: 1\r\n\r\n'],
		['white space before the first name', ' A: 1\r\n\r\n'],
		['obs-fold by a space', 'A: 1\r\n 2\r\n\r\n'],
		['obs-fold by a tab', 'A: 1\r\n\t2\r\n\r\n'],
		['a folded line without content', 'A: 1\r\n \r\n\r\n'],
		['a bare LF behind a line', 'A: 1\nB: 2\r\n\r\n'],
		['a bare LF as the empty line', 'A: 1\r\n\n'],
		['a bare LF in a value', 'A: 1\n2\r\n\r\n'],
		['a bare CR in a value', 'A: 1\r2\r\n\r\n'],
		['a bare CR in a name', 'A\rB: 1\r\n\r\n'],
		['a bare CR at a line’s start', '\rA: 1\r\n\r\n'],
		['CR CR LF', 'A: 1\r\r\n\r\n'],
		['CR CR LF as the empty line', 'A: 1\r\n\r\r\n'],
		['NUL in a value', 'A: 1\x002\r\n\r\n'],
		['NUL in a name', 'A\x00: 1\r\n\r\n'],
		['a control in a value', 'A: \x01\r\n\r\n'],
		['vertical tab', 'A: \x0b1\r\n\r\n'],
		['form feed', 'A: 1\x0c\r\n\r\n'],
		['escape', 'A: \x1b[0m\r\n\r\n'],
		['DEL', 'A: 1\x7f\r\n\r\n'],
		['no name', ': 1\r\n\r\n'],
		['no colon', 'A\r\n\r\n'],
		['no colon, with more lines', 'A 1\r\nB: 2\r\n\r\n'],
		['a name beyond ASCII', 'Ä: 1\r\n\r\n'],
		['a quoted name', '"A": 1\r\n\r\n'],
		['a name with a slash', 'A/B: 1\r\n\r\n'],
		['a name with brackets', 'A(B): 1\r\n\r\n'],
		['a name with a comma', 'A,B: 1\r\n\r\n'],
		['a name with @', '@: 1\r\n\r\n'],
	];
	for (const [why, text] of CASES) {
		test(why, () => {
			assert.equal(read(text).result, bad);
			// Whatever follows, and however little of the rest is there, it never becomes good.
			for (let end = 0; end < text.length; end++) {
				const { result } = read(text.slice(0, end));
				assert.ok(result === incomplete || result === bad, `${end} bytes: ${result}`);
			}
		});
	}

	test('of all bytes only those of a token stand in a name, only those of a value in a value', () => {
		for (let byte = 0; byte < 256; byte++) {
			const character = String.fromCharCode(byte);
			const name = read(`A${character}B: 1\r\n\r\n`);
			const inName = /[!#$%&'*+\-.^_`|~\w:]/.test(character);
			assert.equal(name.result > 0, inName, `byte ${byte} in a name`);
			const value = read(`A: b${character}c\r\n\r\n`);
			assert.equal(value.result > 0, byte === 9 || (byte >= 32 && byte !== 127), `byte ${byte} in a value`);
		}
	});
});

test('a head is incomplete at every point before its end, and whole whatever follows', () => {
	const text = 'Host: a\r\nX-Long: some value \r\nEmpty:\r\n\r\n';
	for (let end = 0; end < text.length; end++) assert.equal(read(text.slice(0, end)).result, incomplete, `${end} bytes`);
	for (const rest of ['', '\r', '\r\n', '\x00', 'GET / HTTP/1.1\r\n'])
		assert.equal(read(text + rest).result, text.length);
});

test('as many fields as the limit allows, and not one more', () => {
	for (const most of [1, 2, 23, 24, 25, 48, 100, 256]) {
		const lines = (count: number) => `${Array.from({ length: count }, (_, i) => `f${i}: ${i}\r\n`).join('')}\r\n`;
		const whole = read(lines(most), most);
		assert.ok(whole.result > 0, `${most} of ${most}`);
		assert.deepEqual(pairs(whole).at(-1), [`f${most - 1}`, String(most - 1)]);
		assert.deepEqual(pairs(whole)[0], ['f0', '0']);
		assert.equal(read(lines(most + 1), most).result, tooLarge, `${most + 1} of ${most}`);
	}
});

test('a limit that is lowered later holds for an object that has grown', () => {
	const fields = new Fields(100);
	const text = bytes(`${'a: b\r\n'.repeat(60)}\r\n`);
	assert.ok(parseFields(text, 0, text.length, fields) > 0);
	fields.most = 10;
	assert.equal(parseFields(text, 0, text.length, fields), tooLarge);
});

test('names with `_` are marked, whatever they would be with `-`', () => {
	const parsed = read('Content_Length: 1\r\n_: 2\r\nx-a_b: 3\r\nContent-Length: 4\r\n\r\n');
	const marks = [0, 1, 2, 3].map((i) => parsed.fields.table[i * STRIDE + 4]);
	assert.deepEqual(marks, [Field.underscore, Field.underscore, Field.underscore, Field.contentLength]);
});

test('a value is found by its lower-case name, the first one or from some field on', () => {
	const { buffer, fields } = read(
		'X-A: 1\r\nx-b: 2\r\nx-a: 3\r\nX_A: 4\r\nX-\x41\r\n'.replace('X-A\r\n', 'X-C: 5\r\n\r\n'),
	);
	assert.equal(fields.value(buffer, 'x-a'), '1');
	assert.equal(fields.find(buffer, 'x-a', 1), 2);
	assert.equal(fields.find(buffer, 'x-a', 3), -1);
	assert.equal(fields.value(buffer, 'x-c'), '5');
	assert.equal(fields.value(buffer, 'x-d'), undefined);
	// `@` and the backquote, `[` and `{`, differ by the bit that letter case is.
	const odd = read('a^b: 1\r\na~b: 2\r\n\r\n');
	assert.equal(odd.fields.value(odd.buffer, 'a~b'), '2');
	assert.equal(odd.fields.value(odd.buffer, 'a^b'), '1');
});

test('after a shift all offsets are those of the copy', () => {
	const parsed = read('A: 1\r\nBc: def\r\n\r\n');
	const copy = Buffer.concat([bytes('.......'), parsed.buffer]);
	parsed.fields.shift(7);
	assert.deepEqual(pairs({ ...parsed, buffer: copy }), [
		['A', '1'],
		['Bc', 'def'],
	]);
});

test('an object that read a long head reads a short one', () => {
	const fields = new Fields(100);
	const long = bytes(`${'Content-Length: 1\r\n'.repeat(50)}\r\n`);
	const short = bytes('Host: a\r\n\r\n');
	parseFields(long, 0, long.length, fields);
	assert.equal(parseFields(short, 0, short.length, fields), short.length);
	assert.equal(fields.count, 1);
	assert.equal(fields.value(short, 'content-length'), undefined);
});

test('a value that is read by words holds what one that is read by bytes may', () => {
	const long = Buffer.alloc(32 * 1024, 'x');
	const [inLong, inShort] = [new Fields(100), new Fields(100)];
	for (let byte = 0; byte < 256; byte++) {
		for (let at = 0; at < 24; at++) {
			const value = Buffer.alloc(at % 5 === 0 ? 40 : at + 1, 'v');
			value[at] = byte;
			const line = Buffer.concat([bytes('a: '), value, bytes('\r\nb: 1\r\n\r\n')]);
			// Each place in a word, and what follows is no part of the message.
			const from = 8 + ((byte + at) & 7);
			line.copy(long, from);
			const expected = parseFields(line, 0, line.length, inShort);
			const result = parseFields(long, from, from + line.length, inLong);
			assert.equal(result, expected > 0 ? from + expected : expected, `byte ${byte} at ${at}`);
			if (expected <= 0) assert.equal(inLong.fault, inShort.fault);
			else assert.deepEqual(pairs({ buffer: long, fields: inLong }), pairs({ buffer: line, fields: inShort }));
		}
	}
});
