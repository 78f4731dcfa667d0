import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Transport, TransportOwner } from './transport.ts';

/** Any socket that Node gives as a stream: TLS, and TCP where `RawTransport` is not to be had. */
export class StreamTransport implements Transport {
	owner: TransportOwner;
	readonly socket: Socket;
	#closed = false;
	#error = '';
	/** Some write was not taken at once. */
	#behind = false;
	readonly #onWritten = (error?: Error | null): void => this.#written(error);

	constructor(socket: Socket, owner: TransportOwner) {
		this.socket = socket;
		this.owner = owner;
		socket.setNoDelay(true);
		socket.on('data', (bytes: Buffer) => {
			if (!this.#closed) this.owner.onBytes(bytes, bytes.length);
		});
		socket.on('end', () => {
			if (!this.#closed) this.owner.onEnd();
		});
		socket.on('error', (error: NodeJS.ErrnoException) => {
			this.#error ||= error.code ?? 'ERROR';
		});
		socket.on('close', () => {
			this.#closed = true;
			this.owner.onClose(this.#error);
		});
	}

	get pending(): number {
		return this.#closed ? 0 : this.socket.writableLength;
	}

	get queued(): number {
		return this.pending;
	}

	isBroken(): boolean {
		return this.#closed || !this.socket.writable;
	}

	get remoteAddress(): string {
		return this.socket.remoteAddress ?? '';
	}

	get remotePort(): number {
		return this.socket.remotePort ?? 0;
	}

	get localPort(): number {
		return this.socket.localPort ?? 0;
	}

	/** True while the stream's own buffer has room: the bytes are copied, and `onDrain` follows even so if any are pending. */
	write(bytes: Uint8Array): boolean {
		if (this.#closed || !this.socket.writable) return false;
		// TLS encrypts what it is given later, while the caller uses its buffer again: so a copy.
		const room = this.socket.write(Buffer.from(bytes), this.#onWritten);
		if (this.socket.writableLength === 0) return true;
		this.#behind = true;
		return room;
	}

	/** The stream's own `drain` comes only after a full buffer; what waits for the last byte needs to know each time. */
	#written(error?: Error | null): void {
		if (!this.#behind || this.#closed || error != null || this.socket.writableLength > 0) return;
		this.#behind = false;
		this.owner.onDrain();
	}

	pause(): void {
		if (!this.socket.isPaused()) this.socket.pause();
	}

	resume(): void {
		if (this.socket.isPaused()) this.socket.resume();
	}

	/** A stream brings its own buffers. */
	readInto(): void {}

	end(): void {
		if (!this.#closed) this.socket.end();
	}

	destroy(): void {
		// Behind a reset, destroying a TLS socket once more would end the process in native code.
		if (this.#closed) return;
		this.#closed = true;
		this.socket.destroy();
	}

	reset(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#error ||= 'ECONNRESET';
		// A TLS socket cannot be reset itself (it throws), the TCP socket that it was accepted on can. One
		// that has none ends without TLS's own end, which says the same to whoever heeds it.
		const carrier =
			this.socket instanceof TLSSocket ? (this.socket as { _parent?: Socket | null })._parent : this.socket;
		if (carrier) carrier.resetAndDestroy();
		else this.socket.destroy();
	}
}
