import { type FillingEntry, FillState } from '../../cache/answer-store.ts';
import { judgeAnswer } from '../../cache/rules/judge-answer.ts';
import { RequestControl } from '../../cache/rules/request-control.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { AnswerWatch, BodyCopy } from '../../gateway/response-cache.ts';
import type { BodyScan } from '../../wire/body.ts';
import type { ResponseHead } from '../../wire/response-head.ts';
import { lengthOf } from './invalidation.ts';
import { type CachingParts, RouteCache } from './route-cache.ts';

/** Keeps answers to POST that say that they are what a GET of their URL brings (RFC 9110 §9.3.3). */
export class PostAnswers implements AnswerWatch<Exchange> {
	readonly #parts: CachingParts;
	/** What a change of the URL makes invalid goes first. */
	readonly #before: AnswerWatch<Exchange>;
	readonly #control = new RequestControl();

	constructor(parts: CachingParts, before: AnswerWatch<Exchange>) {
		this.#parts = parts;
		this.#before = before;
	}

	watch(exchange: Exchange): void {
		exchange.cache.watch = this;
		exchange.cache.purges = this.#parts.store.purges;
	}

	answered(exchange: Exchange, head: ResponseHead, bytes: Uint8Array): void {
		const cache = exchange.route?.cache;
		const { store, hash, marks } = this.#parts;
		const responseMs = Date.now();
		const requestMs = responseMs - Math.max(0, performance.now() - exchange.startMs);
		const isCached = cache instanceof RouteCache;
		if (isCached) cache.keys.build(exchange);
		// Another request changed it meanwhile: which came first only the origin knows.
		const isOutrun = isCached && marks.lastMs(cache.keys.url) >= requestMs;
		this.#before.answered(exchange, head, bytes);
		if (!isCached || isOutrun || head.status !== 200) return;
		const { policy, keys } = cache;
		const control = this.#control;
		control.read(exchange.head.fields, exchange.buffer);
		const contentLength = lengthOf(head, bytes as Buffer);
		const answer = { head, bytes: bytes as Buffer, contentLength, requestMs, responseMs };
		const { stored } = judgeAnswer({ request: exchange, control, answer, policy, hash });
		if (stored === null) return;
		const key = keys.build(exchange);
		// It is what the change has come to, and not of before.
		const afterMs = Math.max(requestMs, marks.lastMs(keys.url) + 1);
		const entry = store.begin(key, undefined, exchange.cache.purges);
		if (entry?.setAnswer({ ...stored, requestMs: afterMs })) exchange.cache.copy = new StoredCopy(entry, cache);
		else {
			entry?.fail(FillState.refused);
			entry?.release();
		}
	}
}

/** Stores a body as it is passed on. */
class StoredCopy implements BodyCopy {
	/** null: it is stored, or will not be. */
	#entry: FillingEntry | null;
	readonly #cache: RouteCache;

	constructor(entry: FillingEntry, cache: RouteCache) {
		this.#entry = entry;
		this.#cache = cache;
	}

	body(bytes: Uint8Array, { ranges, rangeCount }: BodyScan): void {
		for (let i = 0; i < rangeCount; i++) {
			const entry = this.#entry;
			if (entry === null) return;
			const [start, end] = [ranges[2 * i] as number, ranges[2 * i + 1] as number];
			const fits = (entry.distantFill?.taken ?? entry.received) + end - start <= (this.#cache.policy.bodyMost ?? 0);
			if (!fits || !entry.append(bytes, start, end)) this.over();
		}
	}

	ended(trailers: Buffer | null): void {
		this.#entry?.complete(trailers, this.#cache.policy.variantsMost);
		this.over();
	}

	over(): void {
		const entry = this.#entry;
		this.#entry = null;
		entry?.fail(FillState.broken);
		entry?.release();
	}
}
