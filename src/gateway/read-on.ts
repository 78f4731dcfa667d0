import type { Exchange } from './exchange.ts';

/** Bytes of pipelined requests kept while an answer is under way; beyond it the socket is not read. */
const PIPELINE_BYTES = 16 * 1024;

/** Whether a client's socket is left unread while its request is under way: there is nowhere for more bytes to go. */
export function mustWait({ body, fetch, intake }: Exchange, inputBytes: number, left: boolean): boolean {
	const { connection } = fetch;
	if (intake !== null && !body.done) return left || !intake.ready;
	// While no instance has it some is read all the same, so that a client that leaves is noticed.
	if (body.done || connection === null) return inputBytes > PIPELINE_BYTES;
	return left || connection.transport.pending > 0;
}
