import assert from 'node:assert/strict';
import test from 'node:test';
import { cancelAfterMs, hashOf, idempotencyKey } from './idempotency.ts';
import { parsePrefer } from './prefer.ts';

test('Prefer: what is asked for, and what is left for others', () => {
	for (const [list, async, waitS, rest] of [
		['respond-async', true, null, ''],
		['Respond-Async, wait=10', true, 10, ''],
		['wait="5", wait=9, return=minimal; foo="a, b"', false, 5, 'return=minimal; foo="a, b"'],
		['wait=100000', false, 60, ''],
		['wait=soon', false, null, ''],
		['wait', false, null, ''],
		['x="respond-async, wait=3"', false, null, 'x="respond-async, wait=3"'],
		['respond-async; a=b', true, null, ''],
		['', false, null, ''],
		[',, ,', false, null, ''],
		['"unclosed', false, null, 'unclosed'],
		[`respond-async, ${'"\\'.repeat(600)}`, false, null, `respond-async, ${'"\\'.repeat(600)}`],
	] as const)
		assert.deepEqual(parsePrefer(list), { async, waitS, rest }, list);
});

test('Idempotency-Key: a string of Structured Fields, or bare', () => {
	assert.deepEqual(idempotencyKey('"a \\"b\\" \\\\c"'), { key: 'a "b" \\c' });
	for (const key of ['8e03978e-40d5-43dd-bc93-6894a57f9324', 'x'.repeat(255)])
		assert.deepEqual(idempotencyKey(key), { key });
	for (const [fault, ...wrong] of [
		['empty', '', '""'],
		['too_long', 'x'.repeat(256), `"${'x'.repeat(256)}"`],
		['characters', '"', 'a b', 'a, b', 'a"b', '"a"b', 'é'],
	] as const)
		for (const one of wrong) assert.deepEqual(idempotencyKey(one), { fault }, one);
});

test('no two lists of parts have one hash', () => {
	assert.notEqual(hashOf('a', 'bc'), hashOf('ab', 'c'));
	assert.notEqual(hashOf('a'), hashOf('a', ''));
	assert.equal(hashOf('a', 'b'), hashOf('a', 'b'));
});

test('Cancel-After: seconds or a duration', () => {
	assert.deepEqual(['30', '1m30s', '5s'].map(cancelAfterMs), [30_000, 90_000, 5000]);
	for (const far of ['999999999', '99999999999999999999d', `${'9'.repeat(400)}d`])
		assert.ok(new Date(Date.now() + (cancelAfterMs(far) ?? Number.NaN)).getUTCFullYear() < 2100, far);
	for (const wrong of ['', '0', '-1', 'soon', '1.5.2s']) assert.equal(cancelAfterMs(wrong), undefined, wrong);
});
