import type { AnswerEntry } from '../../cache/answer-store.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { forward } from './pass-by.ts';
import type { RouteCache } from './route-cache.ts';

/** A request that waits until the file of the answer that it may get is open, and then looks again. */
class UntilReadable implements AnswerSource {
	#left = false;

	constructor(exchange: Exchange, entry: AnswerEntry, again: (exchange: Exchange) => void) {
		exchange.source = this;
		entry.distant?.prepare((state) => {
			if (state === 'gone') entry.remove();
			entry.release();
			if (this.#left) return;
			exchange.source = null;
			// Too many are open: it is not waited for once more.
			if (state === 'busy') exchange.cache.unreadable = true;
			again(exchange);
		});
	}

	resume(): void {}

	cancel(): void {
		this.#left = true;
	}
}

/** False: it waits; true: it goes to an instance. Takes over the pin of `entry`, whose body is not known to be readable. */
export function untilReadable(exchange: Exchange, entry: AnswerEntry, again: (exchange: Exchange) => void): boolean {
	if (exchange.cache.unreadable) {
		entry.release();
		return forward(exchange, exchange.route?.cache as RouteCache, 'request');
	}
	new UntilReadable(exchange, entry, again);
	return false;
}
