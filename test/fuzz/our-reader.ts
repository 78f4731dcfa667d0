/** Reads with Ballast's own codec and request checks, as its connections do. */

import { codeOf } from '../../src/core/refusal.ts';
import type { Destination } from '../../src/gateway/attempt.ts';
import type { Exchange } from '../../src/gateway/exchange.ts';
import { writePayload } from '../../src/gateway/request-body.ts';
import { checkRequest, startBody } from '../../src/gateway/request-checks.ts';
import type { Requests } from '../../src/gateway/requests.ts';
import { bareRequests, exchangeOf } from '../../src/gateway/testing/bare-plane.ts';
import { writeUpstreamHead } from '../../src/gateway/upstream-head.ts';
import { BODY_BAD, BodyKind, type BodyScan } from '../../src/wire/body.ts';
import { HeadFault } from '../../src/wire/head.ts';
import { Output } from '../../src/wire/output.ts';
import { fieldPairs } from '../../src/wire/testing/stream-reader.ts';
import type { Message, Pairs, Reading } from './reading.ts';

export const faultName = (fault: number): string =>
	Object.entries(HeadFault).find(([, value]) => value === fault)?.[0] ?? '';
/** Where requests are sent to. */
const INSTANCE = { authority: 'instance:1' } as Destination;

/** Where a body's bytes are over; `cut`: more are to come; `bad`: they are refused. */
type BodyEnd = number | 'cut' | 'bad';

export class OurReader {
	readonly #requests: Requests = bareRequests();
	readonly #out = new Output();

	requests(bytes: Buffer): Reading {
		const reading: Reading = { messages: [], end: 'open', why: '', starts: [0] };
		for (let at = 0; at < bytes.length && reading.end === 'open'; ) {
			const exchange = exchangeOf(this.#requests, bytes, at);
			if (exchange === HeadFault.incomplete) break;
			if (typeof exchange === 'number') return refused(reading, faultName(exchange));
			const after = this.#request(reading, { exchange, bytes, at });
			if (after < 0) break;
			at = after;
			reading.starts.push(at);
			this.#requests.give(exchange);
		}
		return reading;
	}

	/** Reads one request whose head is there. Returns where it is over; -1: nothing can follow. */
	#request(reading: Reading, { exchange, bytes, at }: { exchange: Exchange; bytes: Buffer; at: number }): number {
		const { head, body } = exchange;
		const headEnd = at + (exchange.head.end - exchange.head.start) + leadingLines(bytes, at);
		if (headEnd - at > this.#requests.plane.limits.headBytes) return fail(reading, 'tooLarge');
		const message: Message = {
			first: head.method(exchange.buffer),
			second: head.target(exchange.buffer),
			version: `1.${String.fromCharCode(exchange.buffer[head.lineEnd - 3] as number)}`,
			fields: fieldPairs(exchange.buffer, head.fields),
			body: '',
			trailers: [],
			whole: false,
			keeps: true,
		};
		const fault = checkRequest(exchange);
		if (fault !== null) return fail(reading, codeOf(fault));
		reading.messages.push(message);
		startBody(exchange, true);
		const after = readBody(body, { bytes, at: headEnd, message });
		if (after === 'bad') return fail(reading, 'body');
		if (after === 'cut') return -1;
		message.passedOn = this.#passOn(exchange, bytes);
		message.keeps = !exchange.closing;
		if (exchange.closing) reading.end = 'closed';
		return after;
	}

	#passOn(exchange: Exchange, bytes: Buffer): string {
		const out = this.#out;
		out.length = 0;
		writeUpstreamHead(out, exchange, INSTANCE);
		writePayload(exchange, bytes, out);
		return out.buffer.toString('latin1', 0, out.length);
	}
}

export function readBody(
	scan: BodyScan,
	{ bytes, at, message }: { bytes: Buffer; at: number; message: Message },
): BodyEnd {
	const after = scan.scan(bytes, at, bytes.length);
	if (after === BODY_BAD) return 'bad';
	for (let i = 0; i < scan.rangeCount; i++)
		message.body += bytes.toString('latin1', scan.ranges[2 * i], scan.ranges[2 * i + 1]);
	if (!scan.done) return 'cut';
	if (scan.kind === BodyKind.chunked && scan.trailers !== null) message.trailers = trailersOf(scan.trailers);
	message.whole = true;
	return after;
}

const trailersOf = (section: Buffer): Pairs =>
	section
		.toString('latin1')
		.split('\r\n')
		.filter((line) => line !== '')
		.map((line) => {
			const [name = '', ...value] = line.split(': ');
			return [name, value.join(': ')];
		});

/** Bytes of the empty lines that may stand before a request. */
function leadingLines(bytes: Buffer, at: number): number {
	let after = at;
	while (bytes[after] === 13 && bytes[after + 1] === 10) after += 2;
	return after - at;
}

export function refused(reading: Reading, why: string): Reading {
	reading.end = 'refused';
	reading.why = why;
	return reading;
}

function fail(reading: Reading, why: string): -1 {
	refused(reading, why);
	return -1;
}
