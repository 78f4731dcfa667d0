import type { Output } from '../wire/output.ts';
import type { Exchange } from './exchange.ts';
import { withoutRemoved } from './route.ts';

/** Payload from this size on is written from where it was read, if nothing else will be read there meanwhile. */
const IN_PLACE_BYTES = 16 * 1024;

/** Writes the payload that the last scan of the request body found in `source`, framed for the instance. */
export function writePayload(exchange: Exchange, source: Uint8Array, out: Output): void {
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
	if (!body.done) return;
	out.text('0\r\n');
	if (body.trailers === null) out.crlf();
	else out.bytes(withoutRemoved(body.trailers, exchange.route?.request ?? null));
}
