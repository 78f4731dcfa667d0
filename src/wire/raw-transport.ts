import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { Transport, TransportOwner } from './transport.ts';

/**
 * TCP by the runtime's own handle, without a stream object in between: a request costs about a
 * fifth less CPU and an idle connection a fraction of the memory. The calls used here are not
 * public (docs/adr/0005): `rawSupported` tries them out at start, and where one is not as expected
 * everything goes through `StreamTransport`.
 */

/** What is used of the runtime's TCP handle. */
export interface TcpHandle {
	readonly writeQueueSize: number;
	onread: ((this: TcpHandle, data?: ArrayBuffer) => void) | undefined;
	readStart(): number;
	readStop(): number;
	useUserBuffer(buffer: Uint8Array): void;
	writeBuffer(request: null, bytes: Uint8Array): number | WriteRequest;
	shutdown(request: object): number;
	reset(callback: () => void): number;
	close(callback?: () => void): void;
	setNoDelay(on: boolean): number;
	setKeepAlive(on: boolean, delayS: number): number;
	connect(request: object, address: string, port: number): number;
	connect6(request: object, address: string, port: number): number;
	getpeername(out: { address?: string; port?: number }): number;
	getsockname(out: { address?: string; port?: number }): number;
	transport: RawTransport;
}
interface WriteRequest {
	oncomplete: ((this: WriteRequest, status: number) => void) | undefined;
	writeStatus: number | null;
	buffer: Uint8Array;
	transport: RawTransport;
}
interface Bindings {
	state: Int32Array;
	readAt: number;
	errorAt: number;
	TCP: new (kind: number) => TcpHandle;
	TCPConnectWrap: new () => { oncomplete?: (status: number) => void };
	ShutdownWrap: new () => { oncomplete?: (status: number) => void };
	socketKind: number;
}

const UV_EOF = -4095;

function loadBindings(): Bindings | null {
	try {
		// biome-ignore lint/suspicious/noExplicitAny: an undocumented call has no types
		const binding = (process as any).binding as (name: string) => any;
		const stream = binding('stream_wrap');
		const tcp = binding('tcp_wrap');
		const found: Bindings = {
			state: stream.streamBaseState,
			readAt: stream.kReadBytesOrError,
			errorAt: stream.kLastWriteErr,
			TCP: tcp.TCP,
			TCPConnectWrap: tcp.TCPConnectWrap,
			ShutdownWrap: stream.ShutdownWrap,
			socketKind: tcp.constants.SOCKET,
		};
		const whole =
			found.state instanceof Int32Array && [found.readAt, found.errorAt, found.socketKind].every(Number.isInteger);
		return whole && typeof found.TCP === 'function' && typeof found.ShutdownWrap === 'function' ? found : null;
	} catch {
		return null;
	}
}

const bindings = process.env['BALLAST_TRANSPORT'] === 'stream' ? null : loadBindings();

/** Whether the handle behaves as this file needs it: `writeBuffer` without a request object came with Node 26. */
export const rawSupported: boolean =
	bindings !== null &&
	Number(process.versions.node.split('.')[0]) >= 26 &&
	['readStart', 'readStop', 'useUserBuffer', 'writeBuffer', 'shutdown', 'reset', 'close', 'connect'].every(
		(name) => typeof (bindings.TCP.prototype as unknown as Record<string, unknown>)[name] === 'function',
	);

const { state, readAt, errorAt } = (bindings ?? { state: new Int32Array(1), readAt: 0, errorAt: 0 }) as Bindings;

function onRead(this: TcpHandle): Uint8Array | undefined {
	const length = state[readAt] as number;
	const transport = this.transport;
	if (length > 0) {
		if (!transport.closed) transport.owner.onBytes(transport.active, length);
		if (transport.active !== transport.buffer) {
			transport.active = transport.buffer;
			return transport.buffer;
		}
	} else if (length < 0 && !transport.closed) {
		if (length === UV_EOF) transport.readEnded();
		else transport.fail(length);
	}
	return undefined;
}

function onWritten(this: WriteRequest, status: number): void {
	this.transport.written(this.buffer.length, status);
}

const NOTHING = new Uint8Array(0);

export class RawTransport implements Transport {
	pending = 0;
	closed = false;
	/** What the owner wants to be read into. */
	buffer: Uint8Array;
	/** What the handle reads into. It only learns of another one by what a read returns. */
	active: Uint8Array;
	owner: TransportOwner;
	readonly #handle: TcpHandle;
	#reading = true;
	#ending = false;
	/** FIN was read: no error will be read any more. */
	#ended = false;
	#error = 0;

	constructor(handle: TcpHandle, owner: TransportOwner, buffer: Uint8Array) {
		this.#handle = handle;
		this.owner = owner;
		this.buffer = buffer;
		this.active = buffer;
		handle.transport = this;
		handle.onread = onRead;
		handle.setNoDelay(true);
		handle.useUserBuffer(buffer);
		handle.readStart();
	}

	get queued(): number {
		return this.closed ? 0 : this.#handle.writeQueueSize;
	}

	/** A write of nothing fails where one of something would, also when the event loop has not heard of it yet. */
	isBroken(): boolean {
		if (this.closed || this.pending > 0) return this.closed;
		const result = this.#handle.writeBuffer(null, NOTHING);
		return typeof result === 'number' ? result !== 0 : (state[errorAt] as number) !== 0;
	}

	get remoteAddress(): string {
		return peer(this.#handle).address ?? '';
	}

	get remotePort(): number {
		return peer(this.#handle).port ?? 0;
	}

	get localPort(): number {
		const out: { port?: number } = {};
		this.#handle.getsockname(out);
		return out.port ?? 0;
	}

	write(bytes: Uint8Array): boolean {
		if (this.closed) return false;
		const result = this.#handle.writeBuffer(null, bytes);
		if (typeof result === 'number') {
			if (result === 0) return true;
			this.#writeFailed(result);
			return false;
		}
		const error = state[errorAt] as number;
		if (error !== 0) {
			this.#writeFailed(error);
			return false;
		}
		this.pending += bytes.length;
		result.transport = this;
		result.buffer = bytes;
		result.oncomplete = onWritten;
		if (result.writeStatus !== null && result.writeStatus !== undefined) onWritten.call(result, result.writeStatus);
		return false;
	}

	/** A write request was completed. */
	written(bytes: number, status: number): void {
		this.pending -= bytes;
		if (this.closed) return;
		if (status < 0) this.#writeFailed(status);
		else if (this.pending === 0) this.owner.onDrain();
	}

	/** The reader may still find an answer that came before the other side closed, so it has the last word. */
	#writeFailed(status: number): void {
		this.#error = status;
		if (!this.#reading || this.#ended) this.fail(status);
	}

	readEnded(): void {
		this.#ended = true;
		this.owner.onEnd();
	}

	fail(status: number): void {
		this.#error ||= status;
		this.destroy();
	}

	pause(): void {
		if (!this.#reading || this.closed) return;
		this.#reading = false;
		this.#handle.readStop();
		if (this.#error !== 0) this.fail(this.#error);
	}

	resume(): void {
		if (this.#reading || this.closed) return;
		this.#reading = true;
		this.#handle.readStart();
	}

	readInto(buffer: Uint8Array): void {
		this.buffer = buffer;
	}

	end(): void {
		if (this.closed || this.#ending) return;
		this.#ending = true;
		const request = new (bindings as Bindings).ShutdownWrap();
		request.oncomplete = () => {};
		this.#handle.shutdown(request);
	}

	destroy(): void {
		if (this.closed) return;
		this.closed = true;
		this.#handle.close(() => this.owner.onClose(this.#error === 0 ? '' : systemErrorName(this.#error)));
	}

	reset(): void {
		if (this.closed) return;
		this.closed = true;
		const done = (): void => this.owner.onClose('ECONNRESET');
		if (this.#handle.reset(done) !== 0) this.#handle.close(done);
	}
}

function peer(handle: TcpHandle): { address?: string; port?: number } {
	const out: { address?: string; port?: number } = {};
	handle.getpeername(out);
	return out;
}

export function systemErrorName(status: number): string {
	try {
		return getSystemErrorName(status);
	} catch {
		return `E${status}`;
	}
}

/**
 * Connects to a socket of this machine; `established`: it was within this call, as it is where the queue of the
 * socket has room. null: that cannot be tried here.
 */
export function connectAtOnce(to: { host: string; port: number }): { handle: TcpHandle; established: boolean } | null {
	if (bindings === null) return null;
	const handle = new bindings.TCP(bindings.socketKind);
	const request = new bindings.TCPConnectWrap();
	request.oncomplete = () => {};
	const connect = net.isIPv6(to.host) ? 'connect6' : 'connect';
	if (handle[connect](request, to.host, to.port) === 0) return { handle, established: handle.getpeername({}) === 0 };
	handle.close();
	return null;
}

/**
 * Opens a connection. `done` gets the transport, or the system's error code; never from within this
 * call. Returns a function that gives the attempt up.
 */
export function connectRaw(
	to: { host: string; port: number },
	done: (handle: TcpHandle | null, error: string) => void,
): () => void {
	const { TCP, TCPConnectWrap, socketKind } = bindings as Bindings;
	const handle = new TCP(socketKind);
	let over = false;
	const request = new TCPConnectWrap();
	const finish = (status: number): void => {
		if (over) return;
		over = true;
		if (status === 0) done(handle, '');
		else handle.close(() => done(null, systemErrorName(status)));
	};
	request.oncomplete = finish;
	const status = net.isIPv6(to.host)
		? handle.connect6(request, to.host, to.port)
		: handle.connect(request, to.host, to.port);
	if (status !== 0) process.nextTick(finish, status);
	return () => {
		if (over) return;
		over = true;
		handle.close();
	};
}
