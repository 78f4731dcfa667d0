import { crash } from '../../gateway/crash.ts';
import type { Exchange } from '../../gateway/exchange.ts';

/** What an exchange does in later turns, with what it waited for: nothing once it is over, and a fault of our own ends its connection alone. */
export class LaterTurns {
	/** It was answered, or its client has left. */
	over = false;
	readonly #exchange: Exchange;

	constructor(exchange: Exchange) {
		this.#exchange = exchange;
	}

	run(work: () => void): void {
		if (this.over) return;
		try {
			work();
		} catch (error) {
			crash(this.#exchange, error);
		}
	}
}
