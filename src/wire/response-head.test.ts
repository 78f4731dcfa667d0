import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeadFault } from './head.ts';
import { ResponseHead } from './response-head.ts';

const { bad, incomplete, tooLarge } = HeadFault;

/** Parses a head that stands behind other bytes. */
function read(text: string, most = 100) {
	const buffer = Buffer.from(`????${text}`, 'latin1');
	const head = new ResponseHead(most);
	const result = head.parse(buffer, 4, buffer.length);
	return { buffer, head, result: result > 0 ? result - 4 : result };
}

describe('accepted status lines', () => {
	const CASES: [string, { status: number; minor?: number; rest: string }][] = [
		['HTTP/1.1 200 OK', { status: 200, rest: '200 OK' }],
		['HTTP/1.0 404 Not Found', { status: 404, minor: 0, rest: '404 Not Found' }],
		['HTTP/1.2 200 OK', { status: 200, rest: '200 OK' }],
		['HTTP/1.1 200 ', { status: 200, rest: '200 ' }],
		['HTTP/1.1 200', { status: 200, rest: '200' }],
		['HTTP/1.1 100 Continue', { status: 100, rest: '100 Continue' }],
		['HTTP/1.1 599 ?', { status: 599, rest: '599 ?' }],
		['HTTP/1.1 200 \xe4\t\xff', { status: 200, rest: '200 \xe4\t\xff' }],
		['HTTP/1.1 200  two', { status: 200, rest: '200  two' }],
	];
	for (const [line, expected] of CASES) {
		test(JSON.stringify(line), () => {
			const { buffer, head, result } = read(`${line}\r\nX: 1\r\n\r\n`);
			assert.equal(result, line.length + 10);
			assert.deepEqual([head.status, head.minor], [expected.status, expected.minor ?? 1]);
			assert.equal(buffer.toString('latin1', head.statusAt, head.reasonEnd), expected.rest);
			assert.equal(buffer.toString('latin1', head.start, head.fieldsAt), `${line}\r\n`);
			assert.equal(head.fields.value(buffer, 'x'), '1');
		});
	}
});

describe('refused status lines (RFC 9112 §4)', () => {
	const CASES: [string, string][] = [
		['an empty line before it', '\r\nHTTP/1.1 200 OK\r\n'],
		['white space before it', ' HTTP/1.1 200 OK\r\n'],
		['lower case', 'http/1.1 200 OK\r\n'],
		['HTTP/2', 'HTTP/2 200 OK\r\n'],
		['HTTP/2.0', 'HTTP/2.0 200 OK\r\n'],
		['ICY', 'ICY 200 OK\r\n\r\n\r\n'],
		['a minor version that is no digit', 'HTTP/1.x 200 OK\r\n'],
		['a minor version of two digits', 'HTTP/1.10 200 OK\r\n'],
		['a tab behind the version', 'HTTP/1.1\t200 OK\r\n'],
		['two spaces behind the version', 'HTTP/1.1  200 OK\r\n'],
		['a status of two digits', 'HTTP/1.1 20 OK\r\n'],
		['a status of four digits', 'HTTP/1.1 2000 OK\r\n'],
		['a status that is no number', 'HTTP/1.1 2x0 OK\r\n'],
		['a signed status', 'HTTP/1.1 +20 OK\r\n'],
		['status 000', 'HTTP/1.1 000 OK\r\n'],
		['status 099', 'HTTP/1.1 099 OK\r\n'],
		['status 600', 'HTTP/1.1 600 OK\r\n'],
		['status 999', 'HTTP/1.1 999 OK\r\n'],
		['a tab behind the status', 'HTTP/1.1 200\tOK\r\n'],
		['NUL in the reason', 'HTTP/1.1 200 O\x00K\r\n'],
		['a bare CR in the reason', 'HTTP/1.1 200 O\rK\r\n'],
		['a bare LF', 'HTTP/1.1 200 OK\nX: 1\r\n'],
		['a bare LF behind the status', 'HTTP/1.1 200\nX: 1\r\n\r\n'],
		['CR CR LF', 'HTTP/1.1 200 OK\r\r\n'],
		['a control in the reason', 'HTTP/1.1 200 \x1b[0m\r\n'],
		['a fold', 'HTTP/1.1 200 OK\r\n folded\r\n'],
	];
	for (const [why, line] of CASES) {
		test(why, () => {
			const text = `${line}X: 1\r\n\r\n`;
			assert.equal(read(text).result, bad);
			for (let end = 0; end < text.length; end++) {
				const { result } = read(text.slice(0, end));
				assert.ok(result === incomplete || result === bad, `${end} bytes: ${result}`);
			}
		});
	}
});

test('incomplete at every point before its end', () => {
	for (const text of ['HTTP/1.1 200 OK\r\nX: 1\r\n\r\n', 'HTTP/1.1 200\r\n\r\n', 'HTTP/1.1 200 \r\n\r\n']) {
		for (let end = 0; end < text.length; end++)
			assert.equal(read(text.slice(0, end)).result, incomplete, `${end} bytes`);
		assert.equal(read(`${text}HTTP/1.1`).result, text.length);
	}
});

test('no more fields than the limit', () => {
	const lines = (count: number) => `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(count)}\r\n`;
	assert.ok(read(lines(256), 256).result > 0);
	assert.equal(read(lines(257), 256).result, tooLarge);
});
