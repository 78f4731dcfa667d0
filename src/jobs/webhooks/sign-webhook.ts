import { createHmac } from 'node:crypto';

/** Bytes of a secret, https://www.standardwebhooks.com. */
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

/** The bytes of `whsec_` and base64 of 24 to 64 bytes; null: it is no such text. */
export function parseWebhookSecret(text: string): Buffer | null {
	const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
	if (base64 === undefined) return null;
	const bytes = Buffer.from(base64, 'base64');
	const whole = bytes.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '');
	return whole && bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES ? bytes : null;
}

/** Fields that tell a receiver whose a webhook is and when it was sent, one signature for each secret. */
export function signWebhook(
	secrets: readonly Buffer[],
	id: string,
	of: { body: string; nowMs: number },
): Record<string, string> {
	const timestamp = String(Math.floor(of.nowMs / 1000));
	const signed = `${id}.${timestamp}.${of.body}`;
	const signatures = secrets.map((secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`);
	return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
