import assert from 'node:assert/strict';
import test from 'node:test';
import { parseWebhookSecret, signWebhook } from './sign-webhook.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('the example of the standard', () => {
	const secret = parseWebhookSecret(SECRET) as Buffer;
	const of = { body: '{"test": 2432232314}', nowMs: 1_614_265_330_999 };
	assert.deepEqual(signWebhook([secret], 'msg_p5jXN8AQM9LWM0D4loKWxJek', of), {
		'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
		'webhook-timestamp': '1614265330',
		'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
	});
});

test('while one secret takes the place of another both sign', () => {
	const [one, other] = [Buffer.alloc(24, 1), Buffer.alloc(64, 2)];
	const of = { body: '{}', nowMs: 0 };
	const both = signWebhook([one, other], 'a', of)['webhook-signature'];
	const each = [one, other].map((secret) => signWebhook([secret], 'a', of)['webhook-signature']);
	assert.equal(both, each.join(' '));
});

test('secrets', () => {
	assert.equal(parseWebhookSecret(SECRET)?.length, 24);
	for (const bytes of [24, 32, 64])
		assert.equal(parseWebhookSecret(`whsec_${Buffer.alloc(bytes, 7).toString('base64')}`)?.length, bytes);
	for (const bytes of [0, 23, 65])
		assert.equal(parseWebhookSecret(`whsec_${Buffer.alloc(bytes, 7).toString('base64')}`), null, `${bytes}`);
	for (const text of ['', 'secret', SECRET.slice(6), `${SECRET} `, `${SECRET}=`.replace('whsec_', 'whsec-')])
		assert.equal(parseWebhookSecret(text), null, text);
});
