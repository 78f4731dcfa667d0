/** Reads a connection's bytes with the codec, for tests: what a connection does, without anything behind it. */
import { BODY_BAD, BodyKind, BodyScan } from '../body.ts';
import { Framing } from '../framing.ts';
import { type Fields, HeadFault, STRIDE } from '../head.ts';
import { RequestHead } from '../request-head.ts';
import { ResponseHead } from '../response-head.ts';

/** A message as it was read. Text of one byte a character. */
export interface ReadMessage {
	/** `GET /a HTTP/1.1`, `200 OK`. */
	line: string;
	fields: [name: string, value: string][];
	payload: string;
	trailers: string | null;
	/** Its body has ended. */
	whole: boolean;
}

export interface ReadStream {
	messages: ReadMessage[];
	/** How it ended: all was read and more may come, or why it was refused. */
	end: 'open' | 'bad' | 'tooLarge' | 'targetTooLong' | 'version' | 'framing' | 'body';
	/** Bytes of a message whose head is not whole. */
	rest: string;
}

const FAULTS = new Map(Object.entries(HeadFault).map(([name, fault]) => [fault as number, name as ReadStream['end']]));
/** Fields and bytes of a target, as the node's defaults. */
const FIELDS_MOST = 100;
const TARGET_MOST = 8192;

export function fieldPairs(buffer: Buffer, fields: Fields): [string, string][] {
	return Array.from({ length: fields.count }, (_, i) => [
		buffer.toString('latin1', fields.table[i * STRIDE], fields.table[i * STRIDE + 1]),
		fields.valueAt(buffer, i),
	]);
}

export class StreamReader {
	readonly result: ReadStream = { messages: [], end: 'open', rest: '' };
	readonly #request = new RequestHead(FIELDS_MOST);
	readonly #response = new ResponseHead(FIELDS_MOST);
	readonly #framing = new Framing();
	readonly #body = new BodyScan();
	readonly #methods: string[] | null;
	#message: ReadMessage | null = null;
	#kept: Buffer = Buffer.alloc(0);

	/** `methods`: of the requests that these are responses to; null: these are requests. */
	constructor(methods: readonly string[] | null = null) {
		this.#methods = methods === null ? null : [...methods];
	}

	feed(bytes: Buffer): void {
		let buffer = this.#kept.length > 0 ? Buffer.concat([this.#kept, bytes]) : bytes;
		let at = 0;
		while (this.result.end === 'open') {
			const after = this.#message === null ? this.#head(buffer, at) : this.#payload(buffer, at);
			if (after === at || after < 0) break;
			at = after;
			// A connection pins heads in other memory; nothing may depend on the rest of a read staying where it was.
			buffer = Buffer.concat([Buffer.from('#'), buffer.subarray(at)]);
			at = 1;
		}
		this.#kept = Buffer.from(buffer.subarray(at));
		this.result.rest = this.result.end === 'open' ? this.#kept.toString('latin1') : '';
	}

	#head(buffer: Buffer, at: number): number {
		if (at >= buffer.length) return at;
		const head = this.#methods === null ? this.#request : this.#response;
		const after = head.parse(buffer, at, buffer.length, TARGET_MOST);
		if (after === HeadFault.incomplete) return at;
		if (after < 0) {
			this.result.end = FAULTS.get(after) as ReadStream['end'];
			return -1;
		}
		if (!this.#framing.read(buffer, head.fields) || (this.#framing.chunked && head.minor === 0)) {
			this.result.end = 'framing';
			return -1;
		}
		const [from, to] =
			this.#methods === null
				? [this.#request.start, this.#request.lineEnd - 2]
				: [this.#response.statusAt, this.#response.reasonEnd];
		this.#message = {
			line: buffer.toString('latin1', from, to),
			fields: fieldPairs(buffer, head.fields),
			payload: '',
			trailers: null,
			whole: false,
		};
		this.result.messages.push(this.#message);
		this.#body.start(this.#bodyKind(), this.#framing.contentLength);
		this.#finish();
		return after;
	}

	/** RFC 9112 §6.3. */
	#bodyKind(): number {
		const { chunked, contentLength } = this.#framing;
		if (this.#methods !== null) {
			const { status } = this.#response;
			if (status < 200) return BodyKind.none;
			const method = this.#methods.shift();
			if (method === 'HEAD' || status === 204 || status === 304) return BodyKind.none;
		}
		if (chunked) return BodyKind.chunked;
		if (contentLength >= 0) return BodyKind.length;
		return this.#methods === null ? BodyKind.none : BodyKind.untilClose;
	}

	#payload(buffer: Buffer, at: number): number {
		const body = this.#body;
		const message = this.#message as ReadMessage;
		const after = body.scan(buffer, at, buffer.length);
		if (after === BODY_BAD) {
			this.result.end = 'body';
			// How much came before the fault depends on the cuts.
			message.payload = '';
			return -1;
		}
		for (let i = 0; i < body.rangeCount; i++) {
			message.payload += buffer.toString('latin1', body.ranges[2 * i], body.ranges[2 * i + 1]);
		}
		this.#finish();
		return after;
	}

	#finish(): void {
		if (!this.#body.done) return;
		const message = this.#message as ReadMessage;
		message.whole = true;
		if (this.#body.kind === BodyKind.chunked) message.trailers = this.#body.trailers?.toString('latin1') ?? null;
		this.#message = null;
	}
}
