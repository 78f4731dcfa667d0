import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import type { OriginAnswer } from './stored-head.ts';
import { answerOf, controlOf, date, judgingOf, NOW, policyOf, requestOf } from './testing/messages.ts';
import { storedOf } from './testing/stored.ts';
import { conditionalFields, updated, updatedByHead } from './update.ts';

const LATER = NOW + 3000;
const BASE = ['Cache-Control: max-age=2', 'ETag: "a"', `Date: ${date(0)}`];

function after304(before: string[], lines: string[]): StoredAnswer {
	const answer = updated(storedOf(before), judgingOf(answerOf(lines, 304, LATER)));
	assert.ok(answer !== null);
	return answer;
}

test('a revalidation asks by what the origin gave', () => {
	const modified = [`Last-Modified: ${date(-10)}`, 'Cache-Control: max-age=1'];
	assert.equal(
		conditionalFields(storedOf(['ETag: W/"a\xfc"', ...modified])).toString('latin1'),
		`If-None-Match: W/"a\xfc"\r\nIf-Modified-Since: ${date(-10)}\r\n`,
	);
	assert.equal(conditionalFields(storedOf(['Cache-Control: max-age=1', 'Last-Modified: foo'])).length, 0);
});

test('a 304 makes the answer fresh anew, and replaces the fields that it has (RFC 9111 §3.2)', () => {
	const before = [
		...BASE,
		'Test-Header: A',
		'Set-Cookie: a=b',
		'Set-Cookie: c=d',
		'X-Kept: 1',
		'Content-Type: text/plain',
	];
	const answer = after304(before, [
		'Cache-Control: max-age=60',
		`Date: ${date(3)}`,
		'Test-Header: B',
		'set-cookie: e=f',
		'Content-Type: text/html',
		'Connection: x-hop',
		'X-Hop: 1',
	]);
	assert.equal(
		answer.head.toString(),
		`HTTP/1.1 200 Some\r\nETag: "a"\r\nX-Kept: 1\r\nCache-Control: max-age=60\r\nDate: ${date(3)}\r\n` +
			'Test-Header: B\r\nset-cookie: e=f\r\nContent-Type: text/html\r\n',
	);
	assert.deepEqual([answer.status, answer.freshMs, answer.initialAgeMs, answer.responseMs], [200, 60_000, 0, LATER]);
});

test('what describes the body stays as it is', () => {
	const names = ['Content-Encoding', 'Content-Length', 'Content-MD5', 'Content-Range', 'ETag'];
	for (const name of names) {
		const before = [...BASE.filter((line) => !line.startsWith(name)), `${name}: 5`];
		const answer = after304(before, [`${name}: 10`, 'Cache-Control: max-age=60']);
		assert.ok(!answer.head.includes(`${name}: 10`), name);
		if (name === 'Content-Length') assert.equal(answer.length, 5);
		else assert.ok(answer.head.includes(`${name}: 5`), name);
	}
	for (const name of ['Content-Foo', 'Content-Location', 'Clear-Site-Data', 'X-Frame-Options', 'Expires'])
		assert.ok(after304([...BASE, `${name}: 5`], [`${name}: 10`]).head.includes(`${name}: 10`), name);
});

test('a 304 without a lifetime keeps that of the answer, counted anew; its age counts', () => {
	const answer = after304(BASE, []);
	assert.deepEqual([answer.freshMs, answer.initialAgeMs], [2000, 0]);
	assert.equal(after304(BASE, ['Age: 7']).initialAgeMs, 7000);
	assert.ok(!after304(BASE, ['Age: 7']).head.includes('Age'));
	assert.equal(after304(BASE, [`Date: ${date(0)}`]).initialAgeMs, 3000, 'a 304 out of another cache');
});

test('tags that the client does not see outlive a 304 that has none', () => {
	const policy = policyOf({ hideTags: true });
	const stored = storedOf([...BASE, 'Cache-Tag: t'], { policy });
	assert.deepEqual(updated(stored, judgingOf(answerOf([], 304), { policy }))?.tags, ['t']);
	assert.deepEqual(updated(stored, judgingOf(answerOf(['Cache-Tag: u'], 304), { policy }))?.tags, ['u']);
});

test('a 304 that forbids the storing ends it; one to a client that forbids it changes nothing', () => {
	assert.equal(updated(storedOf(BASE), judgingOf(answerOf(['Cache-Control: no-store'], 304))), null);
	assert.equal(updated(storedOf(BASE), judgingOf(answerOf(['Vary: *'], 304))), null);
	const request = requestOf(['Cache-Control: no-store']);
	const stored = storedOf(BASE);
	assert.equal(updated(stored, judgingOf(answerOf([], 304), { request, control: controlOf(request) })), stored);
});

test('a part stays one', () => {
	const request = requestOf(['Range: bytes=0-4']);
	const asked = { request, control: controlOf(request) };
	const stored = storedOf([...BASE, 'Content-Range: bytes 0-4/10', 'Vary: Foo'], asked, 206);
	const other = requestOf(['Range: bytes=1-2', 'Foo: 1']);
	const answer = updated(stored, judgingOf(answerOf([], 304), { request: other, control: controlOf(other) }));
	assert.deepEqual(answer?.vary, [
		{ name: 'range', value: 'bytes=0-4' },
		{ name: 'foo', value: '1' },
	]);
	assert.deepEqual([answer?.status, (answer?.flags ?? 0) & AnswerFlag.partial], [206, AnswerFlag.partial]);
});

test('whether a part may lack fields tells what it was asked for by, not what confirms it', () => {
	const flags = (...ranges: [string[], string[]]): number => {
		const [asked, confirmed] = ranges.map((more) => {
			const request = requestOf(['Range: bytes=0-4', ...more]);
			return { request, control: controlOf(request) };
		}) as [object, object];
		const stored = storedOf([...BASE, 'Content-Range: bytes 0-4/10'], asked, 206);
		return (updated(stored, judgingOf(answerOf([], 304), confirmed))?.flags ?? 0) & AnswerFlag.bare;
	};
	assert.equal(flags(['If-Range: "a"'], []), AnswerFlag.bare);
	assert.equal(flags([], ['If-Range: "a"']), 0);
});

test('an answer to HEAD updates what it describes, and shows what is another (RFC 9111 §4.3.5)', () => {
	const request = requestOf([], { method: 'HEAD' });
	const stored = storedOf([...BASE, 'Template-A: 1', 'Content-Length: 5', `Last-Modified: ${date(-5)}`]);
	const byHead = (answer: OriginAnswer): StoredAnswer | null =>
		updatedByHead(stored, judgingOf(answer, { request, control: controlOf(request) }));
	const answer = byHead(answerOf(['Template-A: 2', 'Cache-Control: max-age=1000', 'Content-Length: 5', 'ETag: "a"']));
	assert.ok(answer?.head.includes('Template-A: 2'));
	assert.deepEqual([answer?.freshMs, answer?.length], [1_000_000, 5]);
	assert.equal(byHead(answerOf(['Content-Length: 6'])), null);
	assert.equal(byHead(answerOf(['ETag: "b"'])), null);
	assert.equal(byHead(answerOf([`Last-Modified: ${date(-4)}`])), null);
	assert.equal(byHead(answerOf([], 410)), null);
});
