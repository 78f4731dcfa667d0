/** What the answer to a probe says: its status and, where that is asked for, its body. */

import { fits } from '../core/pattern.ts';
import { BODY_BAD, BodyKind, BodyScan } from '../wire/body.ts';
import type { HealthConfig } from './config.ts';
import type { Contact, Outcome } from './decide.ts';

/** Head of an answer, at most. */
const MOST_HEAD = 16_384;
/** Of an answer's body this much is looked at. */
const MOST_BODY = 65_536;
const HEAD_END = Buffer.from('\r\n\r\n');

type Expected = Pick<HealthConfig, 'method' | 'path' | 'statuses' | 'body'>;

/** Reads one answer as it comes. */
export class ProbeAnswer {
	readonly #expected: Expected;
	#head: Buffer = Buffer.alloc(0);
	/** null until the head was read and the body is wanted. */
	#scan: BodyScan | null = null;
	#status = 0;
	readonly #body: Buffer[] = [];
	#length = 0;

	constructor(expected: Expected) {
		this.#expected = expected;
	}

	/** The next bytes; the outcome as soon as it is certain, null before. Not to be called again after that. */
	take(bytes: Buffer): Outcome | null {
		if (this.#scan !== null) return this.#takeBody(this.#scan, bytes);
		this.#head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
		const head = readHead(this.#head);
		if (head === null) return this.#head.length > MOST_HEAD ? failed('the head of its answer is too long') : null;
		if ('kind' in head) return head;
		const verdict = judge(head, this.#expected);
		const { body, method } = this.#expected;
		if (verdict.kind !== 'up' || body === null) return verdict;
		this.#status = head.status;
		this.#scan = bodyScan(head, method);
		return this.#takeBody(this.#scan, this.#head.subarray(head.end));
	}

	/** The instance sends nothing more. */
	end(): Outcome | null {
		return this.#scan?.kind === BodyKind.untilClose ? this.#judgeBody() : null;
	}

	#takeBody(scan: BodyScan, bytes: Buffer): Outcome | null {
		if (scan.scan(bytes, 0, bytes.length) === BODY_BAD) return failed('the body of its answer is malformed');
		for (let at = 0; at < scan.rangeCount && this.#length < MOST_BODY; at++) {
			const range = bytes.subarray(scan.ranges[at * 2], scan.ranges[at * 2 + 1]);
			const taken = range.subarray(0, MOST_BODY - this.#length);
			this.#body.push(taken);
			this.#length += taken.length;
		}
		return scan.done || this.#length >= MOST_BODY ? this.#judgeBody() : null;
	}

	#judgeBody(): Outcome {
		const { method, path, body } = this.#expected;
		const text = Buffer.concat(this.#body).toString('utf8');
		const answered = `${method} ${path} answered ${this.#status}`;
		if (body === null) return { kind: 'up' };
		if (body.kind === 'text')
			return text.includes(body.text) ? { kind: 'up' } : failed(`${answered} without ${quote(body.text)} in its body`);
		const found = fits(body.source, text);
		if (found === null) return failed(`${answered}, and it takes too long to match its body`);
		return found ? { kind: 'up' } : failed(`${answered}, and its body does not match ${quote(body.source)}`);
	}
}

const failed = (why: string, contact: Contact = 'answer'): Outcome => ({ kind: 'failed', why, contact });
const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);

interface Head {
	readonly status: number;
	readonly text: string;
	/** Where the body begins. */
	readonly end: number;
}

/** The head of the final answer, or what is wrong with it; null while it is not whole. Interim answers are skipped. */
export function readHead(received: Buffer): Head | Outcome | null {
	for (let start = 0; ; ) {
		const found = received.indexOf(HEAD_END, start);
		if (found === -1) {
			const begins = received.toString('latin1', start, start + 5);
			return 'HTTP/'.startsWith(begins) ? null : failed(NOT_HTTP);
		}
		const text = received.toString('latin1', start, found);
		const line = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |\r|$)/.exec(text);
		if (!line) return failed(NOT_HTTP);
		const status = Number(line[1]);
		const end = found + HEAD_END.length;
		if (status >= 200) return { status, text, end };
		start = end;
	}
}

const NOT_HTTP = 'its answer is not HTTP/1.1';

function judge({ status, text }: Head, { method, path, statuses }: Expected): Outcome {
	if (status === 503 && /\r\nx-ballast-drain:[ \t]*1[ \t]*(\r|$)/i.test(text)) return { kind: 'draining' };
	if (statuses.some(([least, most]) => status >= least && status <= most)) return { kind: 'up' };
	return failed(`${method} ${path} answered ${status}`);
}

function bodyScan({ status, text }: Head, method: string): BodyScan {
	const scan = new BodyScan();
	const length = /\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*(\r|$)/i.exec(text)?.[1];
	if (method === 'HEAD' || status === 204 || status === 304) scan.start(BodyKind.none, 0);
	else if (/\r\ntransfer-encoding:[ \t]*chunked[ \t]*(\r|$)/i.test(text)) scan.start(BodyKind.chunked, 0);
	else if (length !== undefined) scan.start(BodyKind.length, Number(length));
	else scan.start(BodyKind.untilClose, 0);
	return scan;
}
