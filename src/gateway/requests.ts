import type { DataPlane } from './data-plane.ts';
import { Exchange } from './exchange.ts';

const SPARE_MOST = 1024;

/** The requests of one worker: exchanges are used again, so that an idle connection holds none. */
export class Requests {
	readonly plane: DataPlane;
	/** The order of the stages: what happens to a request once its head was read. */
	readonly handle: (exchange: Exchange) => void;
	readonly #spare: Exchange[] = [];

	constructor(plane: DataPlane, handle: (exchange: Exchange) => void) {
		this.plane = plane;
		this.handle = handle;
	}

	take(): Exchange {
		const exchange = this.#spare.pop() ?? new Exchange(this.plane);
		exchange.head.fields.most = this.plane.limits.headFields;
		return exchange;
	}

	give(exchange: Exchange): void {
		exchange.replay = null;
		if (this.#spare.length < SPARE_MOST) this.#spare.push(exchange);
	}
}
