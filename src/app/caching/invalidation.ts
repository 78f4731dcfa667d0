import type { AnswerEntry } from '../../cache/answer-store.ts';
import type { CacheKeyBuilder } from '../../cache/rules/cache-key.ts';
import { invalidated, isUnsafe } from '../../cache/rules/invalidated.ts';
import { RequestControl } from '../../cache/rules/request-control.ts';
import { updatedByHead } from '../../cache/rules/update.ts';
import { suitsVariant } from '../../cache/rules/variant.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { AnswerWatch, ResponseCache } from '../../gateway/response-cache.ts';
import { parseLength } from '../../wire/framing.ts';
import type { ResponseHead } from '../../wire/response-head.ts';
import { type CachingParts, RouteCache } from './route-cache.ts';

/**
 * What answers that are passed on say of those that are stored: one to an unsafe method makes those of its URL invalid,
 * whichever route they are of (RFC 9111 §4.4); one to a HEAD updates them (§4.3.5).
 */
export class Invalidation implements AnswerWatch<Exchange> {
	readonly #parts: CachingParts;
	/** One for each way in which the routes make a URL's key. */
	readonly #keys: readonly CacheKeyBuilder[];
	readonly #control = new RequestControl();

	constructor(parts: CachingParts, caches: readonly RouteCache[]) {
		this.#parts = parts;
		const ways = new Map<string, CacheKeyBuilder>();
		for (const { keys, policy } of caches) {
			const way = JSON.stringify([policy.key.query, policy.key.anyHost]);
			if (keys.plain || !ways.has(way)) ways.set(way, keys);
		}
		this.#keys = [...ways.values()];
	}

	/** Watches the answer if it may say something. */
	watch(exchange: Exchange): void {
		if (exchange.method !== 'HEAD' && !isUnsafe(exchange.method)) return;
		exchange.cache.watch = this;
		exchange.cache.purges = this.#parts.store.purges;
	}

	answered(exchange: Exchange, head: ResponseHead, bytes: Uint8Array): void {
		if (exchange.method === 'HEAD') this.#update(exchange, head, bytes as Buffer);
		else this.#invalidate(exchange, head, bytes as Buffer);
	}

	#invalidate(exchange: Exchange, head: ResponseHead, bytes: Buffer): void {
		const { store, marks, levels } = this.#parts;
		const targets = invalidated(exchange, head, bytes);
		if (targets.length === 0) return;
		const { targetStart, targetEnd } = exchange.head;
		// Where its path is rewritten other routes may know it by that which the client named.
		if (exchange.rewritten) targets.push(exchange.buffer.toString('latin1', targetStart, targetEnd));
		const nowMs = Date.now();
		for (const keys of this.#keys)
			for (const target of targets) {
				const key = keys.buildUrl(target, exchange);
				marks.mark(key.high, nowMs);
				store.purgeKey(key, false);
				levels?.changed(key);
			}
	}

	#update(exchange: Exchange, head: ResponseHead, bytes: Buffer): void {
		const cache = exchange.route?.cache;
		// Of another status it says nothing of the answer that is stored.
		if (!(cache instanceof RouteCache) || head.status !== 200) return;
		const { store, hash, levels } = this.#parts;
		const control = this.#control;
		control.read(exchange.head.fields, exchange.buffer);
		const { policy, keyedByAuthorization } = cache;
		if (control.unkeyed || (control.noStore && policy.obeyClients)) return;
		const selecting = { request: exchange, control, hash, keyedByAuthorization };
		const suits = ({ answer }: AnswerEntry) => answer?.status === 200 && suitsVariant(answer, selecting);
		const key = cache.keys.build(exchange);
		const entry = store.find(key, suits);
		if (entry === null || entry.answer === null) return;
		const responseMs = Date.now();
		const requestMs = responseMs - Math.max(0, performance.now() - exchange.startMs);
		const answer = { head, bytes, contentLength: lengthOf(head, bytes), requestMs, responseMs };
		// It says what was so before that one was asked for. Both times are right to a millisecond.
		if (entry.answer.requestMs > requestMs + 1) {
			entry.release();
			return;
		}
		const after = updatedByHead(entry.answer, { request: exchange, control, answer, policy, hash });
		if (after === null) {
			entry.remove();
			levels?.drop(key);
		} else if (entry.staleFromMs < requestMs) {
			const renewed = store.update(entry, after, exchange.cache.purges);
			if (renewed !== null) levels?.keep({ key, url: cache.keys.url, entry: renewed, policy });
			renewed?.release();
		}
		entry.release();
	}
}

export function lengthOf({ fields }: ResponseHead, bytes: Buffer): number {
	const value = Buffer.from(fields.value(bytes, 'content-length') ?? '', 'latin1');
	return parseLength(value, 0, value.length);
}

/** A route without a cache, beside others that have one. */
export class UncachedRoute implements ResponseCache<Exchange> {
	readonly #invalidation: Invalidation;

	constructor(invalidation: Invalidation) {
		this.#invalidation = invalidation;
	}

	look(exchange: Exchange): true {
		this.#invalidation.watch(exchange);
		return true;
	}

	passes(exchange: Exchange): void {
		this.#invalidation.watch(exchange);
	}
}
