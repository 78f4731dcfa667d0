/** What the echoing instances and the clients that check them agree on. */

/** How an instance deals with a request; the client says so in the query. */
export const DEEDS = [
	'ok',
	'chunked',
	'close',
	'early',
	'hints',
	'late',
	'never',
	'reset',
	'end',
	'half-head',
	'cut',
	'cut-chunked',
	'cut-reset',
	'error',
	'die',
	'big',
] as const;
export type Deed = (typeof DEEDS)[number];

/** A text that no other id's text contains a piece of: `id.id.id…`, so long. */
export function textOf(id: string, length: number): string {
	return `${id}.`.repeat(Math.ceil(length / (id.length + 1))).slice(0, length);
}

/** Length of the answer of the deed `big`: more than the buffers of all sockets on the way hold. */
export const BIG_BYTES = 48_000_000;
