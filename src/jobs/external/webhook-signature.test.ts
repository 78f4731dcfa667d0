import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { SignaturePolicy } from './external-policy.ts';
import { checkSignature } from './webhook-signature.ts';

const NOW = 1_700_000_000_000;
const BODY = Buffer.from('{"a":1}');
const POLICY: SignaturePolicy = {
	header: 'x-signature',
	format: 'hex',
	over: 'body',
	timestamp: { header: 'x-time', toleranceMs: 300_000 },
	secrets: ['whsec_new', 'old'],
};
const hmac = (key: string | Buffer, what: string | Buffer): Buffer => createHmac('sha256', key).update(what).digest();
const check = (fields: Record<string, string>, policy = POLICY): string | null =>
	checkSignature({ fields: { 'x-time': String(NOW / 1000), ...fields }, body: BODY }, policy, {
		nowMs: NOW,
		eventId: 'x-id',
	});

test('hex of the body, by any of the keys, with and without their prefix', () => {
	for (const key of ['whsec_new', 'new', 'old'])
		assert.equal(check({ 'x-signature': hmac(key, BODY).toString('hex') }), null);
	assert.equal(check({ 'x-signature': hmac('other', BODY).toString('hex') }), 'signature_wrong');
	for (const nonsense of ['', 'x', 'f'.repeat(64), 'f'.repeat(100_000)])
		assert.equal(check({ 'x-signature': nonsense }), 'signature_wrong');
	assert.equal(check({}), 'signature_missing');
});

test('its time is of now', () => {
	const fields = { 'x-signature': hmac('old', BODY).toString('hex') };
	const at = (time: string): string | null => check({ ...fields, 'x-time': time });
	assert.equal(at(String(NOW / 1000 - 300)), null);
	assert.equal(at(String(NOW + 1000)), null);
	assert.equal(at(String(NOW / 1000 - 301)), 'timestamp_far');
	assert.equal(at(String(NOW / 1000 + 301)), 'timestamp_far');
	assert.equal(at('soon'), 'timestamp_missing');
});

test('as Standard Webhooks write it: several signatures, over id, time and body', () => {
	const secret = Buffer.from('a key of 24 bytes or more').toString('base64');
	const policy: SignaturePolicy = {
		...POLICY,
		format: 'standard',
		over: 'id.timestamp.body',
		secrets: [`whsec_${secret}`],
	};
	const good = hmac(Buffer.from(secret, 'base64'), `evt_1.${NOW / 1000}.${BODY}`).toString('base64');
	assert.equal(check({ 'x-id': 'evt_1', 'x-signature': `v1,${'A'.repeat(43)}= v1,${good}` }, policy), null);
	assert.equal(check({ 'x-id': 'evt_2', 'x-signature': `v1,${good}` }, policy), 'signature_wrong');
	assert.equal(check({ 'x-id': 'evt_1', 'x-signature': good }, policy), 'signature_wrong');
});
