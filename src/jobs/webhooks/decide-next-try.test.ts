import assert from 'node:assert/strict';
import test from 'node:test';
import type { WebhookAnswer } from './call-webhook.ts';
import { decideNextTry } from './decide-next-try.ts';
import { WEBHOOK_PAUSES_MS } from './webhooks-config.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const said = (status: number, retryAfter?: string): WebhookAnswer => ({ kind: 'answered', status, retryAfter });
const next = (answer: WebhookAnswer, tries = 1, random = 0) =>
	decideNextTry(answer, { tries, pausesMs: WEBHOOK_PAUSES_MS }, { nowMs: NOW_MS, random });
const afterMs = (...of: Parameters<typeof next>): number | null => {
	const found = next(...of);
	return found.kind === 'again' ? found.afterMs : null;
};

test('only 2xx is taken; 410 ends it, all others are tried again', () => {
	for (const status of [200, 202, 204, 299]) assert.equal(next(said(status)).kind, 'told', `${status}`);
	for (const status of [301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
		assert.equal(next(said(status)).kind, 'again', `${status}`);
	assert.deepEqual(next(said(410)), { kind: 'given_up', why: 'the receiver answered 410', gone: true });
	assert.equal(next({ kind: 'failed', why: 'did not answer in time' }).kind, 'again');
	assert.equal(next({ kind: 'refused', reason: 'loopback' }).kind, 'again');
});

test('ten tries over some days, up to a fifth later', () => {
	const [s, m, h] = [1000, 60_000, 3_600_000];
	const pauses = [5 * s, 5 * m, 30 * m, 2 * h, 5 * h, 10 * h, 14 * h, 20 * h, 24 * h];
	for (const [at, pause] of pauses.entries()) {
		assert.equal(afterMs(said(500), at + 1), pause);
		assert.equal(afterMs(said(500), at + 1, 1), pause * 1.2);
	}
	assert.equal(next(said(500), 10).kind, 'given_up');
});

test('Retry-After puts it off, up to a day', () => {
	assert.equal(afterMs(said(503, '60')), 60_000);
	assert.equal(afterMs(said(503, '1')), 5000);
	assert.equal(afterMs(said(429, new Date(NOW_MS + 90_000).toUTCString())), 90_000);
	assert.equal(afterMs(said(503, '999999999')), 86_400_000);
	for (const none of ['', '-5', 'soon', '1e9', new Date(NOW_MS - 90_000).toUTCString()])
		assert.equal(afterMs(said(503, none)), 5000, none);
});
