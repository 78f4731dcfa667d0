import type { ClientConnection } from '../../src/gateway/client-connection.ts';
import type { Exchange } from '../../src/gateway/exchange.ts';
import type { Transport } from '../../src/wire/transport.ts';

/** A client that takes everything at once; what was written to it is its text. */
export class WrittenTransport implements Transport {
	readonly pending = 0;
	readonly queued = 0;
	readonly remoteAddress = '127.0.0.1';
	readonly remotePort = 1;
	readonly localPort = 2;
	text = '';
	#client: ClientConnection | null = null;

	/** Becomes the client of this exchange. */
	serve(exchange: Exchange): void {
		exchange.plane.out.length = 0;
		this.#client = exchange.client as ClientConnection;
		this.#client.attach(this, this.remoteAddress);
	}

	/** The client is gone. */
	leave(): void {
		this.#client?.onClose();
	}

	write(bytes: Uint8Array): boolean {
		this.text += Buffer.from(bytes).toString('latin1');
		return true;
	}

	isBroken(): boolean {
		return false;
	}

	pause(): void {}
	resume(): void {}
	readInto(): void {}
	end(): void {}
	destroy(): void {}
	reset(): void {}
}
