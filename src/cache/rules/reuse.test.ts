import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CachePolicy } from '../cache-policy.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import { Reuse, Verdict } from './reuse.ts';
import { controlOf, date, NOW, policyOf, requestOf } from './testing/messages.ts';
import { storedOf } from './testing/stored.ts';

interface Case {
	lines?: string[];
	policy?: CachePolicy;
	atS: number;
	staleFromMs?: number;
}

const names = new Map(Object.entries(Verdict).map(([name, value]) => [value, name]));

function judge(answer: StoredAnswer, { lines = [], policy = policyOf(), atS, staleFromMs = 0 }: Case): Reuse {
	const reuse = new Reuse();
	const control = controlOf(requestOf(lines));
	reuse.judge({ answer, staleFromMs }, { control, policy, nowMs: NOW + atS * 1000 });
	return reuse;
}

const verdict = (answer: StoredAnswer, asked: Case): string => names.get(judge(answer, asked).verdict) as string;
const cc = (value: string): string[] => [`Cache-Control: ${value}`];

test('fresh until the lifetime is over, not one ms longer', () => {
	const answer = storedOf(cc('max-age=60'));
	assert.equal(verdict(answer, { atS: 0 }), 'fresh');
	assert.equal(verdict(answer, { atS: 59.999 }), 'fresh');
	assert.equal(verdict(answer, { atS: 60 }), 'revalidate');
	assert.equal(judge(answer, { atS: 59.2 }).ageMs, 59_200);
	assert.equal(judge(answer, { atS: 70 }).ttlMs, -10_000);
	assert.equal(judge(answer, { atS: -70 }).ageMs, 0, 'a clock that went back');
});

test('a lifetime that a policy invented is worth what the policy of who asks invents', () => {
	const lifetime = (seconds: number) => ({ ms: seconds * 1000, statuses: [200], byStatus: {} });
	const swr = { staleWhileRevalidateMs: 60_000, staleIfErrorMs: 60_000, staleIfUnreachableMs: 60_000 };
	const overridden = storedOf(cc('max-age=1'), { policy: policyOf({ override: lifetime(600) }) });
	const silent = storedOf(['X: 1'], { policy: policyOf({ silent: lifetime(600) }) });
	const windows = storedOf(['X: 1'], { policy: policyOf({ silent: lifetime(600), ...swr }) });
	for (const answer of [overridden, silent, windows]) {
		const plain = judge(answer, { policy: policyOf(swr), atS: 0 });
		assert.equal(plain.verdict, Verdict.revalidate, 'nothing was invented here');
		assert.deepEqual([plain.ifError, plain.ifUnreachable, plain.refreshAhead], [false, false, false]);
	}
	for (const answer of [overridden, silent]) {
		assert.equal(verdict(answer, { policy: policyOf({ silent: lifetime(600) }), atS: 599 }), 'fresh');
		assert.equal(verdict(answer, { policy: policyOf({ override: lifetime(60) }), atS: 59 }), 'fresh');
		assert.equal(verdict(answer, { policy: policyOf({ override: lifetime(60) }), atS: 60 }), 'revalidate');
		const longer = policyOf({ override: lifetime(9000) });
		assert.equal(verdict(answer, { policy: longer, atS: 601 }), 'revalidate', 'no longer than it was given');
	}
	const guess = { share: 0.1, mostMs: 86_400_000 };
	const guessed = storedOf([`Last-Modified: ${date(-1000)}`], { policy: policyOf({ heuristic: guess }) });
	assert.equal(verdict(guessed, { policy: policyOf({ heuristic: guess }), atS: 99 }), 'fresh');
	assert.equal(verdict(guessed, { atS: 0 }), 'revalidate');
	assert.equal(verdict(storedOf(cc('max-age=60')), { policy: policyOf({ override: lifetime(1) }), atS: 9 }), 'fresh');
});

test('what the client wants (RFC 9111 §5.2.1)', () => {
	const answer = storedOf([...cc('max-age=600'), 'Age: 100', `Date: ${date(-100)}`]);
	const cases: [string[], number, string][] = [
		[cc('max-age=0'), 0, 'revalidate'],
		[cc('max-age=50'), 0, 'revalidate'],
		[cc('max-age=100'), 0, 'fresh'],
		[cc('max-age="50"'), 0, 'revalidate'],
		[cc('max-age=x'), 0, 'revalidate'],
		[cc('no-cache'), 0, 'revalidate'],
		[cc('nothing-to-see-here'), 0, 'fresh'],
		[['Pragma: no-cache'], 0, 'revalidate'],
		[['Pragma: no-cache', 'Cache-Control: max-age=500'], 0, 'fresh'],
		[['Pragma: unrecognised'], 0, 'fresh'],
		[cc('min-fresh=500'), 0, 'fresh'],
		[cc('min-fresh=501'), 0, 'revalidate'],
		[cc('min-fresh=99999999999999999999'), 0, 'revalidate'],
		[cc('max-stale=10'), 505, 'stale'],
		[cc('max-stale=10'), 511, 'revalidate'],
		[cc('max-stale'), 5000, 'stale'],
		[cc('max-stale=x'), 505, 'revalidate'],
		[cc('only-if-cached'), 0, 'fresh'],
		[cc('only-if-cached'), 505, 'onlyIfCached'],
		[cc('only-if-cached, max-stale=10'), 505, 'stale'],
	];
	for (const [lines, atS, expected] of cases) assert.equal(verdict(answer, { lines, atS }), expected, lines.join());
	const policy = policyOf({ obeyClients: false });
	for (const value of ['max-age=0', 'no-cache', 'min-fresh=1000', 'only-if-cached'])
		assert.equal(verdict(answer, { lines: cc(value), atS: 0, policy }), 'fresh', value);
	assert.equal(verdict(answer, { lines: cc('max-stale'), atS: 505, policy }), 'revalidate');
});

test('stale answers end at their windows and yield to what the origin demands (RFC 5861)', () => {
	const windows = 'max-age=60, stale-while-revalidate=30, stale-if-error=90';
	const answer = storedOf(cc(windows));
	assert.equal(verdict(answer, { atS: 89.9 }), 'revalidateBehind');
	assert.equal(verdict(answer, { atS: 90 }), 'revalidate');
	assert.equal(judge(answer, { atS: 149.9 }).ifError, true);
	assert.equal(judge(answer, { atS: 150 }).ifError, false);
	assert.equal(judge(answer, { atS: 10 }).ifError, true, 'what is fresh may be given anyhow');
	assert.equal(judge(answer, { atS: 100, lines: cc('no-cache') }).ifError, false);
	for (const word of ['must-revalidate', 'proxy-revalidate', 's-maxage=60', 'no-cache']) {
		const bound = storedOf([...cc(`${windows}, ${word}`), 'ETag: "a"']);
		const policy = policyOf({ staleIfUnreachableMs: 1e6 });
		const reuse = judge(bound, { atS: 70, policy });
		assert.deepEqual([reuse.verdict, reuse.ifError, reuse.ifUnreachable], [Verdict.revalidate, false, false], word);
		assert.equal(verdict(bound, { atS: 70, lines: cc('max-stale') }), 'revalidate', word);
	}
	const unreachable = policyOf({ staleIfUnreachableMs: 10_000 });
	assert.equal(judge(storedOf(cc('max-age=60')), { atS: 69, policy: unreachable }).ifUnreachable, true);
	assert.equal(judge(storedOf(cc('max-age=60')), { atS: 70, policy: unreachable }).ifUnreachable, false);
	assert.equal(judge(storedOf(cc('max-age=60')), { atS: 61 }).ifUnreachable, false);
});

test('windows by policy take the place of those of the origin', () => {
	const policy = policyOf({ staleWhileRevalidateMs: 5000, staleIfErrorMs: 0 });
	const answer = storedOf(cc('max-age=60, stale-while-revalidate=30, stale-if-error=90'), { policy });
	assert.equal(verdict(answer, { atS: 64, policy }), 'revalidateBehind');
	assert.equal(verdict(answer, { atS: 65, policy }), 'revalidate');
	assert.equal(judge(answer, { atS: 64, policy }).ifError, false);
});

test('a soft purge makes stale from its time on', () => {
	const answer = storedOf(cc('max-age=60, stale-while-revalidate=30'));
	const staleFromMs = NOW + 20_000;
	assert.equal(verdict(answer, { atS: 19, staleFromMs }), 'fresh');
	assert.equal(verdict(answer, { atS: 20, staleFromMs }), 'revalidateBehind');
	assert.equal(verdict(answer, { atS: 50, staleFromMs }), 'revalidate');
});

test('refresh ahead', () => {
	const answer = storedOf(cc('max-age=100'));
	const policy = policyOf({ refreshAhead: 0.1 });
	assert.equal(judge(answer, { atS: 89, policy }).refreshAhead, false);
	assert.equal(judge(answer, { atS: 91, policy }).refreshAhead, true);
	assert.equal(judge(answer, { atS: 101, policy }).refreshAhead, false);
});

test('no arithmetic of ages and lifetimes overflows or goes below zero', () => {
	const digits = fc.stringMatching(/^[0-9]{1,40}$/);
	const property = fc.property(digits, digits, fc.integer({ min: -1e6, max: 1e9 }), (maxAge, age, atS) => {
		const lines = [...cc(`max-age=${maxAge}, stale-while-revalidate=${age}`), `Age: ${age}`, 'ETag: "a"'];
		const answer = storedOf(lines);
		assert.ok(Number.isSafeInteger(answer.freshMs) && answer.freshMs <= 2 ** 31 * 1000);
		assert.ok(Number.isSafeInteger(answer.initialAgeMs) && answer.initialAgeMs >= 0);
		const reuse = judge(answer, { atS });
		assert.ok(reuse.ageMs >= answer.initialAgeMs && Number.isSafeInteger(reuse.ageMs));
		assert.equal(reuse.verdict === Verdict.fresh, answer.freshMs > reuse.ageMs);
	});
	fc.assert(property, { numRuns: 200 });
});
