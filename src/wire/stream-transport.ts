import type { Socket } from 'node:net';
import type { Transport, TransportOwner } from './transport.ts';

/** Any socket that Node gives as a stream: TLS, and TCP where `RawTransport` is not to be had. */
export class StreamTransport implements Transport {
	owner: TransportOwner;
	readonly socket: Socket;
	#closed = false;
	#error = '';

	constructor(socket: Socket, owner: TransportOwner) {
		this.socket = socket;
		this.owner = owner;
		socket.setNoDelay(true);
		socket.on('data', (bytes: Buffer) => this.owner.onBytes(bytes, bytes.length));
		socket.on('end', () => {
			if (!this.#closed) this.owner.onEnd();
		});
		socket.on('drain', () => {
			if (!this.#closed) this.owner.onDrain();
		});
		socket.on('error', (error: NodeJS.ErrnoException) => {
			this.#error = error.code ?? 'ERROR';
		});
		socket.on('close', () => {
			this.#closed = true;
			this.owner.onClose(this.#error);
		});
	}

	get pending(): number {
		return this.socket.writableLength;
	}

	get queued(): number {
		return this.socket.writableLength;
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

	write(bytes: Uint8Array): boolean {
		if (this.#closed || !this.socket.writable) return false;
		// TLS encrypts what it is given later, while the caller uses its buffer again: so a copy.
		return this.socket.write(Buffer.from(bytes)) || this.socket.writableLength === 0;
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
		this.socket.destroy();
	}

	reset(): void {
		this.socket.resetAndDestroy();
	}
}
