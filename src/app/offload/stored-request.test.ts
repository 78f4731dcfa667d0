import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../gateway/exchange.ts';
import { RequestHead } from '../../wire/request-head.ts';
import { type RequestNotes, readStoredRequest, storeRequest } from './stored-request.ts';

const TEXT = 'POST /render?a=b HTTP/1.1\r\nHost: a.example\r\nPrefer: respond-async\r\nX-Of-Mine: 1\r\n\r\n';

const notes = (of: Partial<RequestNotes> = {}): RequestNotes => ({
	version: 1,
	service: 'videos',
	route: 'POST /render',
	method: 'POST',
	trusted: false,
	secure: true,
	address: '127.0.0.1',
	addressField: '',
	trace: { words: [1, 2, 0xffffffff, 0, 5, 6, 7, 8], flags: 1 },
	...of,
});

/** As much of an exchange as is stored. */
function exchangeOf({ service, route, method, trusted, secure, address, addressField, trace }: RequestNotes): Exchange {
	const buffer = Buffer.from(TEXT, 'latin1');
	const head = new RequestHead(20);
	assert.equal(head.parse(buffer, 0, buffer.length, 1000), buffer.length);
	const { targetStart, targetEnd } = head;
	const hostStart = TEXT.indexOf('a.example');
	return {
		...{ buffer, head, targetStart, targetEnd, hostStart, hostEnd: hostStart + 9, method },
		route: { name: route, service: { name: service } },
		client: { trusted, secure, address, addressField },
		trace: { words: Uint32Array.from(trace.words), flags: trace.flags },
	} as unknown as Exchange;
}

const written = (of: object): Buffer => {
	const json = Buffer.from(JSON.stringify(of));
	const length = Buffer.alloc(4);
	length.writeUInt32LE(json.length);
	return Buffer.concat([length, json, Buffer.from('GET / HTTP/1.1\r\n\r\n')]);
};

test('a request is read as it was stored, whatever was stored before it', () => {
	const other = { words: new Array<number>(8).fill(0), flags: 0 };
	const all = [
		notes(),
		notes({ trace: other }),
		notes({ address: '::1' }),
		notes({ address: '::1', trace: other }),
		notes({ route: 'POST /ünï "trace":{"words":[', method: 'PUT' }),
		notes({ route: 'POST /ünï "trace":{"words":[', method: 'PUT', trace: other }),
		notes({ service: 'v', trusted: true, addressField: 'x-real-ip' }),
		notes(),
	];
	const stored = all.map((one) => storeRequest(exchangeOf(one), 3));
	for (const [at, one] of all.entries()) {
		const read = readStoredRequest(stored[at] as Uint8Array);
		assert.deepEqual(read.notes, one);
		assert.equal(
			read.head.toString('latin1'),
			`${one.method} /render?a=b HTTP/1.1\r\nHost: a.example\r\nX-Of-Mine: 1\r\nContent-Length: 3\r\n\r\n`,
		);
		assert.deepEqual(stored[at]?.subarray(0, 40), written(one).subarray(0, 40));
	}
});

test('notes that are written in another way are read all the same', () => {
	const { trace, ...rest } = notes();
	for (const one of [
		notes(),
		{ ...notes(), more: 1 },
		{ trace, ...rest },
		notes({ trace: { words: [], flags: 0 } }),
		{ ...rest, trace: { words: [1.5, -2], flags: 0 } },
		{ ...rest, trace: { words: [1], flags: 0, more: 'x' } },
	]) {
		readStoredRequest(written(notes()));
		assert.deepEqual(readStoredRequest(written(one)).notes, one);
	}
	assert.throws(() => readStoredRequest(Buffer.from([9, 0, 0, 0, 1])));
});
