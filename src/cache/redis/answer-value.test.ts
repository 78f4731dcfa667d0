import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedAnswer } from '../memory/testing/answers.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import { type AnswerValue, decodeValue, encodeAnswer, encodeNames } from './answer-value.ts';

const SIGNING = { secret: Buffer.alloc(32, 7), name: 'ballast:cache:{x}' };
const BODY = Buffer.from('a body of some bytes');

const encoded = (changes: Partial<StoredAnswer> = {}, trailers: Buffer | null = null): Buffer => {
	const answer = storedAnswer(changes);
	const { requestMs, responseMs } = answer;
	const pieces = [BODY.subarray(0, 5), BODY.subarray(5)];
	return encodeAnswer({ answer, requestMs, responseMs, trailers, length: BODY.length, pieces }, SIGNING);
};
const decoded = (value: Buffer): AnswerValue | null => decodeValue(value, SIGNING) as AnswerValue | null;

test('an answer comes back as it was', () => {
	const changes = {
		vary: [
			{ name: 'accept-language', value: 'de' },
			{ name: 'cookie', value: '#hash' },
		],
		tags: ['product-1', 'één'],
		lastModifiedMs: 1_600_000_000_000,
		etag: 'W/"a\xff"',
		flags: 4,
	};
	for (const trailers of [null, Buffer.from('X-Sum: 1\r\n\r\n')]) {
		const value = decoded(encoded(changes, trailers));
		assert.deepEqual(value?.answer, storedAnswer({ ...changes, length: BODY.length }));
		assert.deepEqual(value?.body, BODY);
		assert.deepEqual(value?.trailers, trailers);
	}
	assert.deepEqual(decodeValue(encodeNames('accept, cookie', SIGNING), SIGNING), { names: 'accept, cookie' });
});

test('a value that is cut, longer, flipped anywhere, of another name or of another secret is none', () => {
	const value = encoded({ tags: ['a'] });
	assert.notEqual(decoded(value), null);
	for (let length = 0; length < value.length; length++) assert.equal(decoded(value.subarray(0, length)), null);
	assert.equal(decoded(Buffer.concat([value, Buffer.alloc(1)])), null);
	for (let at = 0; at < value.length; at++) {
		const flipped = Buffer.from(value);
		flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
		assert.equal(decoded(flipped), null, `byte ${at}`);
	}
	assert.equal(decodeValue(value, { ...SIGNING, name: 'ballast:cache:{y}' }), null);
	assert.equal(decodeValue(value, { ...SIGNING, secret: Buffer.alloc(32, 8) }), null);
	assert.equal(decoded(Buffer.from('an old value of somebody else, long enough')), null);
});

test('what is signed but hostile is none: heads that frame or split, tags with a line end, times from nowhere', () => {
	const head = (lines: string): Partial<StoredAnswer> => ({ head: Buffer.from(`HTTP/1.1 200 OK\r\n${lines}`) });
	const hostile: Partial<StoredAnswer>[] = [
		head('Content-Length: 5\r\n'),
		head('Transfer-Encoding: chunked\r\n'),
		head('Connection: close\r\n'),
		head('X: 1\r\n\r\nHTTP/1.1 200 OK\r\n'),
		head('X: 1'),
		head('no field\r\n'),
		{ head: Buffer.alloc(0) },
		{ status: 404 },
		{ status: 100, head: Buffer.from('HTTP/1.1 100 Continue\r\n') },
		{ etag: '"a"\r\nX: 1' },
		{ flags: 16 },
		{ flags: Number.NaN },
		{ freshMs: -1 },
		{ freshMs: Number.POSITIVE_INFINITY },
		{ responseMs: Number.NaN },
		{ requestMs: 1_700_000_000_101 },
		{ vary: Array.from({ length: 18 }, () => ({ name: 'a', value: '' })) },
	];
	for (const changes of hostile) assert.equal(decoded(encoded(changes)), null, JSON.stringify(changes));
	assert.equal(decoded(encoded({}, Buffer.from('X: 1\r\nno field\r\n'))), null);
});
