import { performance } from 'node:perf_hooks';
import type { ErrorCode } from '../core/errors.ts';
import { BodyKind, BodyScan } from '../wire/body.ts';
import { Framing } from '../wire/framing.ts';
import { GATHER_BYTES, type Output } from '../wire/output.ts';
import { RequestHead } from '../wire/request-head.ts';
import type { ResponseHead } from '../wire/response-head.ts';
import { payloadOf, writeChunk } from './answer-body.ts';
import {
	AnswerMode,
	CHUNKED,
	frameAnswer,
	writeAnswerHead,
	writeHeadEnd,
	writeInterim,
	writeLength,
	writeWhole,
} from './answer-head.ts';
import type { AnswerSource } from './answer-source.ts';
import type { AttemptConnection, Destination, FetchParty } from './attempt.ts';
import type { BodyIntake } from './body-intake.ts';
import { AnswerCoder } from './compress/answer-coder.ts';
import type { Coding } from './compress/coding.ts';
import { passedOn } from './compress/passed-on.ts';
import type { DataPlane, TraceContext } from './data-plane.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { Fetch } from './fetch.ts';
import { withoutRemoved } from './field-edits.ts';
import { type Problem, problemOf } from './problem.ts';
import type { ReplayBody } from './replay-body.ts';
import { writeReplay } from './request-body.ts';
import { CacheTrack } from './response-cache.ts';
import type { ConcurrencyLimit, Route } from './route.ts';
import { writeUpstreamHead } from './upstream-head.ts';

const SLAB_BYTES = 2048;

/**
 * The client half of one request: its head, pinned so that it outlives the read that brought it,
 * what was decided about it, and the writing of its answer. Used again for later requests.
 */
export class Exchange implements FetchParty {
	readonly plane: DataPlane;
	client!: ExchangeClient<Exchange>;
	readonly head: RequestHead;
	readonly framing = new Framing();
	/** The request's body. */
	readonly body = new BodyScan();
	readonly fetch: Fetch;
	/** Brings the answer where no instance sends it here; null: the fetch does, or it is whole at once. */
	source: AnswerSource | null = null;
	/** Compresses the answer on its way; null: it goes as it comes. */
	#coder: AnswerCoder | null = null;
	/** Takes its body in the place of an instance; null: nobody does. */
	intake: BodyIntake | null = null;
	/** The head's bytes; all offsets below point into it. */
	buffer: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
	used = 0;
	method = '';
	/** The target as it is forwarded; `rewritten`: other than received. */
	targetStart = 0;
	targetEnd = 0;
	rewritten = false;
	pathStart = 0;
	pathEnd = 0;
	hostStart = 0;
	hostEnd = 0;
	/** The authority came in the target and replaces Host. */
	absolute = false;
	mayUpgrade = false;
	/** Where its counts go; null until it was routed. */
	route: Route | null = null;
	startMs = 0;
	/** Of the answer; 0: none has begun. */
	status = 0;
	/** The answer ended before it was whole. */
	broken = false;
	/** The answer was made here, since no instance gave one. */
	failure: ErrorCode | null = null;
	bytesOut = 0;
	/** The connection ends with this answer. */
	closing = false;
	answerMode: number = AnswerMode.none;
	finished = false;
	readonly trace: TraceContext = { words: new Uint32Array(8), flags: 0 };
	/** A new version got a copy of it. */
	copied = false;
	/** What went out of the body, while it may have to go out again; null: nothing is kept. */
	replay: ReplayBody | null = null;
	/** Where it has a place that it must give back. */
	place: ConcurrencyLimit | null = null;
	readonly cache: CacheTrack<Exchange, Route> = new CacheTrack<Exchange, Route>();
	conditions: Buffer | null = null;

	constructor(plane: DataPlane) {
		this.plane = plane;
		this.head = new RequestHead(plane.limits.headFields);
		this.fetch = new Fetch(plane, this);
	}

	/** Takes over the head that was just parsed from `source`. */
	pin(client: ExchangeClient<Exchange>, source: Uint8Array): void {
		const { head } = this;
		const size = head.end - head.start;
		if (size > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(size + 1024);
		(source as Buffer).copy(this.buffer, 0, head.start, head.end);
		head.shift(-head.start);
		this.used = size;
		this.client = client;
		this.targetStart = head.targetStart;
		this.targetEnd = head.targetEnd;
		// Of the request before; what stands there now is somebody else's.
		this.pathStart = this.pathEnd = 0;
		this.hostStart = this.hostEnd = 0;
		this.rewritten = this.absolute = this.mayUpgrade = false;
		this.route = null;
		this.status = 0;
		this.failure = null;
		this.bytesOut = 0;
		this.closing = false;
		this.answerMode = AnswerMode.none;
		this.finished = false;
		this.copied = false;
		this.replay = null;
		this.source = this.intake = null;
		this.cache.reset();
		for (let i = 0; i < 8; i++) this.trace.words[i] = 0;
		this.trace.flags = 0;
		this.broken = false;
		this.fetch.reset();
		this.startMs = performance.now();
	}

	/** Stands for a request whose head cannot be read: it is answered, and the connection closed. */
	pinNothing(client: ExchangeClient<Exchange>): void {
		this.head.clear();
		this.framing.read(this.buffer, this.head.fields);
		this.pin(client, this.buffer);
		this.body.start(BodyKind.none, 0);
		this.method = '';
		this.closing = true;
	}

	/** Appends bytes to the pinned head and returns where they stand. */
	append(bytes: Uint8Array): number {
		const at = this.used;
		if (at + bytes.length > this.buffer.length) {
			const larger = Buffer.allocUnsafeSlow(at + bytes.length + 1024);
			this.buffer.copy(larger, 0, 0, at);
			this.buffer = larger;
		}
		this.buffer.set(bytes, at);
		this.used = at + bytes.length;
		return at;
	}

	/** The value of a request field, by its lower-case name. */
	field(name: string): string | undefined {
		return this.head.fields.value(this.buffer, name);
	}

	get headOnly(): boolean {
		return this.method === 'HEAD';
	}

	/** Nothing of the request is still to come. */
	get requestDone(): boolean {
		return this.body.done;
	}

	// What the fetch asks for.

	writeRequestHead(out: Output, upstream: Destination): void {
		writeUpstreamHead(out, this, upstream);
	}

	get resendable(): boolean {
		return this.replay !== null || this.body.received === 0;
	}

	get bytesHeld(): number {
		return this.buffer.length + this.client.inputBytes + (this.replay?.length ?? 0);
	}

	writeRequestBody(out: Output): boolean {
		if (this.replay !== null) writeReplay(this, this.replay, out);
		if (!this.body.done) this.client.moveBody(this, out);
		return this.body.done;
	}

	lookAfter(): void {
		this.client.readOn();
	}

	/** More of the body came than is kept: from here on the request is sent once. */
	loseReplay(): void {
		this.replay = null;
		this.fetch.repeatable = false;
	}

	requestDrained(): void {
		this.client.upstreamDrained();
	}

	// What the answer's source asks for and brings.

	/** The client can take more of the answer. */
	resume(): void {
		if (this.#coder !== null) this.#coder.drained();
		else this.resumeSource();
	}

	/** What brings the answer may go on. */
	resumeSource(): void {
		if (this.source !== null) {
			this.source.resume();
			return;
		}
		this.fetch.paused = false;
		this.fetch.resume();
	}

	/** Nobody wants the answer any more. */
	cancel(): void {
		const { source } = this;
		this.source = null;
		source?.cancel();
		this.fetch.cancel();
		this.cache.copy?.over();
		this.#uncode();
	}

	/**
	 * Begins an answer whose body its source brings. `head`: status line and fields but the framing, Date (unless it is
	 * `dated`), Connection and the end. `length` of the body in bytes; -1: not known yet.
	 */
	beginAnswer(status: number, head: Uint8Array, length: number, dated = false): void {
		const { out } = this.plane;
		this.status = status;
		const none = this.headOnly || status === 204 || status === 304;
		frameAnswer(this, none ? BodyKind.none : length < 0 ? BodyKind.chunked : BodyKind.length);
		out.bytes(head);
		if (!dated) out.bytes(this.plane.date);
		if (this.answerMode === AnswerMode.chunked) out.bytes(CHUNKED);
		else if (length >= 0 && status !== 204) writeLength(out, length);
		writeHeadEnd(out, this);
	}

	/** What is brought of the body goes out in this coding; false: there is too much of that. It comes before `beginAnswer`, which is given no length. */
	compressAnswer(coding: Coding): boolean {
		this.#coder = AnswerCoder.open(this, coding, this.route?.compress?.level(coding) ?? 1);
		return this.#coder !== null;
	}

	/** Part of the body, not empty. Its memory stays as it is until `flushAnswer` is true or `resume` comes. */
	answerPiece(bytes: Uint8Array): void {
		if (this.#coder !== null) this.#coder.add(bytes, 0, bytes.length);
		else this.writePiece(bytes);
	}

	/** Part of the body as it goes out. */
	writePiece(bytes: Uint8Array): void {
		const { out } = this.plane;
		this.bytesOut += bytes.length;
		if (this.answerMode === AnswerMode.chunked) out.chunkSize(bytes.length);
		if (bytes.length < GATHER_BYTES) out.bytes(bytes);
		else out.pass(bytes, this.client.transport);
		if (this.answerMode === AnswerMode.chunked) out.crlf();
	}

	// What the fetch brings.

	interim(head: ResponseHead, bytes: Uint8Array): void {
		// A client that does not read gets no more hints.
		if (this.head.minor === 0 || this.client.transport.pending > 0) return;
		// Once something was answered the request is not sent anew.
		this.fetch.repeatable = false;
		const { out } = this.plane;
		writeInterim(out, head, bytes);
		out.flush(this.client.transport);
	}

	answerHead(head: ResponseHead, bytes: Uint8Array, framing: Framing, kind: number): void {
		this.status = head.status;
		this.replay = null;
		this.cache.watch?.answered(this, head, bytes);
		// A stream of events may last for days: it would take a place from requests that end.
		if (this.fetch.streaming) this.leave();
		const compress = this.fetch.streaming ? null : (this.route?.compress ?? null);
		const passed = compress === null ? null : passedOn(this, compress, { head, bytes: bytes as Buffer, framing });
		frameAnswer(this, this.#coder === null ? kind : BodyKind.chunked);
		writeAnswerHead({ out: this.plane.out, exchange: this, head, bytes, framing, passed });
	}

	answerBody(bytes: Uint8Array, scan: BodyScan, stable: boolean): void {
		this.cache.copy?.body(bytes, scan);
		if (this.#coder !== null) return this.#coder.addPayload(bytes, scan);
		const { out } = this.plane;
		const { ranges } = scan;
		this.bytesOut += payloadOf(scan);
		if (this.answerMode === AnswerMode.chunked) return writeChunk(out, bytes, scan);
		for (let i = 0; i < scan.rangeCount; i++) {
			const start = ranges[2 * i] as number;
			const end = ranges[2 * i + 1] as number;
			if (!stable || end - start < GATHER_BYTES) out.copy(bytes, start, end);
			else out.pass(bytes.subarray(start, end), this.client.transport);
		}
	}

	flushAnswer(): boolean {
		if (this.#coder !== null) return this.#coder.flush();
		const { client } = this;
		this.plane.out.flush(client.transport);
		if (client.transport.pending === 0) return true;
		client.answerBlocked();
		return false;
	}

	answerEnd(trailers: Buffer | null): void {
		this.cache.copy?.ended(trailers);
		if (this.#coder === null) return this.finishAnswer(trailers);
		this.source = null;
		this.#coder.end(trailers);
	}

	/** All of the body is out. */
	finishAnswer(trailers: Buffer | null): void {
		if (this.answerMode === AnswerMode.chunked) {
			const { out } = this.plane;
			out.bytes(LAST_CHUNK);
			if (trailers === null) out.crlf();
			else out.bytes(withoutRemoved(trailers, this.route?.response ?? null));
		}
		this.plane.out.flush(this.client.transport);
		this.#finish();
	}

	upgraded(connection: AttemptConnection, rest: Buffer): void {
		this.plane.out.flush(this.client.transport);
		this.client.startTunnel(this, connection, rest);
	}

	answerFailed(code: ErrorCode): void {
		this.failure = code;
		this.source = null;
		this.#uncode();
		if (this.status !== 0) {
			// Part of the answer is out: the client must see that the rest is missing.
			this.broken = true;
			this.plane.out.length = 0;
			this.client.transport.reset();
			return;
		}
		this.answerProblem(problemOf(code));
	}

	/** Answers with an error of Ballast's own. */
	answerProblem(problem: Problem): void {
		this.answerLocally(problem.status, problem.head, problem.body);
	}

	/** Answers without an instance. `head`: status line and fields but Date, Connection and the end. */
	answerLocally(status: number, head: Buffer, body: Buffer): void {
		this.status = status;
		if (!this.body.done || this.plane.draining) this.closing = true;
		this.bytesOut += writeWhole(this, head, this.headOnly ? null : body);
		this.plane.out.flush(this.client.transport);
		this.#finish();
	}

	#uncode(): void {
		this.#coder?.close();
		this.#coder = null;
	}

	#finish(): void {
		this.source = null;
		this.#uncode();
		this.record();
		this.client.exchangeDone(this);
	}

	/** Gives back its place, if it has one. */
	leave(): void {
		const { place } = this;
		if (place === null) return;
		this.place = null;
		place.leave();
	}

	/** Counts it; once. From here on it is not under way any more. */
	record(): void {
		if (this.finished) return;
		this.leave();
		this.finished = true;
		this.plane.recorder.request(this, (performance.now() - this.startMs) * 1000);
	}
}

const LAST_CHUNK = Buffer.from('0\r\n');
