import type { Fields } from '../wire/head.ts';
import { type Trust, toldAddress } from './forwarded.ts';

/** What of a request its client's address is told from. */
export interface Addressed {
	readonly buffer: Uint8Array;
	readonly head: { readonly fields: Fields };
	readonly client: { readonly trusted: boolean; readonly address: string; readonly addressField: string };
	readonly plane: { readonly trust: Trust };
}

/**
 * The client's address: the peer's, or what a trusted proxy says. All lines of X-Forwarded-For count as one list: some
 * proxies add a line of their own behind that of the client, which may say anything.
 */
export function clientAddress(request: Addressed): string {
	const { buffer, head, client, plane } = request;
	if (!client.trusted) return client.address;
	return addressTold(request) ?? plane.trust.client(client.address, head.fields.list(buffer, 'x-forwarded-for'));
}

/** What a CDN says in its own field; null: the peer is none, or says nothing that is one address. */
export function addressTold({ buffer, head, client }: Pick<Addressed, 'buffer' | 'head' | 'client'>): string | null {
	if (client.addressField === '') return null;
	// Several lines are a list with commas, and no address.
	const value = head.fields.list(buffer, client.addressField);
	return value === undefined ? null : toldAddress(client.addressField, value);
}
