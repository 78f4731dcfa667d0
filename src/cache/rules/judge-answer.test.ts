import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerFlag, type StoredAnswer } from '../stored-answer.ts';
import { type Judging, judgeAnswer } from './judge-answer.ts';
import { answerOf, controlOf, date, judgingOf, NOW, policyOf, requestOf } from './testing/messages.ts';

const DATE = `Date: ${date(0)}`;
const LONG = 30 * 24 * 60 * 60;

/** Seconds of freshness that are left when it comes; a refusal by name. */
function fresh(lines: readonly string[], changes: Partial<Judging> = {}, status = 200): number | string {
	const judgement = judgeAnswer(judgingOf(answerOf(lines, status), changes));
	if (judgement.stored === null) return judgement.refusal;
	const { freshMs, initialAgeMs, flags } = judgement.stored;
	return (flags & AnswerFlag.noCache) === 0 ? Math.max(0, freshMs - initialAgeMs) / 1000 : 'no-cache';
}

function stored(lines: readonly string[], changes: Partial<Judging> = {}, status = 200): StoredAnswer {
	const judgement = judgeAnswer(judgingOf(answerOf(lines, status), changes));
	assert.ok(judgement.stored !== null, JSON.stringify(judgement));
	return judgement.stored;
}

const asked = (lines: readonly string[], method = 'GET'): Partial<Judging> => {
	const request = requestOf(lines, { method });
	return { request, control: controlOf(request) };
};

const cc = (value: string): string => `Cache-Control: ${value}`;

test('lifetimes of Cache-Control (RFC 9111 §4.2.1, §5.2.2)', () => {
	const cases: [string[], number | string][] = [
		[['X: 1'], 'no-lifetime'],
		[[cc('max-age=3600')], 3600],
		[[cc('max-age=0')], 'no-lifetime'],
		[[cc('max-age=2147483647')], 2147483647],
		[[cc('max-age=2147483648')], 2147483648],
		[[cc('max-age=99999999999')], 2147483648],
		[[cc(`max-age=${'9'.repeat(400)}`)], 2147483648],
		[[cc('max-age=-3600')], 'no-lifetime'],
		[[cc('max-age')], 'no-lifetime'],
		[[cc('max-age=')], 'no-lifetime'],
		[[cc("max-age='3600'")], 'no-lifetime'],
		[[cc('max-age="3600"')], 3600],
		[[cc('max-age="3600')], 'no-lifetime'],
		[[cc('max-age=003600')], 3600],
		[[cc('max-age=3600.0')], 'no-lifetime'],
		[[cc('max-age=3600a')], 'no-lifetime'],
		[[cc('max-age =3600')], 'no-lifetime'],
		[[cc('max-age= 3600')], 'no-lifetime'],
		[[cc('MaX-aGe=3600')], 3600],
		[[cc('foobar, max-age=3600')], 3600],
		[[cc(',, max-age=3600,')], 3600],
		[[cc('extension="max-age=3600", max-age=1')], 1],
		[[cc('max-age=1, extension="max-age=3600"')], 1],
		[[cc('extension="a\\", max-age=3600", max-age="1"')], 1],
		[[cc('max-age=60, max-age=60')], 60],
		[[cc('max-age=60, max-age=3600')], 'no-lifetime'],
		[[cc('max-age=60'), cc('max-age=3600')], 'no-lifetime'],
		[[cc('s-maxage=3600')], 3600],
		[[cc('max-age=3600, s-maxage=1')], 1],
		[[cc('max-age=3600'), cc('s-maxage=1')], 1],
		[[cc('max-age=0, s-maxage=3600'), `Expires: ${date(-10)}`], 3600],
		[[cc('max-age=3600, s-maxage=x')], 'no-lifetime'],
		[[cc('max-age=3600'), `Expires: ${date(-7200)}`, DATE], 3600],
		[[cc('max-age=3600'), 'Expires: 0', DATE], 3600],
		[[cc('max-age=0'), `Expires: ${date(3600)}`, DATE], 'no-lifetime'],
	];
	for (const [lines, expected] of cases) assert.equal(fresh(lines), expected, lines.join(' | '));
});

test('lifetimes of Expires (RFC 9111 §5.3)', () => {
	const expires = (value: string): string => `Expires: ${value}`;
	const cases: [string[], number | string][] = [
		[[expires(date(LONG)), DATE], LONG],
		[[expires(date(LONG))], LONG],
		[[expires(date(10)), 'Date: foo'], 10],
		[[expires(date(-LONG)), DATE], 'no-lifetime'],
		[[expires(date(0)), DATE], 'no-lifetime'],
		[[expires(date(300)), `Date: ${date(400)}`], 'no-lifetime'],
		[[expires('0'), DATE], 'no-lifetime'],
		[[expires(''), DATE], 'no-lifetime'],
		[[expires(date(10)), `Date: ${date(-10)}`, 'Age: 25'], 0],
		[[expires(date(20)), `Date: ${date(10)}`, 'Age: 15'], 0],
		[[expires('Sun, 21 Nov 2286 04:46:39 GMT'), DATE], 2147483648],
		[[expires('Thu, 18 Aug 2050 02:01:18 UTC'), DATE], 'no-lifetime'],
		[[expires(date(60)), expires(date(60)), DATE], 60],
		[[expires(date(60)), expires(date(90)), DATE], 'no-lifetime'],
	];
	for (const [lines, expected] of cases) assert.equal(fresh(lines), expected, lines.join(' | '));
});

test('ages (RFC 9111 §4.2.3, §5.1)', () => {
	const cases: [string[], number | string][] = [
		[['Age: 600'], 3000],
		[['Age: 7200'], 0],
		[['Age: abc'], 'no-lifetime'],
		[['Age: -7200'], 'no-lifetime'],
		[['Age: 7200.0'], 'no-lifetime'],
		[['Age: 7200,0'], 0],
		[['Age: 0,7200'], 3600],
		[['Age: 7200', 'Age: 0'], 'no-lifetime'],
		[['Age: 0', 'Age: 7200'], 'no-lifetime'],
		[['Age: 0, 0'], 'no-lifetime'],
		[['Age: 0', 'Age: 0'], 'no-lifetime'],
		[['Age: 7200;foo=bar'], 'no-lifetime'],
		[['Age: 1;foo=111'], 'no-lifetime'],
		[['Age:'], 'no-lifetime'],
		[[`Age: ${'9'.repeat(300)}`], 0],
	];
	for (const [lines, expected] of cases)
		assert.equal(fresh([...lines, cc('max-age=3600'), DATE]), expected, lines.join(' | '));
	assert.equal(fresh([cc('max-age=3600'), `Date: ${date(-600)}`]), 3000, 'apparent_age');
	assert.equal(fresh([cc('max-age=3600'), `Date: ${date(600)}`]), 3600, 'a clock that is ahead');
	const slow = { ...answerOf([cc('max-age=60'), 'Age: 10', DATE]), requestMs: NOW - 5000 };
	assert.equal(judgeAnswer(judgingOf(slow)).stored?.initialAgeMs, 15_000, 'the way here counts');
});

test('what forbids the storing', () => {
	const cases: [string[], string, Partial<Judging>?, number?][] = [
		[[cc('no-store')], 'no-store'],
		[[cc('No-StOrE')], 'no-store'],
		[[cc('no-store=x')], 'no-store'],
		[[cc('max-age=10000, no-store'), `Expires: ${date(10000)}`, DATE], 'no-store'],
		[[cc('private, max-age=3600')], 'private'],
		[[cc('private="", max-age=3600')], 'private'],
		[[cc('max-age=60, a="b, no-store')], 'no-store'],
		[[cc('max-age=60, a="b\\, no-store')], 'no-store'],
		[[cc('max-age=60, a="b'), cc('private')], 'no-store'],
		[[cc('private="set cookie", max-age=3600')], 'private'],
		[[cc('max-age=60'), 'Vary: *'], 'vary'],
		[[cc('max-age=60'), 'Vary: ', 'Vary: a,*'], 'vary'],
		[[cc('max-age=60'), 'Vary: X-Forwarded-For'], 'vary'],
		[[cc('max-age=60'), 'Vary: a b'], 'vary'],
		[[cc('max-age=60'), 'Vary: "a'], 'vary'],
		[[cc('max-age=60'), `Vary: ${'a,'.repeat(3000)}*`], 'vary'],
		[[cc('max-age=60'), 'Vary: TE'], 'vary'],
		[[cc('max-age=60'), `Vary: ${Array.from({ length: 17 }, (_, i) => `a${i}`).join()}`], 'vary'],
		[[cc('max-age=60')], 'request-no-store', asked(['Cache-Control: no-store'])],
		[[cc('max-age=60')], 'authorization', asked(['Authorization: FOO'])],
		[[`Expires: ${date(LONG)}`, DATE], 'authorization', asked(['Authorization: FOO'])],
		[[cc('max-age=60')], 'unkeyed', asked(['X-HTTP-Method-Override: DELETE'])],
		[[cc('max-age=60')], 'unkeyed', asked(['Content-Length: 3'])],
		[[cc('max-age=60')], 'method', asked([], 'PUT')],
		[[cc('max-age=60')], 'method', asked([], 'HEAD')],
		[[cc('max-age=60')], 'method', asked([], 'POST')],
		[[cc('max-age=60'), 'Content-Location: /b'], 'method', asked([], 'POST')],
		[['Content-Location: /a', 'ETag: "a"'], 'method', asked([], 'POST')],
		[[cc('max-age=60, must-understand')], 'must-understand', {}, 599],
		[[cc('max-age=60')], 'status', {}, 304],
		[[cc('max-age=60')], 'partial', {}, 206],
		[[cc('max-age=60'), 'Content-Range: bytes 0-4/10'], 'partial', {}, 206],
		[[cc('max-age=60'), 'Content-Length: 11'], 'too-large', { policy: policyOf({ bodyMost: 10 }) }],
		[[cc('max-age=60'), `Cache-Tag: ${'a'.repeat(2000)}`], 'tags'],
		[[`Last-Modified: ${date(-10000)}`, 'Set-Cookie: a=b', DATE], 'set-cookie'],
	];
	for (const [lines, expected, changes, status] of cases)
		assert.equal(fresh(lines, changes, status), expected, `${lines.join(' | ')} ${expected}`);
});

test('what may be stored all the same', () => {
	const auth = asked(['Authorization: FOO']);
	for (const value of ['max-age=60, public', 'max-age=60, must-revalidate', 's-maxage=60'])
		assert.equal(fresh([cc(value)], auth), 60, value);
	const credential = policyOf();
	const keyed = { ...credential, key: { ...credential.key, credential: { header: 'authorization' } } };
	assert.equal(fresh([cc('max-age=60')], { ...auth, policy: keyed }), 60);
	assert.equal(fresh([cc('no-store, max-age=60, must-understand')]), 60, 'RFC 9111 §5.2.2.3');
	assert.equal(fresh([cc('max-age=60'), 'Set-Cookie: a=b']), 60);
	assert.equal(fresh([cc('max-age=60'), 'Content-Location: /a'], asked(['Content-Length: 3'], 'POST')), 60);
	assert.equal(fresh([cc('max-age=60'), 'Content-Location: http://example.com/a'], asked([], 'POST')), 60);
	assert.equal(fresh([cc('no-cache'), 'ETag: "a"']), 'no-cache');
	assert.equal(fresh([cc('max-age=60, no-cache'), 'ETag: "a"']), 'no-cache');
	assert.equal(fresh(['ETag: "a"']), 0, 'to be revalidated');
	for (const status of [203, 204, 299, 301, 302, 307, 400, 404, 410, 499, 500, 503, 599])
		assert.equal(fresh([cc('max-age=60')], {}, status), 60, String(status));
	assert.equal(fresh([cc('max-age=60'), 'Content-Range: bytes 0-4/10'], asked(['Range: bytes=0-4']), 206), 60);
	assert.equal(
		fresh([cc('max-age=60')], { ...asked(['Cache-Control: no-store']), policy: policyOf({ obeyClients: false }) }),
		60,
	);
});

test('CDN-Cache-Control (RFC 9213)', () => {
	const cdn = (value: string): string => `CDN-Cache-Control: ${value}`;
	const cases: [string[], number | string][] = [
		[[cdn('max-age=60'), cc('no-store, private'), 'Expires: 0'], 60],
		[[cdn('no-store'), cc('max-age=60')], 'no-store'],
		[[cdn('max-age=60;x=1')], 60],
		[[cdn('max-age=60, max-age=30')], 30],
		[[cdn('max-age=60'), cdn('s-maxage=30')], 30],
		[[cdn('none'), cc('max-age=5'), `Expires: ${date(100)}`], 'no-lifetime'],
		[[cdn('max-age=-1'), cc('max-age=5')], 'no-lifetime'],
		[[cdn('max-age="60"'), cc('max-age=5')], 'no-lifetime'],
		[[cdn('max-age=60.5'), cc('max-age=5')], 'no-lifetime'],
		[[cdn(''), cc('max-age=5')], 5],
		[[cdn('max-age='), cc('max-age=5')], 5],
		[[cdn('max-age=60,'), cc('max-age=5')], 5],
		[[cdn('MAX-AGE=60'), cc('max-age=5')], 5],
		[[cdn('max-age =60'), cc('max-age=5')], 5],
		[[cdn('max-age=60, &'), cc('max-age=5')], 5],
		[[cdn('max-age=9999999999999999'), cc('max-age=5')], 5],
		[[cdn('no-store=?0, max-age=60')], 60],
		[[cdn('private=("a" "b");x, max-age=60')], 'private'],
	];
	for (const [lines, expected] of cases) assert.equal(fresh(lines), expected, lines.join(' | '));
});

test('where the origin is silent, and where it is overridden', () => {
	const silent = policyOf({ silent: { ms: 60_000, statuses: [200], byStatus: { 404: 5000 } } });
	assert.equal(fresh(['X: 1'], { policy: silent }), 60);
	assert.equal(fresh(['X: 1'], { policy: silent }, 404), 5);
	assert.equal(fresh(['X: 1'], { policy: silent }, 500), 'no-lifetime');
	assert.equal(fresh([cc('max-age=3')], { policy: silent }), 3);
	assert.equal(fresh([cc('max-age=0')], { policy: silent }), 'no-lifetime');
	assert.equal(fresh([cc('no-cache')], { policy: silent }), 'no-lifetime');
	assert.equal(fresh(['Set-Cookie: a=b'], { policy: silent }), 'set-cookie');
	const override = policyOf({ override: { ms: 60_000, statuses: [200], byStatus: {} } });
	assert.equal(fresh([cc('max-age=3, must-revalidate, no-cache')], { policy: override }), 60);
	assert.equal(fresh([cc('max-age=3')], { policy: override }, 404), 3);
	assert.equal(fresh([cc('no-store')], { policy: override }), 'no-store');
	assert.equal(fresh([cc('private')], { policy: override }), 'private');
	assert.equal(fresh([cc('max-age=3'), 'Set-Cookie: a=b'], { policy: override }), 'set-cookie');
	assert.equal(fresh(['Vary: *'], { policy: override }), 'vary');
	assert.equal(fresh(['X: 1'], { ...asked(['Authorization: a']), policy: override }), 'authorization');
});

test('heuristics only where the policy says, for statuses that allow them (RFC 9111 §4.2.2)', () => {
	const policy = policyOf({ heuristic: { share: 0.1, mostMs: 3_600_000 } });
	const lines = [`Last-Modified: ${date(-1000)}`, DATE];
	assert.equal(fresh(lines), 0, 'kept to be revalidated');
	for (const status of [200, 203, 204, 404, 405, 410, 414, 501]) assert.equal(fresh(lines, { policy }, status), 100);
	for (const status of [201, 202, 403, 502, 503, 504, 599])
		assert.equal(fresh(lines, { policy }, status), 'no-lifetime', String(status));
	assert.equal(fresh([...lines, cc('public')], { policy }, 599), 100);
	assert.equal(fresh([`Last-Modified: ${date(-LONG)}`, DATE], { policy }), 3600);
	assert.equal(fresh([`Last-Modified: ${date(500)}`, DATE], { policy }), 0);
	assert.equal(fresh(['Last-Modified: foo', DATE], { policy }), 'no-lifetime');
});

test('the stored head has no hop-by-hop field, and what the answer forbids is left out', () => {
	const { head } = stored([
		cc('max-age=60, no-cache="a, B"'),
		'Connection: x-hop, keep-alive',
		'X-Hop: 1',
		'A: 1',
		'b: 2',
		'c: 3',
		'Keep-Alive: 1',
		'Proxy-Authenticate: x',
		'Proxy-Authentication-Info: x',
		'Content-Length: 3',
		'Age: 1',
		'Set-Cookie: a=b',
		'Set-Cookie: c=d',
	]);
	assert.equal(
		head.toString(),
		'HTTP/1.1 200 Some\r\nCache-Control: max-age=60, no-cache="a, B"\r\nc: 3\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n' +
			`Date: ${date(0)}\r\n`,
	);
});

test('tags, validators, windows and flags', () => {
	const answer = stored([
		cc('max-age=60, stale-while-revalidate=30, stale-if-error=90, must-revalidate'),
		'Surrogate-Key: a b',
		'Cache-Tag: c,b, d',
		'ETag: W/"x"',
		`Last-Modified: ${date(-100)}`,
		'Content-Length: 12',
	]);
	assert.deepEqual(answer.tags, ['a', 'b', 'c', 'd']);
	assert.equal(answer.etag, 'W/"x"');
	assert.equal(answer.lastModifiedMs, NOW - 100_000);
	assert.equal(answer.staleWhileRevalidateMs, 30_000);
	assert.equal(answer.staleIfErrorMs, 90_000);
	assert.equal(answer.flags, AnswerFlag.mustRevalidate | AnswerFlag.shared);
	assert.equal(answer.length, 12);
	const hidden = stored([cc('max-age=60'), 'Cache-Tag: c', 'X: 1'], { policy: policyOf({ hideTags: true }) });
	assert.ok(!hidden.head.includes('Cache-Tag') && hidden.head.includes('X: 1'));
	assert.equal(stored([cc('max-age=60'), 'ETag: "a"', 'ETag: "b"']).etag, null);
});

test('fields that are not to be stored are still for who asked', () => {
	const answer = answerOf([
		'Cache-Control: max-age=60, no-cache="Set-Cookie, x-a", private="x-b"',
		'Set-Cookie: a=1',
		'X-A: 1',
		'X-C: 3',
		'x-b: 2',
		'set-cookie: b=2',
	]);
	const judgement = judgeAnswer(judgingOf(answer));
	assert.ok(judgement.stored);
	assert.equal(judgement.own?.toString(), 'Set-Cookie: a=1\r\nX-A: 1\r\nx-b: 2\r\nset-cookie: b=2\r\n');
	assert.doesNotMatch(judgement.stored.head.toString(), /^(?:set-cookie|x-[ab]):/im);
	const plain = judgeAnswer(judgingOf(answerOf(['Cache-Control: max-age=60', 'X-A: 1'])));
	assert.equal(plain.stored === null || plain.own, null);
});
