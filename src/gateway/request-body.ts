import type { BodyScan } from '../wire/body.ts';
import type { Output } from '../wire/output.ts';
import type { AttemptConnection } from './attempt.ts';
import { withoutRemoved } from './field-edits.ts';
import type { ReplayBody } from './replay-body.ts';
import type { Route } from './route.ts';

/** Payload from this size on is written from where it was read, if nothing else will be read there meanwhile. */
const IN_PLACE_BYTES = 16 * 1024;

/** What of an exchange its body is written by. */
export interface Sending {
	readonly body: BodyScan;
	readonly framing: { readonly chunked: boolean };
	readonly fetch: { readonly connection: AttemptConnection | null };
	readonly plane: { readonly rx: Buffer };
	readonly route: Pick<Route, 'request'> | null;
}

/** Writes the payload that the last scan of the request body found in `source`, framed for the instance. */
export function writePayload(exchange: Sending, source: Uint8Array, out: Output): void {
	const { body, framing } = exchange;
	const { ranges } = body;
	let total = 0;
	for (let i = 0; i < body.rangeCount; i++) total += (ranges[2 * i + 1] as number) - (ranges[2 * i] as number);
	const { connection } = exchange.fetch;
	if (!framing.chunked && total >= IN_PLACE_BYTES && source !== exchange.plane.rx && connection !== null) {
		out.flush(connection.transport);
		connection.transport.write(source.subarray(ranges[0], ranges[1]));
		return;
	}
	if (framing.chunked && total > 0) out.chunkSize(total);
	for (let i = 0; i < body.rangeCount; i++) out.copy(source, ranges[2 * i] as number, ranges[2 * i + 1] as number);
	if (!framing.chunked) return;
	if (total > 0) out.crlf();
	if (body.done) writeBodyEnd(exchange, out);
}

/** Writes once more what was sent of the body before. */
export function writeReplay(exchange: Sending, replay: ReplayBody, out: Output): void {
	replay.write(out, exchange.framing.chunked);
	if (exchange.body.done && exchange.framing.chunked) writeBodyEnd(exchange, out);
}

/** What ends a chunked body, its trailers included. */
function writeBodyEnd(exchange: Pick<Sending, 'body' | 'route'>, out: Output): void {
	const { trailers } = exchange.body;
	out.text('0\r\n');
	if (trailers === null) out.crlf();
	else out.bytes(withoutRemoved(trailers, exchange.route?.request ?? null));
}
