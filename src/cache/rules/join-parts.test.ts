import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedAnswer } from '../memory/testing/answers.ts';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import { type HeldPart, joinParts, partOf, wholeOf } from './join-parts.ts';

const MOST = 1e6;

function part(range: string, changes: Partial<StoredAnswer> & { more?: string } = {}): HeldPart {
	const { more = '', ...rest } = changes;
	const [, first, last] = /(\d+)-(\d+)/.exec(range) as unknown as [string, string, string];
	const head = Buffer.from(
		`HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\n${more}Content-Range: bytes ${range}\r\nDate: x\r\n`,
	);
	const vary = [{ name: 'range', value: `bytes=${first}-${last}` }];
	const answer = storedAnswer({ status: 206, flags: AnswerFlag.partial, head, vary, ...rest });
	return { answer, received: Number(last) - Number(first) + 1 };
}

test('what adjoins or overlaps is one part, with the bytes and the head of the newer', () => {
	const more = 'Content-MD5: a\r\nContent-Digest: b\r\nRepr-Digest: c\r\n';
	const joint = joinParts(part('4-7/20', { more }), part('0-5/20'), MOST);
	assert.deepEqual(joint?.pieces, [
		{ newer: false, from: 0, to: 4 },
		{ newer: true, from: 0, to: 4 },
	]);
	assert.equal(
		joint?.answer.head.toString(),
		'HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\nRepr-Digest: c\r\nDate: x\r\nContent-Range: bytes 0-7/20\r\n',
	);
	assert.deepEqual(joint?.answer.vary, [{ name: 'range', value: 'bytes=0-7' }]);
	assert.equal(joint?.answer.length, 8);
	assert.deepEqual(joinParts(part('0-3/20'), part('4-9/20'), MOST)?.pieces, [
		{ newer: true, from: 0, to: 4 },
		{ newer: false, from: 0, to: 6 },
	]);
});

test('what is all of it is a 200', () => {
	const { answer } = joinParts(part('5-9/10'), part('0-4/10'), MOST) ?? {};
	assert.equal(answer?.head.toString(), 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: x\r\n');
	assert.deepEqual([answer?.status, answer?.flags, answer?.length, answer?.vary], [200, 0, 10, []]);
	assert.equal(wholeOf(part('0-9/10', { etag: null }))?.status, 200);
	assert.equal(wholeOf(part('0-8/10')), null);
	assert.equal(wholeOf({ ...part('0-9/10'), received: 9 }), null);
	const several = part('0-9/10');
	const head = Buffer.from(several.answer.head.toString().replace('text/plain', 'multipart/byteranges; boundary=a'));
	assert.equal(wholeOf({ ...several, answer: { ...several.answer, head } }), null);
});

test('what may be of another version, or leaves a gap, is not put together', () => {
	const older = part('0-4/10');
	const refused: [string, HeldPart, HeldPart][] = [
		['a weak tag', part('5-9/10', { etag: 'W/"abc"' }), part('0-4/10', { etag: 'W/"abc"' })],
		['no tag', part('5-9/10', { etag: null }), part('0-4/10', { etag: null })],
		['another tag', part('5-9/10', { etag: '"b"' }), older],
		['another length', part('5-9/11'), older],
		['a length that nobody said', part('5-9/*'), part('0-4/*')],
		['a gap', part('6-9/10'), older],
		['shorter than it says', { ...part('5-9/10'), received: 4 }, older],
		['fewer bytes than it says', part('5-9/10'), { ...older, received: 4 }],
		['nothing new', part('1-2/10'), older],
		['for others than the older', part('5-9/10', { flags: AnswerFlag.partial | AnswerFlag.shared }), older],
		['older than the older', part('5-9/10', { responseMs: 1 }), older],
		['another variant', part('5-9/10', { vary: [...older.answer.vary, { name: 'accept', value: 'a' }] }), older],
		['not a part', part('5-9/10'), { answer: storedAnswer(), received: 5 }],
	];
	for (const [why, newer, other] of refused) assert.equal(joinParts(newer, other, MOST), null, why);
});

test('copying stays in proportion to what came', () => {
	assert.equal(joinParts(part('800-899/2000'), part('0-799/2000'), MOST), null, 'a ninth');
	assert.notEqual(joinParts(part('700-799/2000'), part('0-699/2000'), MOST), null, 'an eighth');
	assert.notEqual(joinParts(part('1999-1999/2000'), part('0-1998/2000'), MOST), null, 'the last byte');
	assert.equal(joinParts(part('5-9/10'), part('0-4/10'), 9), null, 'more than may be stored');
});

test('what answered an If-Range gets the fields that it was spared from the other part', () => {
	const bare = AnswerFlag.partial | AnswerFlag.bare;
	const spared = (range: string, flags: number = bare): HeldPart => {
		const one = part(range, { flags, tags: [] });
		return {
			...one,
			answer: { ...one.answer, head: Buffer.from(one.answer.head.toString().replace(/^Content-T[^\n]*\n/m, '')) },
		};
	};
	const full = (range: string): HeldPart => part(range, { tags: ['t'], lastModifiedMs: 5, more: 'Content-MD5: a\r\n' });
	const { answer } = joinParts(spared('5-9/10'), full('0-4/10'), MOST) ?? {};
	assert.equal(answer?.head.toString(), 'HTTP/1.1 200 OK\r\nDate: x\r\nContent-Type: text/plain\r\n');
	assert.deepEqual([answer?.flags, answer?.tags, answer?.lastModifiedMs], [0, ['t'], 5]);
	assert.equal(joinParts(full('5-9/10'), spared('0-4/10'), MOST)?.answer.flags, 0);
	assert.equal(joinParts(spared('5-9/10'), spared('0-4/10'), MOST), null, 'none of the two has them');
	assert.equal(wholeOf(spared('0-9/10')), null);
	assert.equal(wholeOf(spared('0-9/10', AnswerFlag.partial))?.status, 200);
});

test('what broke off is a part, if the rest can be known', () => {
	const vary = [{ name: 'accept', value: 'a' }];
	const answer = storedAnswer({ length: 10, vary, flags: AnswerFlag.shared });
	const came = partOf(answer, 4);
	assert.equal(
		came?.head.toString(),
		'HTTP/1.1 206 Partial Content\r\nContent-Type: application/json\r\nContent-Range: bytes 0-3/10\r\n',
	);
	assert.deepEqual([came?.status, came?.flags, came?.length], [206, AnswerFlag.shared | AnswerFlag.partial, 4]);
	assert.deepEqual(came?.vary, [{ name: 'range', value: 'bytes=0-3' }, ...vary]);
	const none = [{ etag: null }, { etag: 'W/"1"' }, { length: -1 }, { length: 4 }, { status: 404 }, { status: 206 }];
	for (const changes of none) assert.equal(partOf({ ...answer, ...changes }, 4), null, JSON.stringify(changes));
	assert.equal(partOf(answer, 0), null);
});
