import type { CacheRequest } from './cache-request.ts';

/** Longer references are not looked at. */
const LENGTH_MOST = 8192;

/** The target of a reference in an answer to this request, as it would be forwarded; null: of another origin, or no URI. */
export function ownTarget({ buffer, client, ...request }: CacheRequest, reference: string): string | null {
	if (reference.length > LENGTH_MOST) return null;
	const host = buffer.toString('latin1', request.hostStart, request.hostEnd);
	const target = buffer.toString('latin1', request.targetStart, request.targetEnd);
	const base = `${client.secure ? 'https' : 'http'}://${host === '' ? 'localhost' : host}`;
	if (!URL.canParse(base)) return null;
	const origin = new URL(base);
	const url = URL.parse(reference, `${base}${target.startsWith('/') ? target : '/'}`);
	if (url === null || url.protocol !== origin.protocol || url.host !== origin.host) return null;
	return url.pathname + url.search;
}
