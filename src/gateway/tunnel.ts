import { Timer } from '../wire/timer-wheel.ts';
import type { Transport } from '../wire/transport.ts';
import type { AttemptConnection, TunnelEnd } from './attempt.ts';
import type { DataPlane } from './data-plane.ts';

/** How long a client may take over the last bytes of a tunnel whose other end is gone. */
const LAST_BYTES_MS = 30_000;

/** An upgraded connection (WebSocket): bytes both ways, each side held back while the other cannot take more. */
export class Tunnel implements TunnelEnd {
	readonly #plane: DataPlane;
	readonly #client: Transport;
	readonly #connection: AttemptConnection;
	#clientEnded = false;
	#upstreamEnded = false;
	#upstreamGone = false;

	constructor(plane: DataPlane, client: Transport, connection: AttemptConnection) {
		this.#plane = plane;
		this.#client = client;
		this.#connection = connection;
		connection.tunnel = this;
	}

	/** Client → instance. False: the client's socket must wait for `tunnelDrained`. */
	fromClient(bytes: Uint8Array, length: number): boolean {
		const { out } = this.#plane;
		out.copy(bytes, 0, length);
		return out.flush(this.#connection.transport);
	}

	/** Instance → client. */
	tunnelBytes(bytes: Uint8Array, length: number): boolean {
		const { out } = this.#plane;
		out.copy(bytes, 0, length);
		return out.flush(this.#client);
	}

	tunnelDrained(): void {
		this.#client.resume();
	}

	clientDrained(): void {
		if (this.#upstreamGone || (this.#clientEnded && this.#upstreamEnded)) this.#client.destroy();
		else this.#connection.transport.resume();
	}

	tunnelEnd(): void {
		this.#upstreamEnded = true;
		this.#client.end();
		this.#closeIfOver();
	}

	clientEnd(): void {
		this.#clientEnded = true;
		this.#connection.transport.end();
		this.#closeIfOver();
	}

	#closeIfOver(): void {
		if (!this.#clientEnded || !this.#upstreamEnded) return;
		this.#endClient();
		if (this.#connection.transport.pending === 0) this.#connection.transport.destroy();
	}

	tunnelClosed(): void {
		this.#upstreamGone = true;
		this.#endClient();
	}

	/** What was read before the end must still reach the client, but it is not waited for without limit. */
	#endClient(): void {
		this.#client.end();
		if (this.#client.pending === 0) this.#client.destroy();
		else this.#plane.wheel.set(new Timer({ onTimer: () => this.#client.destroy() }), LAST_BYTES_MS);
	}

	clientClosed(): void {
		this.#connection.transport.destroy();
	}
}
