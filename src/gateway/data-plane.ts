import type { Board } from '../core/board.ts';
import type { Cached } from '../core/cached.ts';
import { Output } from '../wire/output.ts';
import type { RequestHead } from '../wire/request-head.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';
import type { Destination } from './attempt.ts';
import type { CdnLoop } from './cdn-loop.ts';
import type { NodeLimits } from './config.ts';
import type { Trust } from './forwarded.ts';
import type { OwnPages } from './offload.ts';
import type { Route, Service } from './route.ts';
import type { RouteSubject } from './router.ts';

/** Bytes that one read of a connection without a large body brings at most. */
const READ_BYTES = 64 * 1024;
/** The same for a connection that carries a large body. */
const LARGE_READ_BYTES = 256 * 1024;
const SPARE_MOST = 16;

/** Finds the route of a request; `Router` fits it. */
export interface RouteTable {
	match(subject: RouteSubject): Route | undefined;
	methodsAllowed(subject: RouteSubject): string[];
}

/** A request as it is counted. */
export interface Counted {
	readonly route: Route | null;
	/** Of the answer; 0: the client left before one began. */
	readonly status: number;
	/** Why Ballast answered itself. */
	readonly failure: string | null;
	/** The answer ended before it was whole. */
	readonly broken: boolean;
	readonly body: { readonly received: number };
	readonly bytesOut: number;
	/** A new version got a copy of it. */
	readonly copied: boolean;
	readonly fetch: {
		readonly slot: number;
		readonly attempts: number;
		readonly held: boolean;
		readonly times: { readonly cells: Int32Array; readonly count: number };
	};
	/** `waitedUs`: until the answer that another request asks for began, µs. */
	readonly cache: { readonly cached: Cached; readonly waitedUs: number };
	/** `performance.now()` at its begin. */
	readonly startMs: number;
	/** What it said, as offsets into the buffer. */
	readonly buffer: Buffer;
	readonly method: string;
	readonly pathStart: number;
	readonly pathEnd: number;
	readonly targetEnd: number;
	readonly hostStart: number;
	readonly hostEnd: number;
	readonly rewritten: boolean;
	readonly framing: { readonly userAgentAt: number };
	readonly head: Pick<RequestHead, 'minor' | 'targetStart' | 'targetEnd' | 'queryAt' | 'fields'>;
	readonly client: {
		readonly secure: boolean;
		readonly trusted: boolean;
		readonly address: string;
		readonly addressField: string;
	};
	readonly plane: { readonly trust: Trust };
	readonly trace: TraceContext;
}

/** Where counts go. All times in µs. */
export interface Recorder {
	/** One answered or abandoned request. */
	request(counted: Counted, us: number): void;
}

/** Where a request stands in its trace: the trace's id, our span's, the caller's, 32 bits each, and its flags. */
export interface TraceContext {
	readonly words: Uint32Array;
	flags: number;
}

/** Traces requests (W3C Trace Context); what `src/traces` has fits it. */
export interface Tracing {
	/** Goes on with the context in bytes[start, end), or begins one: nothing stands there, or it is invalid. */
	begin(bytes: Uint8Array, start: number, end: number, trusted: boolean, into: TraceContext): void;
	/** Writes the field for an attempt. */
	write(out: Output, context: TraceContext, attempt: number): void;
}

/** Decides how many connections there may be. */
export interface ConnectionGate {
	open(address: string): boolean;
	close(address: string): void;
}

/** A request that waits for an instance. */
export interface Waiter {
	/** Tries again; false: there still is nothing for it. */
	tryAgain(): boolean;
	/** It waits no longer: its time is over, or its memory more than there is room for. */
	turnedAway(why: 'timeout' | 'full'): void;
	/** Memory that it holds now. */
	readonly bytesHeld: number;
	/** It still waits: is its client still there? */
	lookAfter(): void;
}

/** Where requests wait, with bounds for the node. */
export interface Hold {
	/** False: there is no room. Times in ticks of the wheel. */
	add(service: string, waiter: Waiter, wait: { untilTick: number; fromTick: number }): boolean;
	remove(service: string, waiter: Waiter): void;
}

/** What others are told of instances. */
export interface Signals {
	/** It failed: the control plane should look at it. */
	suspect(slot: number): void;
	/** Its breaker closed or opened. */
	guardChanged(slot: number): void;
	/** A place became free at an instance whose requests are bounded. */
	freed(service: Service): void;
}

export interface DataPlaneOptions {
	hold: Hold;
	signals: Signals;
	/** The instances, by slot; whoever owns the list changes it. */
	upstreams: readonly (Destination | undefined)[];
	board: Board;
	/** This worker's column on the board. */
	worker: number;
	wheel: TimerWheel;
	limits: NodeLimits;
	trust: Trust;
	routes: RouteTable;
	recorder: Recorder;
	gate: ConnectionGate;
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
	readonly report: (error: unknown) => void;
	readonly hold: Hold;
	readonly signals: Signals;
	/** By name and version, as they are configured now. */
	services: ReadonlyMap<string, Service> = new Map();
	/** These three change at a reload. */
	limits: NodeLimits;
	trust: Trust;
	routes: RouteTable;
	/** null: there are none. */
	pages: OwnPages<never> | null = null;
	/** null: loops are not looked for. */
	cdnLoop: CdnLoop | null = null;
	/** null: requests are not traced, and their fields pass as they came. */
	tracing: Tracing | null = null;
	/** How much of the requests this worker refuses: 0 none, 1 those of low priority, 2 of normal too, 3 all. */
	shedding = 0;
	/** Each next answer closes its connection. */
	draining = false;
	/** The message under construction. Every handler leaves it empty. */
	readonly out = new Output();
	/** What sockets read into. */
	readonly rx: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
	/** By slot. */
	readonly upstreams: readonly (Destination | undefined)[];
	/** Requests and tunnels under way. */
	active = 0;
	#date: Buffer = Buffer.alloc(0);
	#dateSecond = 0;
	readonly #large: Buffer[] = [];

	constructor(options: DataPlaneOptions) {
		this.upstreams = options.upstreams;
		this.board = options.board;
		this.worker = options.worker;
		this.wheel = options.wheel;
		this.recorder = options.recorder;
		this.gate = options.gate;
		this.report = options.report;
		this.hold = options.hold;
		this.signals = options.signals;
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
