/** Bodies and signatures of webhooks. */
import { createHmac } from 'node:crypto';
import type { Event } from './records.ts';

/** The body of a webhook, as it is signed. */
export function webhookBody({ eventId, eventType, eventData, createdAtMs }: Event): string {
	return JSON.stringify({
		event_id: eventId,
		event_type: eventType,
		event_data: eventData,
		created_at: new Date(createdAtMs).toISOString(),
	});
}

/** `Heygen-Signature`: hexadecimal HMAC-SHA256 of the body. */
export function signatureOf(body: string, secret: string, prefixInKey: boolean): string {
	const key = prefixInKey ? secret : secret.replace(/^whsec_/, '');
	return createHmac('sha256', key).update(body).digest('hex');
}
