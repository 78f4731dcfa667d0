import type { Transport } from '../../wire/transport.ts';
import type { Attempt } from '../attempt.ts';
import type { DataPlane } from '../data-plane.ts';
import { type ConnectionOwner, UpstreamConnection } from '../upstream-connection.ts';

/** An instance with one connection; it answers when it is told to. */
export class LoneOrigin implements ConnectionOwner {
	readonly plane: DataPlane;
	readonly authority = '192.0.2.8:80';
	readonly serial = 1;
	readonly #transport: Transport;
	#connection: UpstreamConnection;

	constructor(plane: DataPlane, transport: Transport) {
		this.plane = plane;
		this.#transport = transport;
		this.#connection = new UpstreamConnection(this);
		this.#connection.attach(transport);
	}

	acquire(attempt: Attempt): void {
		this.#connection.begin(attempt, true);
	}

	/** Its answer, or a piece of it. */
	give(bytes: Buffer): void {
		const { rx } = this.plane;
		for (let at = 0; at < bytes.length; at += rx.length)
			this.#connection.onBytes(rx, bytes.copy(rx, 0, at, Math.min(bytes.length, at + rx.length)));
	}

	/** It closes its connection, and takes the next question by another one. */
	end(): void {
		this.#connection.onEnd();
		this.#connection = new UpstreamConnection(this);
		this.#connection.attach(this.#transport);
	}

	enter(): boolean {
		return true;
	}
	leave(): void {}
	forget(): void {}
	release(): void {}
	closed(): void {}
}
