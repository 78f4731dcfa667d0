import type { ClientConnection } from '../../src/gateway/client-connection.ts';
import type { Exchange } from '../../src/gateway/exchange.ts';
import { TakingTransport } from '../../src/wire/testing/taking-transport.ts';

/** A client that takes everything at once; what was written to it is its text. */
export class WrittenTransport extends TakingTransport {
	override readonly remoteAddress = '127.0.0.1';
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
}
