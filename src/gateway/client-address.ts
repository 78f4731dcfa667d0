import type { Fields } from '../wire/head.ts';
import type { Trust } from './forwarded.ts';

/** What of a request its client's address is told from. */
export interface Addressed {
	readonly buffer: Uint8Array;
	readonly head: { readonly fields: Fields };
	readonly client: { readonly trusted: boolean; readonly address: string };
	readonly plane: { readonly trust: Trust };
}

/**
 * The client's address: the peer's, or what a trusted proxy says. All lines of X-Forwarded-For count as one list: some
 * proxies add a line of their own behind that of the client, which may say anything.
 */
export function clientAddress({ buffer, head, client, plane }: Addressed): string {
	return client.trusted
		? plane.trust.client(client.address, head.fields.list(buffer, 'x-forwarded-for'))
		: client.address;
}
