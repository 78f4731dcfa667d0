/** Reads answers with Ballast's own codec, and passes them on to a client, as its connections do. */
import type { Exchange } from '../../src/gateway/exchange.ts';
import { checkRequest, startBody } from '../../src/gateway/request-checks.ts';
import type { Requests } from '../../src/gateway/requests.ts';
import { bareRequests, exchangeOf } from '../../src/gateway/testing/bare-plane.ts';
import { BodyKind, BodyScan } from '../../src/wire/body.ts';
import { Framing } from '../../src/wire/framing.ts';
import { HeadFault } from '../../src/wire/head.ts';
import { ResponseHead } from '../../src/wire/response-head.ts';
import { fieldPairs } from '../../src/wire/testing/stream-reader.ts';
import { faultName, readBody, refused } from './our-reader.ts';
import type { Message, Reading } from './reading.ts';
import { WrittenTransport } from './written-transport.ts';

/** As `UpstreamConnection` has them. */
const FIELDS_MOST = 256;
const HEAD_MOST = 64 * 1024;

export class OurAnswerReader {
	readonly #requests: Requests = bareRequests();
	readonly #head = new ResponseHead(FIELDS_MOST);
	readonly #framing = new Framing('answers');
	readonly #scan = new BodyScan();

	/** The answers of 1xx and the one behind them, to a request of this method. */
	read(bytes: Buffer, method: string): Reading {
		const reading: Reading = { messages: [], end: 'open', why: '', starts: [0] };
		const written = new WrittenTransport();
		const exchange = this.#exchange(method, written);
		this.#readAll(reading, { bytes, method, exchange });
		const last = reading.messages.at(-1);
		if (last?.whole === true && Number(last.first) >= 200) last.passedOn = written.text;
		written.leave();
		return reading;
	}

	#readAll(reading: Reading, { bytes, method, exchange }: { bytes: Buffer; method: string; exchange: Exchange }): void {
		for (let at = 0; at < bytes.length; ) {
			const headEnd = this.#readHead(reading, { bytes, at });
			if (headEnd <= 0) return;
			const { status } = this.#head;
			const message = this.#begin(reading, bytes);
			if (status >= 200) {
				if (!this.#readBody(message, { bytes, headEnd, method, exchange })) refused(reading, 'body');
				return;
			}
			message.whole = true;
			// What follows it is another protocol's.
			if (status === 101) return;
			exchange.interim(this.#head, bytes);
			at = headEnd;
			reading.starts.push(at);
		}
	}

	#exchange(method: string, written: WrittenTransport): Exchange {
		const request = Buffer.from(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
		const exchange = exchangeOf(this.#requests, request) as Exchange;
		checkRequest(exchange);
		startBody(exchange, true);
		written.serve(exchange);
		return exchange;
	}

	/** Where the head is over; 0 or less: there is none, or none that is taken. */
	#readHead(reading: Reading, { bytes, at }: { bytes: Buffer; at: number }): number {
		const head = this.#head;
		const headEnd = head.parse(bytes, at, bytes.length);
		if (headEnd === HeadFault.incomplete) return 0;
		if (headEnd < 0) refused(reading, faultName(headEnd));
		else if (headEnd - at > HEAD_MOST) refused(reading, 'tooLarge');
		else if (!this.#framing.read(bytes, head.fields)) refused(reading, 'framing');
		else if ((this.#framing.chunked || this.#framing.foreign) && head.minor === 0 && head.status >= 200)
			refused(reading, 'chunks in HTTP/1.0');
		return reading.end === 'open' ? headEnd : 0;
	}

	#begin(reading: Reading, bytes: Buffer): Message {
		const head = this.#head;
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
		return message;
	}

	/** False: the body is refused. */
	#readBody(
		message: Message,
		{ bytes, headEnd, method, exchange }: { bytes: Buffer; headEnd: number; method: string; exchange: Exchange },
	): boolean {
		const scan = this.#scan;
		const kind = this.#bodyKind(method);
		scan.start(kind, this.#framing.contentLength);
		exchange.answerHead(this.#head, bytes, this.#framing, kind);
		const after = readBody(scan, { bytes, at: headEnd, message });
		if (after === 'bad') return false;
		// All that came is the body, where nothing but the end of the connection ends it.
		message.whole = after !== 'cut' || kind === BodyKind.untilClose;
		if (!message.whole) return true;
		if (scan.rangeCount > 0) exchange.answerBody(bytes, scan, false);
		exchange.flushAnswer();
		exchange.answerEnd(kind === BodyKind.chunked ? scan.trailers : null);
		return true;
	}

	/** RFC 9112 §6.3. */
	#bodyKind(method: string): number {
		const { status } = this.#head;
		if (status < 200 || method === 'HEAD' || status === 204 || status === 304) return BodyKind.none;
		if (this.#framing.chunked) return BodyKind.chunked;
		return this.#framing.contentLength >= 0 ? BodyKind.length : BodyKind.untilClose;
	}
}
