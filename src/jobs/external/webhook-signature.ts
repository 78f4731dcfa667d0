/** Whether a webhook is from who it says. Pure. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SignaturePolicy } from './external-policy.ts';

export interface ReceivedWebhook {
	/** Fields by lower-case name. */
	fields: Readonly<Record<string, string>>;
	body: Uint8Array;
}

export type SignatureFault = 'signature_missing' | 'signature_wrong' | 'timestamp_missing' | 'timestamp_far';

/** What is wrong with it; null: nothing. `eventId`: field with its id, which may be signed too. */
export function checkSignature(
	{ fields, body }: ReceivedWebhook,
	policy: SignaturePolicy,
	{ nowMs, eventId }: { nowMs: number; eventId: string | null },
): SignatureFault | null {
	const given = fields[policy.header];
	if (given === undefined) return 'signature_missing';
	let stamp = '';
	if (policy.timestamp !== null) {
		stamp = fields[policy.timestamp.header] ?? '';
		const toldMs = timeOf(stamp);
		if (toldMs === null) return 'timestamp_missing';
		if (Math.abs(nowMs - toldMs) > policy.timestamp.toleranceMs) return 'timestamp_far';
	}
	const before = policy.over === 'body' ? '' : `${eventId === null ? '' : (fields[eventId] ?? '')}.${stamp}.`;
	const offered = policy.format === 'standard' ? given.split(' ').slice(0, 10) : [given];
	const digests = policy.secrets
		.flatMap((secret) => keysOf(secret, policy))
		.map((key) => createHmac('sha256', key).update(before).update(body).digest());
	const fits = offered.some((text) => {
		const bytes = signatureBytes(text, policy.format);
		return bytes !== null && digests.some((digest) => bytes.length === digest.length && timingSafeEqual(bytes, digest));
	});
	return fits ? null : 'signature_wrong';
}

/** Standard Webhooks write the key in base64 behind `whsec_`; all others mean the text, and not all say whether with that prefix. */
function keysOf(secret: string, { format }: SignaturePolicy): (Buffer | string)[] {
	const bare = secret.replace(/^whsec_/, '');
	if (format === 'standard') return [Buffer.from(bare, 'base64')];
	return bare === secret ? [secret] : [secret, bare];
}

function signatureBytes(text: string, format: SignaturePolicy['format']): Buffer | null {
	if (format === 'hex') return /^(sha256=)?[0-9a-f]{64}$/i.test(text) ? Buffer.from(text.slice(-64), 'hex') : null;
	if (format === 'standard' && !text.startsWith('v1,')) return null;
	const base64 = format === 'standard' ? text.slice(3) : text;
	return /^[A-Za-z0-9+/_-]{43}=?$/.test(base64) ? Buffer.from(base64, 'base64') : null;
}

/** Seconds or milliseconds since 1970, or a date. */
function timeOf(text: string): number | null {
	const number = /^\d{9,14}$/.test(text) ? Number(text) : Number.NaN;
	const ms = Number.isNaN(number) ? Date.parse(text) : number < 1e11 ? number * 1000 : number;
	return Number.isNaN(ms) ? null : ms;
}
