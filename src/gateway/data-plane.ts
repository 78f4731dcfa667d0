import type { Board } from '../core/board.ts';
import { Output } from '../wire/output.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';
import type { NodeLimits } from './config.ts';
import { Exchange } from './exchange.ts';
import type { Trust } from './forwarded.ts';
import type { Route } from './route.ts';
import type { Upstream } from './upstream.ts';

/** Bytes that one read of a connection without a large body brings at most. */
const READ_BYTES = 64 * 1024;
/** The same for a connection that carries a large body. */
const LARGE_READ_BYTES = 256 * 1024;
const SPARE_MOST = 16;

/** Finds the route of a request; `Router` fits it. */
export interface RouteTable {
	match(exchange: Exchange): Route | undefined;
	methodsAllowed(exchange: Exchange): string[];
}

/** Where counts go. All times in µs. */
export interface Recorder {
	/** One answered or abandoned request. `status` 0: the client left before an answer began. */
	request(exchange: Exchange, us: number): void;
}

/** Decides how many connections there may be. */
export interface ConnectionGate {
	open(address: string): boolean;
	close(address: string): void;
}

export interface DataPlaneOptions {
	board: Board;
	/** This worker's column on the board. */
	worker: number;
	wheel: TimerWheel;
	limits: NodeLimits;
	trust: Trust;
	routes: RouteTable;
	recorder: Recorder;
	gate: ConnectionGate;
	/** The order of the stages: what happens to a request once its head was read. */
	handle: (exchange: Exchange) => void;
	/** Something that must not happen did; the request is answered with 500. */
	report: (error: unknown) => void;
}

/** All that the connections of one worker share. */
export class DataPlane {
	readonly board: Board;
	readonly worker: number;
	readonly wheel: TimerWheel;
	readonly recorder: Recorder;
	readonly gate: ConnectionGate;
	readonly handle: (exchange: Exchange) => void;
	readonly report: (error: unknown) => void;
	/** These three change at a reload. */
	limits: NodeLimits;
	trust: Trust;
	routes: RouteTable;
	/** Each next answer closes its connection. */
	draining = false;
	/** The message under construction. Every handler leaves it empty. */
	readonly out = new Output();
	/** What sockets read into. */
	readonly rx: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
	/** By slot. */
	readonly upstreams: (Upstream | undefined)[] = [];
	/** Requests and tunnels under way. */
	active = 0;
	#date: Buffer = Buffer.alloc(0);
	#dateSecond = 0;
	readonly #exchanges: Exchange[] = [];
	readonly #large: Buffer[] = [];

	constructor(options: DataPlaneOptions) {
		this.board = options.board;
		this.worker = options.worker;
		this.wheel = options.wheel;
		this.recorder = options.recorder;
		this.gate = options.gate;
		this.handle = options.handle;
		this.report = options.report;
		this.limits = options.limits;
		this.trust = options.trust;
		this.routes = options.routes;
	}

	/** The Date field line of this second (RFC 9110 §6.6.1). */
	get date(): Buffer {
		const second = Math.floor(this.wheel.nowMs / 1000);
		if (second !== this.#dateSecond) {
			this.#dateSecond = second;
			this.#date = Buffer.from(`Date: ${new Date().toUTCString()}\r\n`, 'latin1');
		}
		return this.#date;
	}

	/** Exchanges are used again: an idle connection holds none. */
	takeExchange(): Exchange {
		const exchange = this.#exchanges.pop() ?? new Exchange(this);
		exchange.head.fields.most = this.limits.headFields;
		return exchange;
	}

	giveExchange(exchange: Exchange): void {
		if (this.#exchanges.length < 1024) this.#exchanges.push(exchange);
	}

	takeLarge(): Buffer {
		return this.#large.pop() ?? Buffer.allocUnsafeSlow(LARGE_READ_BYTES);
	}

	/** Only once nothing that was read into it is still to be written. */
	giveLarge(buffer: Buffer): void {
		if (this.#large.length < SPARE_MOST) this.#large.push(buffer);
	}

	get readBytes(): number {
		return READ_BYTES;
	}
}
