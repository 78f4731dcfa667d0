/** Reads with Ballast's own codec and request checks, as its connections do. */

import type { Exchange } from '../../src/gateway/exchange.ts';
import { checkRequest, startBody } from '../../src/gateway/request-checks.ts';
import type { Requests } from '../../src/gateway/requests.ts';
import { bareRequests, exchangeOf } from '../../src/gateway/testing/bare-plane.ts';
import { BODY_BAD, BodyKind, BodyScan } from '../../src/wire/body.ts';
import { Framing } from '../../src/wire/framing.ts';
import { HeadFault } from '../../src/wire/head.ts';
import { ResponseHead } from '../../src/wire/response-head.ts';
import { fieldPairs } from '../../src/wire/testing/stream-reader.ts';
import type { Message, Pairs, Reading } from './reading.ts';

const faultName = (fault: number): string => Object.entries(HeadFault).find(([, value]) => value === fault)?.[0] ?? '';
const FIELDS_MOST = 256;

/** Where a body's bytes are over; `cut`: more are to come; `bad`: they are refused. */
type BodyEnd = number | 'cut' | 'bad';

export class OurReader {
	readonly #requests: Requests = bareRequests();
	readonly #response = new ResponseHead(FIELDS_MOST);
	readonly #framing = new Framing();
	readonly #scan = new BodyScan();

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
		if (fault !== null) return fail(reading, fault);
		reading.messages.push(message);
		startBody(exchange, true);
		const after = readBody(body, { bytes, at: headEnd, message });
		if (after === 'bad') return fail(reading, 'body');
		if (after === 'cut') return -1;
		message.keeps = !exchange.closing;
		if (exchange.closing) reading.end = 'closed';
		return after;
	}

	/** The answers of 1xx and the one behind them. */
	response(bytes: Buffer, method: string): Reading {
		const reading: Reading = { messages: [], end: 'open', why: '', starts: [0] };
		for (let at = 0; at < bytes.length; ) {
			const head = this.#response;
			const headEnd = head.parse(bytes, at, bytes.length);
			if (headEnd === HeadFault.incomplete) return reading;
			if (headEnd < 0) return refused(reading, faultName(headEnd));
			if (!this.#framing.read(bytes, head.fields)) return refused(reading, 'framing');
			if (this.#framing.chunked && head.minor === 0 && head.status >= 200)
				return refused(reading, 'chunks in HTTP/1.0');
			const [, reason = ''] = /^\d{3} ?(.*)$/.exec(bytes.toString('latin1', head.statusAt, head.reasonEnd)) ?? [];
			const message: Message = {
				first: String(head.status),
				second: reason,
				version: bytes.toString('latin1', head.start + 5, head.start + 8),
				fields: fieldPairs(bytes, head.fields),
				body: '',
				trailers: [],
				whole: false,
				keeps: true,
			};
			reading.messages.push(message);
			this.#scan.start(this.#responseBody(method), this.#framing.contentLength);
			const after = readBody(this.#scan, { bytes, at: headEnd, message });
			if (after === 'bad') return refused(reading, 'body');
			if (after === 'cut') {
				// All that came is the body, where nothing but the end of the connection ends it.
				message.whole = this.#scan.kind === BodyKind.untilClose;
				return reading;
			}
			if (head.status >= 200 || head.status === 101) return reading;
			at = after;
			reading.starts.push(at);
		}
		return reading;
	}

	/** RFC 9112 §6.3. */
	#responseBody(method: string): number {
		const { status } = this.#response;
		if (status < 200 || method === 'HEAD' || status === 204 || status === 304) return BodyKind.none;
		if (this.#framing.chunked) return BodyKind.chunked;
		return this.#framing.contentLength >= 0 ? BodyKind.length : BodyKind.untilClose;
	}
}

function readBody(scan: BodyScan, { bytes, at, message }: { bytes: Buffer; at: number; message: Message }): BodyEnd {
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

function refused(reading: Reading, why: string): Reading {
	reading.end = 'refused';
	reading.why = why;
	return reading;
}

function fail(reading: Reading, why: string): -1 {
	refused(reading, why);
	return -1;
}
