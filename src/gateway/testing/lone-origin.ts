import type { Transport } from '../../wire/transport.ts';
import type { Attempt } from '../attempt.ts';
import type { DataPlane } from '../data-plane.ts';
import { type ConnectionOwner, UpstreamConnection } from '../upstream-connection.ts';

/** An instance with one connection; it answers when it is told to. */
export class LoneOrigin implements ConnectionOwner {
	readonly plane: DataPlane;
	readonly authority = '192.0.2.8:80';
	readonly serial = 1;
	readonly #connection: UpstreamConnection;

	constructor(plane: DataPlane, transport: Transport) {
		this.plane = plane;
		this.#connection = new UpstreamConnection(this);
		this.#connection.attach(transport);
	}

	acquire(attempt: Attempt): void {
		this.#connection.begin(attempt, true);
	}

	/** Its answer, or a piece of it. */
	give(bytes: Buffer): void {
		bytes.copy(this.plane.rx);
		this.#connection.onBytes(this.plane.rx, bytes.length);
	}

	enter(): boolean {
		return true;
	}
	leave(): void {}
	forget(): void {}
	release(): void {}
	closed(): void {}
}
