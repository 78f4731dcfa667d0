import { Outcome } from '../core/board.ts';
import type { ErrorCode } from '../core/errors.ts';
import { BODY_BAD, BodyKind, BodyScan } from '../wire/body.ts';
import { ConnectionOption, Framing } from '../wire/framing.ts';
import { HeadFault } from '../wire/head.ts';
import { ResponseHead } from '../wire/response-head.ts';
import { Timer } from '../wire/timer-wheel.ts';
import type { Transport } from '../wire/transport.ts';
import type { Attempt, AttemptConnection, Destination, TunnelEnd } from './attempt.ts';
import type { DataPlane } from './data-plane.ts';

/** Most bytes and fields of an answer's head. Instances are trusted further than clients, not boundlessly. */
const HEAD_MOST = 64 * 1024;
const FIELDS_MOST = 256;
/** Most answers of 1xx to one request: each is passed on, and they have no back-pressure. */
const INTERIMS_MOST = 32;
/** Bodies from this size on are read in larger pieces, into memory of the connection's own. */
const LARGE_BODY = 96 * 1024;

const State = { idle: 0, head: 1, body: 2, tunnel: 3, closed: 4 } as const;

/** Whose connection it is. */
export interface ConnectionOwner extends Destination {
	readonly plane: DataPlane;
	/** It finished its request and can carry another. */
	release(connection: UpstreamConnection): void;
	/** It is over. */
	closed(connection: UpstreamConnection): void;
}

/** One HTTP/1.1 connection to an instance. */
export class UpstreamConnection implements AttemptConnection {
	readonly plane: DataPlane;
	readonly upstream: ConnectionOwner;
	transport!: Transport;
	readonly timer: Timer;
	/** The tick since which nobody uses it. */
	idleSince = 0;
	/** It carried a request before this one. */
	reused = false;
	tunnel: TunnelEnd | null = null;
	#state: number = State.idle;
	#fetch: Attempt | null = null;
	#carry: Buffer | null = null;
	#large: Buffer | null = null;
	readonly #head = new ResponseHead(FIELDS_MOST);
	readonly #framing = new Framing('answers');
	readonly #scan = new BodyScan();
	#keepAlive = false;
	/** Answers of 1xx to the request under way. */
	#interims = 0;

	constructor(upstream: ConnectionOwner) {
		this.upstream = upstream;
		this.plane = upstream.plane;
		this.timer = new Timer(this);
	}

	/** It can carry a request. */
	get usable(): boolean {
		return this.#state === State.idle;
	}

	attach(transport: Transport): void {
		this.transport = transport;
	}

	/** Sends the fetch's request. Head and what is there of the body leave in one write. */
	begin(fetch: Attempt, reused: boolean): void {
		this.#fetch = fetch;
		this.reused = reused;
		this.#state = State.head;
		this.#interims = 0;
		fetch.connection = this;
		fetch.connected();
		const { out } = this.plane;
		fetch.party.writeRequestHead(out, this.upstream);
		const whole = fetch.party.writeRequestBody(out);
		// The body may have been refused meanwhile: then there is no fetch any more.
		if (this.#fetch !== fetch) return;
		out.flush(this.transport);
		const { timeouts } = fetch;
		this.plane.wheel.set(this.timer, whole ? fetch.firstByteMs : timeouts.streamIdleMs);
		if (this.transport.pending === 0) fetch.party.requestDrained();
	}

	/** More of the request was written; once it is whole the instance's time runs. */
	requestProgress(whole: boolean): void {
		const fetch = this.#fetch;
		if (fetch === null || this.#state !== State.head) return;
		this.plane.wheel.set(this.timer, whole ? fetch.firstByteMs : fetch.timeouts.streamIdleMs);
	}

	onBytes(buffer: Uint8Array, length: number): void {
		try {
			this.#take(buffer, length);
		} catch (error) {
			this.plane.out.length = 0;
			this.plane.report(error);
			this.#fail('internal');
		}
	}

	#take(buffer: Uint8Array, length: number): void {
		if (this.#state === State.body) {
			this.#takeBody(buffer, 0, length);
			return;
		}
		if (this.#state === State.tunnel) {
			if (this.tunnel !== null && !this.tunnel.tunnelBytes(buffer, length)) this.transport.pause();
			return;
		}
		// Bytes that nobody asked for: the connection's framing cannot be trusted.
		if (this.#state !== State.head) {
			this.destroy();
			return;
		}
		if (this.#carry === null) {
			this.#takeHead(buffer, 0, length);
			return;
		}
		const joined = Buffer.concat([this.#carry, buffer.subarray(0, length)]);
		const complete = buffer.subarray(0, length).includes(10);
		this.#carry = joined;
		if (complete || joined.length > HEAD_MOST) {
			this.#carry = null;
			this.#takeHead(joined, 0, joined.length);
		}
	}

	#takeHead(buffer: Uint8Array, start: number, end: number): void {
		const fetch = this.#fetch as Attempt;
		const head = this.#head;
		let at = start;
		for (;;) {
			const after = head.parse(buffer, at, end);
			if (after === HeadFault.incomplete) {
				if (end - at > HEAD_MOST) this.#fail('answer_head_too_large');
				else this.#carry = Buffer.from(buffer.subarray(at, end));
				return;
			}
			if (after < 0) {
				this.#fail(after === HeadFault.tooLarge ? 'answer_head_too_large' : 'bad_answer');
				return;
			}
			if (after - at > HEAD_MOST || !this.#framing.read(buffer, head.fields)) {
				this.#fail(after - at > HEAD_MOST ? 'answer_head_too_large' : 'bad_answer');
				return;
			}
			at = after;
			if (head.status >= 200 || head.status === 101) break;
			if (++this.#interims > INTERIMS_MOST) {
				this.#fail('bad_answer');
				return;
			}
			fetch.party.interim(head, buffer);
			if (this.#state !== State.head) return;
			if (at === end) return;
		}
		if (head.status === 101) this.#switch(fetch, buffer, at, end);
		else this.#startBody(fetch, buffer, at, end);
	}

	#startBody(fetch: Attempt, buffer: Uint8Array, at: number, end: number): void {
		const head = this.#head;
		const framing = this.#framing;
		this.#keepAlive =
			!framing.foreign &&
			(framing.connection & ConnectionOption.close) === 0 &&
			(head.minor === 1 || (framing.connection & ConnectionOption.keepAlive) !== 0);
		// Chunked is no part of HTTP/1.0: whoever wrote this cannot be trusted about where it ends.
		if ((framing.chunked || framing.foreign) && head.minor === 0) {
			this.#fail('bad_answer');
			return;
		}
		const kind = this.#bodyKind(fetch);
		if (kind === BodyKind.untilClose) this.#keepAlive = false;
		this.#scan.start(kind, framing.contentLength);
		this.#state = State.body;
		fetch.answered(head.status);
		if (head.status >= 500 && this.#refused(fetch, buffer, at, end)) return;
		fetch.streaming = (kind === BodyKind.chunked || kind === BodyKind.untilClose) && isEventStream(head, buffer);
		fetch.party.answerHead(head, buffer, framing, kind);
		// By its head it proved to be of no use to anyone.
		if (this.#fetch !== fetch) return;
		if (kind === BodyKind.length && framing.contentLength > LARGE_BODY) {
			this.#large = this.plane.takeLarge();
			this.transport.readInto(this.#large);
		}
		this.#takeBody(buffer, at, end);
	}

	/** An answer of 5xx: the fetch may rather try another instance. Then what is here of it is dropped. */
	#refused(fetch: Attempt, buffer: Uint8Array, at: number, end: number): boolean {
		const { status, fields } = this.#head;
		if (status === 503) {
			const ms = retryAfterMs(fields.value(buffer, 'retry-after'));
			if (ms > 0) fetch.rest(ms);
		}
		if (!fetch.refuses(status)) return false;
		const scan = this.#scan;
		const after = scan.scan(buffer, at, end);
		this.#fetch = null;
		this.#state = State.idle;
		// Of a small answer the connection is none the worse.
		const whole =
			after === end && scan.done && this.#keepAlive && fetch.party.requestDone && this.transport.pending === 0;
		if (whole) this.upstream.release(this);
		else this.destroy();
		fetch.attemptOver(Outcome.status5xx);
		return true;
	}

	/** RFC 9112 §6.3: which answers have a body, and how it ends. */
	#bodyKind(fetch: Attempt): number {
		const { status } = this.#head;
		if (fetch.party.headOnly || status === 204 || status === 304) return BodyKind.none;
		if (this.#framing.chunked) return BodyKind.chunked;
		if (this.#framing.contentLength >= 0) return BodyKind.length;
		return BodyKind.untilClose;
	}

	#takeBody(buffer: Uint8Array, start: number, end: number): void {
		const fetch = this.#fetch as Attempt;
		const scan = this.#scan;
		const after = scan.scan(buffer, start, end);
		if (after === BODY_BAD) {
			this.#fail('truncated_answer');
			return;
		}
		if (scan.rangeCount > 0) fetch.party.answerBody(buffer, scan, buffer !== this.plane.rx);
		if (!scan.done) {
			if (!fetch.party.flushAnswer()) this.transport.pause();
			if (this.#fetch !== null) this.plane.wheel.set(this.timer, fetch.streaming ? 0 : fetch.timeouts.streamIdleMs);
			return;
		}
		this.#finish(fetch, after < end);
	}

	#finish(fetch: Attempt, leftOver: boolean): void {
		const { trailers } = this.#scan;
		const chunked = this.#scan.kind === BodyKind.chunked;
		const taken = fetch.party.flushAnswer();
		if (this.#fetch === null) return;
		if (this.#large !== null) {
			this.transport.readInto(this.plane.rx);
			if (taken) this.plane.giveLarge(this.#large);
			this.#large = null;
		}
		this.#fetch = null;
		this.#state = State.idle;
		const reusable = this.#keepAlive && !leftOver && fetch.party.requestDone && this.transport.pending === 0;
		fetch.finished();
		if (reusable) this.upstream.release(this);
		else this.destroy();
		fetch.party.answerEnd(chunked ? trailers : null);
	}

	#switch(fetch: Attempt, buffer: Uint8Array, at: number, end: number): void {
		if (
			!fetch.party.mayUpgrade ||
			(this.#framing.connection & ConnectionOption.upgrade) === 0 ||
			this.#framing.upgradeAt < 0
		) {
			this.#fail('bad_answer');
			return;
		}
		this.#state = State.tunnel;
		this.plane.wheel.set(this.timer, 0);
		fetch.party.answerHead(this.#head, buffer, this.#framing, BodyKind.none);
		fetch.party.upgraded(this, Buffer.from(buffer.subarray(at, end)));
	}

	/** The fetch ends with this failure; the connection too. */
	#fail(code: ErrorCode): void {
		const fetch = this.#fetch;
		const began = this.#state === State.body;
		const tunnel = this.tunnel;
		this.#fetch = null;
		this.tunnel = null;
		this.#state = State.closed;
		this.transport.destroy();
		this.plane.wheel.remove(this.timer);
		if (tunnel !== null) {
			fetch?.finished();
			tunnel.tunnelClosed();
		} else if (fetch !== null) {
			if (began) fetch.answerBroken(code);
			else fetch.attemptFailed(code);
		}
	}

	onEnd(): void {
		if (this.#state === State.tunnel) {
			this.tunnel?.tunnelEnd();
			return;
		}
		if (this.#state === State.body && this.#scan.kind === BodyKind.untilClose) {
			this.#scan.done = true;
			this.#finish(this.#fetch as Attempt, false);
			return;
		}
		if (this.#state === State.head) this.#fail(this.#carry === null ? 'reset_before_answer' : 'truncated_answer');
		else if (this.#state === State.body) this.#fail('truncated_answer');
		else this.destroy();
	}

	onDrain(): void {
		if (this.#state === State.tunnel) this.tunnel?.tunnelDrained();
		else this.#fetch?.party.requestDrained();
	}

	onClose(): void {
		if (this.#state === State.head) this.#fail('reset_before_answer');
		else if (this.#state === State.body || this.#state === State.tunnel) this.#fail('truncated_answer');
		this.#state = State.closed;
		this.plane.wheel.remove(this.timer);
		this.upstream.closed(this);
	}

	onTimer(): void {
		const fetch = this.#fetch;
		if (fetch === null) {
			this.destroy();
			return;
		}
		// While the client is the slow one its own time limit runs, not the instance's.
		const clientsTurn = fetch.paused || (!fetch.party.requestDone && this.transport.pending === 0);
		if (clientsTurn) this.plane.wheel.set(this.timer, fetch.timeouts.streamIdleMs);
		else if (this.#state === State.head && fetch.firstByteMs < fetch.timeouts.firstByteMs) this.#hurry(fetch);
		else this.#fail(this.#state === State.head ? 'first_byte_timeout' : 'stream_idle');
	}

	/** This attempt's own time is over: another instance, or the rest of the time that an answer may take. */
	#hurry(fetch: Attempt): void {
		const { firstByteMs } = fetch;
		if (!fetch.givesUp()) {
			this.plane.wheel.set(this.timer, fetch.timeouts.firstByteMs - firstByteMs);
			return;
		}
		this.#fetch = null;
		this.destroy();
		fetch.attemptOver(Outcome.timedOut);
	}

	/** The fetch was cancelled: what is under way cannot be used for anything else. */
	abandon(): void {
		this.#fetch = null;
		this.tunnel = null;
		this.#state = State.closed;
		this.destroy();
	}

	destroy(): void {
		if (this.#state !== State.tunnel) this.#state = State.closed;
		this.transport.destroy();
	}
}

/** Longest rest that an instance gets by its `Retry-After`: a slip there must not take it out for a day. */
const REST_MOST_MS = 30_000;

/** RFC 9110 §10.2.3: seconds or a date; 0 for none and for what is neither. */
function retryAfterMs(value: string | undefined): number {
	if (value === undefined) return 0;
	const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
	return ms > 0 ? Math.min(ms, REST_MOST_MS) : 0;
}

/** Server-sent events may be silent for as long as they like. */
function isEventStream(head: ResponseHead, buffer: Uint8Array): boolean {
	return head.fields.value(buffer, 'content-type')?.toLowerCase().startsWith('text/event-stream') === true;
}
