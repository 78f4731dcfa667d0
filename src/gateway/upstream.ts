import net from 'node:net';
import tls from 'node:tls';
import type { ErrorCode } from '../core/errors.ts';
import { connectRaw, RawTransport, rawSupported } from '../wire/raw-transport.ts';
import { StreamTransport } from '../wire/stream-transport.ts';
import { Timer } from '../wire/timer-wheel.ts';
import type { Attempt } from './attempt.ts';
import type { DataPlane } from './data-plane.ts';
import { type ConnectionOwner, UpstreamConnection } from './upstream-connection.ts';

/** A connection idle for longer is not used for a request that must not be sent twice: its end may be under way. */
const SAFE_IDLE_TICKS = 20;

export interface UpstreamOptions {
	slot: number;
	/** A number that no other instance ever has. */
	serial: number;
	/** Stable name of the instance. */
	id: string;
	host: string;
	port: number;
	/** null: plain. */
	tls: tls.ConnectionOptions | null;
	/** Most connections. */
	connections: number;
	idleMs: number;
}

interface Waiting {
	fetch: Attempt;
	untilTick: number;
}

/** One instance as one worker sees it: its connections, idle ones first. */
export class Upstream implements ConnectionOwner {
	/** Replaced by a reload that changes how connections are made; those that there are stay. */
	options: UpstreamOptions;
	readonly plane: DataPlane;
	/** `host:port`, for a Host field and for messages. */
	readonly authority: string;
	/** Attempts of this worker under way. */
	inFlight = 0;
	readonly serial: number;
	readonly #idle: UpstreamConnection[] = [];
	readonly #waiting: Waiting[] = [];
	readonly #timer: Timer;
	#open = 0;
	#closing: (() => void) | null = null;

	constructor(plane: DataPlane, options: UpstreamOptions) {
		this.plane = plane;
		this.options = options;
		this.serial = options.serial;
		this.authority = net.isIPv6(options.host) ? `[${options.host}]:${options.port}` : `${options.host}:${options.port}`;
		this.#timer = new Timer(this);
	}

	/** Gives the fetch a connection: now, when one is opened, or when one is free. */
	acquire(fetch: Attempt): void {
		const idle = this.#takeIdle(fetch);
		if (idle !== null) {
			idle.begin(fetch, true);
			return;
		}
		if (this.#open < this.options.connections) {
			this.#connect(fetch);
			return;
		}
		const { wheel } = this.plane;
		const ms = fetch.timeouts.connectMs;
		this.#waiting.push({ fetch, untilTick: wheel.tick + Math.ceil(ms / 50) });
		if (this.#timer.deadline === 0) wheel.set(this.#timer, ms);
		// None of the idle ones is fresh enough for it: the oldest makes room.
		this.#idle.shift()?.destroy();
	}

	#takeIdle(fetch: Attempt): UpstreamConnection | null {
		if (fetch.wantsFresh) return null;
		let last = this.#idle[this.#idle.length - 1];
		// Its end was read in this very turn; the socket tells of it a little later.
		// One that was reset may not know it yet: for a request that can be sent once only the system is asked.
		while (last !== undefined && (!last.usable || (!fetch.repeatable && last.transport.isBroken()))) {
			this.#idle.pop();
			if (last.usable) last.destroy();
			last = this.#idle[this.#idle.length - 1];
		}
		if (last === undefined) return null;
		if (!fetch.repeatable && this.plane.wheel.tick - last.idleSince > SAFE_IDLE_TICKS) return null;
		this.#idle.pop();
		return last;
	}

	/** A connection finished its fetch and can carry another. */
	release(connection: UpstreamConnection): void {
		if (this.#closing !== null) {
			connection.destroy();
			return;
		}
		const waiting = this.#waiting.shift();
		if (waiting !== undefined) {
			connection.begin(waiting.fetch, true);
			return;
		}
		connection.idleSince = this.plane.wheel.tick;
		this.plane.wheel.set(connection.timer, this.options.idleMs);
		this.#idle.push(connection);
	}

	/** A connection is over. */
	closed(connection: UpstreamConnection): void {
		this.#opened(-1);
		const at = this.#idle.lastIndexOf(connection);
		if (at >= 0) this.#idle.splice(at, 1);
		this.#openForWaiting();
	}

	/** A place may be free: who waits for one opens a connection. */
	#openForWaiting(): void {
		if (this.#waiting.length > 0 && this.#open < this.options.connections) {
			this.#connect((this.#waiting.shift() as Waiting).fetch);
		}
	}

	/** A fetch that waits here was given up. */
	forget(fetch: Attempt): void {
		const at = this.#waiting.findIndex((waiting) => waiting.fetch === fetch);
		if (at >= 0) this.#waiting.splice(at, 1);
	}

	onTimer(): void {
		const { wheel } = this.plane;
		while (this.#waiting.length > 0 && (this.#waiting[0] as Waiting).untilTick <= wheel.tick) {
			(this.#waiting.shift() as Waiting).fetch.attemptFailed('connection_limit');
		}
		const next = this.#waiting[0];
		if (next !== undefined) wheel.set(this.#timer, Math.max(1, (next.untilTick - wheel.tick) * 50));
	}

	enter(most: number): boolean {
		const { board, worker } = this.plane;
		if (most === 0) board.addInFlight(this.options.slot, worker, 1);
		else if (!board.enterBelow(this.options.slot, worker, most)) return false;
		this.inFlight++;
		return true;
	}

	/** The last attempt at an instance that is being removed lets it go. */
	leave(): void {
		this.inFlight--;
		this.plane.board.addInFlight(this.options.slot, this.plane.worker, -1);
		if (this.inFlight === 0 && this.#closing !== null) this.#closing();
	}

	/** Closes idle connections at once and the others after what they carry; `done` when nothing is in flight. */
	close(done: () => void): void {
		let told = false;
		this.#closing = () => {
			if (told) return;
			told = true;
			done();
		};
		for (const connection of [...this.#idle]) connection.destroy();
		if (this.inFlight === 0) this.#closing();
	}

	#opened(change: number): void {
		this.#open += change;
		this.plane.board.addConnections(this.options.slot, this.plane.worker, change);
	}

	#connect(fetch: Attempt): void {
		this.#opened(1);
		new Opening(this, fetch).start();
	}

	/** An opening failed: its place is free again. */
	notOpened(fetch: Attempt | null, code: ErrorCode): void {
		this.#opened(-1);
		fetch?.attemptFailed(code);
		this.#openForWaiting();
	}
}

const CONNECT_ERRORS: Record<string, ErrorCode> = { ECONNREFUSED: 'connect_refused', ETIMEDOUT: 'connect_timeout' };

/** A connection being opened for a fetch, within its time limit. */
class Opening {
	readonly #upstream: Upstream;
	#fetch: Attempt | null;
	readonly #timer: Timer;
	#abandon: () => void = () => {};

	constructor(upstream: Upstream, fetch: Attempt) {
		this.#upstream = upstream;
		this.#fetch = fetch;
		this.#timer = new Timer(this);
		fetch.opening = this;
	}

	start(): void {
		const { options, plane } = this.#upstream;
		const fetch = this.#fetch as Attempt;
		plane.wheel.set(this.#timer, fetch.timeouts.connectMs);
		if (options.tls === null && rawSupported && net.isIP(options.host) !== 0) this.#startRaw();
		else this.#startStream();
	}

	#startRaw(): void {
		this.#abandon = connectRaw(this.#upstream.options, (handle, error) => {
			if (handle === null) {
				this.#failed(CONNECT_ERRORS[error] ?? 'connect_failed');
				return;
			}
			const connection = new UpstreamConnection(this.#upstream);
			this.#opened(connection, () => connection.attach(new RawTransport(handle, connection, connection.plane.rx)));
		});
	}

	#startStream(): void {
		const { options } = this.#upstream;
		const to = { host: options.host, port: options.port, allowHalfOpen: true };
		const socket = options.tls === null ? net.connect(to) : tls.connect({ ...to, ...options.tls });
		const onError = (error: NodeJS.ErrnoException): void => {
			const fallback = options.tls === null ? 'connect_failed' : 'tls_failed';
			this.#failed(CONNECT_ERRORS[error.code ?? ''] ?? fallback);
		};
		this.#abandon = () => socket.destroy();
		socket.on('error', onError);
		socket.once(options.tls === null ? 'connect' : 'secureConnect', () => {
			socket.off('error', onError);
			const connection = new UpstreamConnection(this.#upstream);
			this.#opened(connection, () => connection.attach(new StreamTransport(socket, connection)));
		});
	}

	#opened(connection: UpstreamConnection, attach: () => void): void {
		const fetch = this.#fetch;
		this.#upstream.plane.wheel.remove(this.#timer);
		this.#fetch = null;
		attach();
		if (fetch === null) this.#upstream.release(connection);
		else {
			fetch.opening = null;
			connection.begin(fetch, false);
		}
	}

	#failed(code: ErrorCode): void {
		const fetch = this.#fetch;
		this.#upstream.plane.wheel.remove(this.#timer);
		this.#fetch = null;
		if (fetch !== null) fetch.opening = null;
		this.#upstream.notOpened(fetch, code);
	}

	onTimer(): void {
		this.#abandon();
		this.#failed('connect_timeout');
	}

	/** The client left: the connection, once open, serves another request. */
	cancel(): void {
		this.#fetch = null;
	}
}
