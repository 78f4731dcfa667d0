import type { CacheKey } from '../../cache/answer-store.ts';
import { KeptKey } from '../../cache/kept-key.ts';
import { RequestControl } from '../../cache/rules/request-control.ts';
import type { Destination } from '../../gateway/attempt.ts';
import { goesPlain } from '../../gateway/compress/passed-on.ts';
import type { DataPlane } from '../../gateway/data-plane.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { Fetch } from '../../gateway/fetch.ts';
import { writeUpstreamHead } from '../../gateway/upstream-head.ts';
import type { Output } from '../../wire/output.ts';
import type { CameHead } from './fill-owner.ts';
import { RequestImage } from './request-image.ts';

const NOTHING = Buffer.alloc(0);

/** What an answer that is to be stored is asked for by: its client's request as long as that is there, then a copy. */
export class AskedRequest {
	readonly control: RequestControl = new RequestControl();
	/** What the answer is stored under. */
	readonly key: KeptKey = new KeptKey();
	/** Hash of its URL. */
	url = 0;
	/** In the place of the client's own conditions and `Range`; empty: without any; null: with the client's own. */
	conditions: Buffer | null = NOTHING;
	readonly #plane: DataPlane;
	readonly #fetch: Fetch;
	#exchange: Exchange | null = null;
	/** Most clients stay: it is made for the first that does not. */
	#image: RequestImage | null = null;

	constructor(plane: DataPlane, fetch: Fetch) {
		this.#plane = plane;
		this.#fetch = fetch;
	}

	take(exchange: Exchange, { control, key }: { control: RequestControl; key: CacheKey }): void {
		this.#exchange = exchange;
		this.control.copy(control);
		this.key.copy(key);
	}

	/** The client leaves, or its exchange will be another request's: from here on there is a copy. */
	keep(): void {
		if (this.#exchange === null) return;
		this.#image ??= new RequestImage(this.#plane, this.#fetch);
		this.#image.copy(this.#exchange);
		this.#exchange = null;
	}

	/** Nothing more is asked for by it. */
	drop(): void {
		this.#exchange = null;
	}

	get seen(): Exchange | RequestImage {
		return this.#exchange ?? (this.#image as RequestImage);
	}

	/** The answer is for who asks as it comes: neither a part, nor news of it, nor another form is wanted. */
	wantsAsItComes(came: CameHead): boolean {
		const { rangeAt, conditional } = this.control;
		if (rangeAt >= 0 || conditional) return false;
		const { seen } = this;
		const compress = seen.route?.compress ?? null;
		return compress === null || goesPlain(seen, compress, came);
	}

	write(out: Output, destination: Destination): void {
		const exchange = this.#exchange;
		// What is sent tells the attempt.
		exchange?.fetch.account(this.#fetch);
		const { seen } = this;
		seen.conditions = this.conditions;
		writeUpstreamHead(out, seen, destination);
		seen.conditions = null;
	}
}
