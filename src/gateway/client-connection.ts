import { codeOf, type Refusal } from '../core/refusal.ts';
import { HeadFault } from '../wire/head.ts';
import type { Output } from '../wire/output.ts';
import { TICK_MS, Timer } from '../wire/timer-wheel.ts';
import type { Transport } from '../wire/transport.ts';
import type { AttemptConnection } from './attempt.ts';
import { scanBody } from './body-intake.ts';
import type { DataPlane } from './data-plane.ts';
import type { Exchange } from './exchange.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { Input } from './input.ts';
import { LargeReads } from './large-reads.ts';
import { Pace } from './pace.ts';
import { problemOf } from './problem.ts';
import { mustWait } from './read-on.ts';
import { writePayload } from './request-body.ts';
import { checkRequest, headRefusal, startBody } from './request-checks.ts';
import type { Requests } from './requests.ts';
import { Tunnel } from './tunnel.ts';
import { forwardedLines } from './upstream-head.ts';

const State = { head: 0, request: 1, tunnel: 2, linger: 3, closed: 4 } as const;

/** How long a connection that we closed is read on, so that the last answer is not lost to a reset. */
const LINGER_MS = 2000;
/** A client that sent FIN may still want its answer (`printf … | nc`), or be gone: it is given this long of silence. */
const HALF_CLOSED_MS = 800;
const EMPTY = Buffer.alloc(0);

/** One HTTP/1.1 connection of a client: one exchange at a time, answers in order. */
export class ClientConnection implements ExchangeClient<Exchange> {
	readonly plane: DataPlane;
	readonly secure: boolean;
	transport!: Transport;
	/** The peer's address, without an IPv4-mapped prefix. */
	address = '';
	trusted = false;
	addressField = '';
	/** Field lines for every request of this connection. */
	forwarded: Buffer = EMPTY;
	readonly #requests: Requests;
	#state: number = State.head;
	#exchange: Exchange | null = null;
	readonly #timer: Timer;
	readonly #input = new Input();
	/** Some of a head has come, and its time runs. */
	#begun = false;
	#pumping = false;
	readonly #large = new LargeReads();
	#halfClosed = false;
	readonly #pace = new Pace();
	#tunnel: Tunnel | null = null;

	constructor(requests: Requests, secure: boolean) {
		this.#requests = requests;
		this.plane = requests.plane;
		this.secure = secure;
		this.#timer = new Timer(this);
	}

	/** The connection was accepted from this address. */
	attach(transport: Transport, address: string): void {
		this.transport = transport;
		this.address = address;
		this.trusted = this.plane.trust.has(this.address);
		this.addressField = this.trusted ? this.plane.trust.fieldOf(this.address) : '';
		this.forwarded = forwardedLines(this.address, this.secure);
		this.plane.wheel.set(this.#timer, this.plane.limits.headMs);
	}

	onBytes(buffer: Uint8Array, length: number): void {
		try {
			this.#receive(buffer, length);
		} catch (error) {
			this.crash(error);
		}
	}

	/** A fault of our own: this connection ends, all others go on. */
	crash(error: unknown): void {
		this.#pumping = false;
		this.plane.out.length = 0;
		this.plane.report(error);
		this.transport.destroy();
	}

	#receive(buffer: Uint8Array, length: number): void {
		this.#pace.moved(this.plane.wheel.tick);
		if (this.#state === State.tunnel) {
			if (!(this.#tunnel as Tunnel).fromClient(buffer, length)) this.transport.pause();
			return;
		}
		if (this.#state >= State.linger) return;
		const input = this.#input;
		const more = input.length > 0;
		input.take(buffer, length);
		// A head fed byte by byte is not read again for each byte: only a line end can complete it.
		const hopeless = more && this.#state === State.head && buffer.subarray(0, length).indexOf(10) < 0;
		if (!hopeless || input.length > this.plane.limits.headBytes) this.#pump();
	}

	/** Uses what is at hand as far as that goes, then keeps the rest. */
	#pump(): void {
		this.#pumping = true;
		while (this.#input.length > 0) {
			if (this.#state === State.head) {
				// Who does not read is not answered: his answers would pile up here.
				if (this.transport.pending > 0 || !this.#readHead()) break;
			} else if (this.#state === State.request && !(this.#exchange as Exchange).body.done) {
				if (!this.#forwardBody()) break;
			} else break;
		}
		this.#pumping = false;
		if (this.#input.length === 0 || this.#state >= State.linger) {
			this.#input.clear();
			if (this.#state < State.tunnel) this.#throttle(false);
			return;
		}
		this.#input.keep();
		if (this.#state < State.tunnel) this.#throttle(true);
	}

	/** Reads on only while there is somewhere for the bytes to go; without a body to come, to notice that the client left. */
	#throttle(left: boolean): void {
		const exchange = this.#exchange;
		let wait = left && this.#state === State.head && this.transport.pending > 0;
		if (exchange !== null) wait = mustWait(exchange, this.#input.length, left);
		if (wait) this.transport.pause();
		else this.transport.resume();
	}

	/** Reads a request head. False: more is needed, or the connection is on its way out. */
	#readHead(): boolean {
		const exchange = this.#requests.take();
		const { head } = exchange;
		const { limits, wheel } = this.plane;
		const after = head.parse(this.#input.buffer, this.#input.at, this.#input.end, limits.targetBytes);
		if (after === HeadFault.incomplete) {
			this.#requests.give(exchange);
			// Empty lines before a request begin none (RFC 9112 §2.2).
			this.#input.at = Math.min(head.start, this.#input.end);
			if (this.#input.length > limits.headBytes) this.#refuse('head_too_large');
			// The limit runs from the first byte on; neither later ones nor empty lines move it.
			else if (this.#input.length > 0 && !this.#begun) {
				this.#begun = true;
				wheel.set(this.#timer, limits.headMs);
			}
			return false;
		}
		if (after < 0 || after - this.#input.at > limits.headBytes) {
			this.#requests.give(exchange);
			this.#refuse(headRefusal(head, after));
			return false;
		}
		exchange.pin(this, this.#input.buffer);
		this.#input.at = after;
		this.#begin(exchange);
		return true;
	}

	#begin(exchange: Exchange): void {
		const { plane } = this;
		this.#exchange = exchange;
		this.#state = State.request;
		plane.active++;
		const fault = checkRequest(exchange);
		startBody(exchange, fault === null);
		plane.wheel.set(this.#timer, plane.limits.headMs);
		if (fault !== null) {
			exchange.closing = true;
			exchange.failure = codeOf(fault);
			exchange.answerProblem(problemOf(fault));
			return;
		}
		this.#requests.handle(exchange);
	}

	/** Neither a request nor an answer is under way. */
	get idle(): boolean {
		return this.#state === State.head && this.#input.length === 0 && this.transport.pending === 0;
	}

	get inputBytes(): number {
		return this.#input.length;
	}

	readOn(): void {
		this.transport.resume();
	}

	/** The route is known: its time limits hold now. */
	arm(requestMs: number, streamIdleMs: number): void {
		const { wheel } = this.plane;
		this.#pace.begin(wheel.tick, requestMs);
		wheel.set(this.#timer, (this.#exchange as Exchange).body.done ? requestMs : Math.min(requestMs, streamIdleMs));
	}

	/** A head that cannot be read has no exchange: it is answered and the connection closed. */
	#refuse(refusal: Refusal): void {
		const exchange = this.#requests.take();
		exchange.pinNothing(this);
		exchange.failure = codeOf(refusal);
		this.#exchange = exchange;
		this.#state = State.request;
		this.plane.active++;
		exchange.answerProblem(problemOf(refusal));
	}

	/** Sends on what is at hand. False: the instance cannot take more now. */
	#forwardBody(): boolean {
		const exchange = this.#exchange as Exchange;
		const { fetch, intake } = exchange;
		const { connection } = fetch;
		if (intake !== null ? !intake.ready : connection === null || connection.transport.pending > 0) return false;
		const start = this.#input.at;
		if (!this.moveBody(exchange, this.plane.out)) return false;
		if (connection === null) return this.#input.at > start;
		this.plane.out.flush(connection.transport);
		connection.requestProgress(exchange.body.done);
		return connection.transport.pending === 0 && this.#input.at > start;
	}

	/** Writes the payload at hand, framed for the instance. False: it was refused and the connection is ending. */
	moveBody(exchange: Exchange, out: Output): boolean {
		const refusal = scanBody(exchange, this.#input);
		if (refusal !== null) return this.#bodyFault(exchange, refusal);
		const { body, intake, replay } = exchange;
		if (intake !== null) {
			intake.take(this.#input.buffer, body);
			return true;
		}
		if (replay !== null && !replay.add(this.#input.buffer, body)) exchange.loseReplay();
		writePayload(exchange, this.#input.buffer, out);
		this.#large.tune(this.plane, this.transport, exchange);
		return true;
	}

	#bodyFault(exchange: Exchange, refusal: Refusal): boolean {
		this.plane.out.length = 0;
		this.#input.clear();
		this.#giveUp(exchange, refusal);
		return false;
	}

	/** The instance took what it was sent. */
	upstreamDrained(): void {
		// Sent at once, from within the loop that goes on anyway.
		if (this.#pumping || this.#state !== State.request) return;
		// Until now it was the instance that was waited for.
		this.#pace.moved(this.plane.wheel.tick);
		this.#pump();
		if (this.#halfClosed) this.onEnd();
	}

	/** Part of the answer waits for the client. */
	answerBlocked(): void {
		this.#pace.moved(this.plane.wheel.tick);
		const exchange = this.#exchange;
		if (exchange === null) return;
		exchange.fetch.paused = true;
		// Who reads on and on, a little at a time, comes by here often: the limit of the whole request must stay in sight.
		const limit = this.#pace.limit(exchange, this.plane.wheel.tick);
		this.plane.wheel.set(this.#timer, typeof limit === 'string' ? TICK_MS : limit);
	}

	onDrain(): void {
		this.#pace.moved(this.plane.wheel.tick);
		if (this.#tunnel !== null) {
			this.#tunnel.clientDrained();
			return;
		}
		if (this.#exchange !== null) this.#exchange.resume();
		else this.next();
	}

	/** The answer is whole: the next request, or the end. */
	exchangeDone(exchange: Exchange): void {
		const { plane } = this;
		this.#exchange = null;
		plane.active--;
		const reusable = !exchange.closing && exchange.body.done;
		exchange.cancel();
		this.#requests.give(exchange);
		if (!reusable) {
			this.#linger();
			return;
		}
		this.#state = State.head;
		this.#pace.sending(Number.MAX_SAFE_INTEGER);
		this.#input.passEmptyLines();
		this.#begun = this.#input.length > 0;
		if (this.#begun) {
			// Pipelined. From a later turn, so that a thousand of them do not nest.
			plane.wheel.set(this.#timer, plane.limits.headMs);
			if (this.#input.kept) setImmediate(nextRequest, this);
		} else if (this.#halfClosed) this.#linger();
		else plane.wheel.set(this.#timer, Math.max(TICK_MS, plane.limits.keepAliveMs));
	}

	/** Goes on with bytes that came early. */
	next(): void {
		if (this.#state !== State.head) return;
		try {
			this.#pump();
		} catch (error) {
			this.crash(error);
		}
		if (this.#halfClosed && this.#state === State.head && this.transport.pending === 0) this.#linger();
	}

	/** Says that nothing more comes and reads on for a while, since closing with unread bytes resets the connection. */
	#linger(): void {
		this.#state = State.linger;
		this.#input.clear();
		if (this.#halfClosed && this.transport.pending === 0) {
			this.transport.end();
			this.transport.destroy();
			return;
		}
		this.transport.end();
		this.transport.resume();
		this.#pace.sending(this.transport.queued + 1);
		this.plane.wheel.set(this.#timer, LINGER_MS);
	}

	/** From here on both sides' bytes pass through unread. */
	startTunnel(exchange: Exchange, connection: AttemptConnection, rest: Buffer): void {
		this.plane.wheel.set(this.#timer, 0);
		exchange.record();
		this.#state = State.tunnel;
		this.#tunnel = new Tunnel(this.plane, this.transport, connection);
		if (rest.length > 0) this.#tunnel.tunnelBytes(rest, rest.length);
		if (this.#input.length > 0)
			this.#tunnel.fromClient(this.#input.buffer.subarray(this.#input.at, this.#input.end), this.#input.length);
		this.#input.clear();
		if (this.#halfClosed) this.#tunnel.clientEnd();
		this.transport.resume();
	}

	onEnd(): void {
		this.#halfClosed = true;
		if (this.#tunnel !== null) this.#tunnel.clientEnd();
		else if (this.#state === State.request) {
			const exchange = this.#exchange as Exchange;
			// While it waits for an instance nobody reads its body.
			if (exchange.body.done || (exchange.fetch.connection === null && exchange.intake === null)) {
				this.#pace.silent(exchange);
				this.plane.wheel.set(this.#timer, HALF_CLOSED_MS);
			}
			// A paused stream tells of its end while bytes before it still wait here.
			else if (this.#input.length === 0) this.transport.destroy();
		} else if (this.#state === State.head) this.next();
		else if (this.transport.pending === 0) this.transport.destroy();
	}

	onClose(): void {
		const exchange = this.#exchange;
		this.#exchange = null;
		this.#state = State.closed;
		this.plane.wheel.remove(this.#timer);
		// A TLS connection is counted by its socket, from before the handshake on.
		if (!this.secure) this.plane.gate.close(this.address);
		this.#tunnel?.clientClosed();
		if (exchange === null) return;
		this.plane.active--;
		exchange.cancel();
		if (this.#tunnel === null) exchange.record();
		this.#requests.give(exchange);
	}

	onTimer(): void {
		if (this.#state === State.request) this.#requestTimer(this.#exchange as Exchange);
		else if (this.#pace.stillSending(this.transport)) {
			// The last answer is still on its way to a slow reader.
			this.plane.wheel.set(this.#timer, Math.max(TICK_MS, this.plane.limits.keepAliveMs));
		} else if (this.#state === State.head && this.#input.length > 0 && this.transport.pending === 0) {
			this.#refuse('head_timeout');
		} else this.transport.destroy();
	}

	#requestTimer(exchange: Exchange): void {
		const limit = this.#pace.limit(exchange, this.plane.wheel.tick);
		if (typeof limit === 'string') this.#giveUp(exchange, limit);
		else if (!this.#halfClosed) this.plane.wheel.set(this.#timer, limit);
		else if (this.#pace.silent(exchange)) this.transport.destroy();
		else this.plane.wheel.set(this.#timer, Math.min(limit, HALF_CLOSED_MS));
	}

	/** Ends a request that cannot go on: with an error where none of the answer is out, else so that it is seen to be cut. */
	#giveUp(exchange: Exchange, refusal: Refusal): void {
		exchange.closing = true;
		exchange.failure = codeOf(refusal);
		exchange.cancel();
		if (exchange.status === 0) exchange.answerProblem(problemOf(refusal));
		else this.transport.reset();
	}
}

const nextRequest = (connection: ClientConnection): void => connection.next();
