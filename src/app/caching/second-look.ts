import { type AnswerEntry, type CacheKey, type FillingEntry, FillState } from '../../cache/answer-store.ts';
import { Reuse, Verdict } from '../../cache/rules/reuse.ts';
import { suitsVariant, type Vary, varyOf } from '../../cache/rules/variant.ts';
import type { FoundAnswer, Wanted } from '../../cache/second-level.ts';
import type { StoredAnswer } from '../../cache/stored-answer.ts';
import { Priority } from '../../core/priority.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { Route } from '../../gateway/route.ts';
import type { Fill } from './fill.ts';
import { forward } from './pass-by.ts';
import type { CachingParts, RouteCache } from './route-cache.ts';

/** Who lets a request look further. */
export interface LookOwner {
	readonly parts: CachingParts & {
		/** Nothing is there: it goes on to the origin. */
		goOn(exchange: Exchange): void;
		/** The balancing key of a request that nobody waits for. */
		balance(exchange: Exchange): number;
	};
	/** Gives `exchange` what a level had, and the memory has now; the entry's pin goes with it. */
	giveFound(exchange: Exchange, entry: AnswerEntry, level: string): void;
}

const reuse = new Reuse();

/**
 * A request whose answer the memory has not, or no fresh one: before the origin is asked, the levels behind the memory
 * are. Others wait for its entry meanwhile, as they do for the origin's answer.
 */
export class SecondLook implements AnswerSource, Wanted {
	readonly #owner: LookOwner;
	readonly #fill: Fill;
	/** null: it has left, or nobody waits. */
	#exchange: Exchange | null;
	/** Nobody waits: somebody was given a stale answer, or one that is not fresh for long. */
	readonly #behind: boolean;
	readonly #route: Route;
	readonly #balance: number;
	readonly #variantsMost: number;
	#over = false;

	private constructor(owner: LookOwner, fill: Fill, { exchange, behind }: { exchange: Exchange; behind: boolean }) {
		this.#owner = owner;
		this.#fill = fill;
		this.#exchange = behind ? null : exchange;
		this.#behind = behind;
		this.#route = exchange.route as Route;
		this.#balance = owner.parts.balance(exchange);
		this.#variantsMost = (fill.cache as RouteCache).policy.variantsMost;
	}

	/** False: there is nobody to be asked now. `fill`: with the entry that it announced, not started. */
	static begin(owner: LookOwner, fill: Fill, exchange: Exchange): boolean {
		const look = new SecondLook(owner, fill, { exchange, behind: false });
		if (!look.#ask()) return false;
		exchange.source = look;
		return true;
	}

	/** Of what is fetched behind the back of who asks: another node may have done so. */
	static behind(owner: LookOwner, fill: Fill, exchange: Exchange): boolean {
		return owner.parts.levels !== null && new SecondLook(owner, fill, { exchange, behind: true }).#ask();
	}

	#ask(): boolean {
		return this.#owner.parts.levels?.ask(this, (found, level) => this.#asked(found, level)) ?? false;
	}

	// What a level asks.

	get key(): CacheKey {
		return this.#fill.request.key;
	}

	suits(answer: StoredAnswer): boolean {
		// The fill may be another request's by now.
		if (this.#over) return false;
		const { cache, stored, request: asked } = this.#fill;
		const { control, url, seen: request } = asked;
		const { policy, keyedByAuthorization } = cache as RouteCache;
		const { hash, marks } = this.#owner.parts;
		if (marks.lastMs(url) >= answer.requestMs) return false;
		if (answer.responseMs <= (stored?.answer?.responseMs ?? 0)) return false;
		if (!suitsVariant(answer, { request, control, hash, keyedByAuthorization })) return false;
		const verdict = reuse.judge({ answer, staleFromMs: 0 }, { control, policy, nowMs: Date.now() });
		if (this.#behind) return verdict === Verdict.fresh && !reuse.refreshAhead;
		return verdict !== Verdict.revalidate && verdict !== Verdict.onlyIfCached;
	}

	vary(names: string): Vary | null {
		return this.#over ? null : varyOf(names, this.#fill.request.seen, this.#owner.parts.hash);
	}

	// The client's side, while it waits.

	resume(): void {}

	/** Others may wait for what it began. */
	cancel(): void {
		this.#fill.request.keep();
		this.#exchange = null;
		this.#fill.leader = null;
	}

	#asked(found: FoundAnswer | null, level: string): void {
		const suits = found !== null && this.suits(found.answer);
		this.#over = true;
		if (!suits || !this.#take(found, level)) {
			found?.close();
			this.#goOn();
		}
	}

	/** False: there is no room for it. */
	#take(found: FoundAnswer, level: string): boolean {
		const entry = this.#fill.growing.open();
		if (entry === null || !entry.setAnswer(found.answer)) {
			// It is none for the origin's answer either.
			if (entry !== null) this.#fill.growing.release();
			return false;
		}
		if (Symbol.iterator in found.body) this.#takeWhole(found, found.body, { entry, level });
		else void this.#takeComing(found, found.body, { entry, level });
		return true;
	}

	#takeWhole(found: FoundAnswer, body: Iterable<Uint8Array>, taking: Taking): void {
		const { entry } = taking;
		for (const piece of body) if (!entry.append(piece, 0, piece.length)) break;
		this.#complete(entry, found);
		// On its way to the disk it is whole a while later.
		if (entry.state === FillState.whole || (entry.state === FillState.filling && entry.distantFill !== null))
			this.#give(taking);
		else {
			// It did not get whole, and is none for the origin's answer either.
			this.#fill.growing.release();
			this.#goOn();
		}
	}

	/** The client gets it as it comes. */
	async #takeComing(found: FoundAnswer, body: AsyncIterable<Uint8Array>, taking: Taking): Promise<void> {
		const { entry } = taking;
		entry.pin();
		this.#give(taking);
		try {
			for await (const piece of body) if (!entry.append(piece, 0, piece.length)) break;
			this.#complete(entry, found);
		} catch {
			found.close();
			entry.fail(FillState.broken);
		}
		entry.release();
	}

	#complete(entry: FillingEntry, found: FoundAnswer): void {
		found.close();
		entry.complete(found.trailers, this.#variantsMost);
	}

	/** The origin need not be asked. */
	#give({ entry, level }: Taking): void {
		const exchange = this.#exchange;
		entry.pin();
		this.#fill.forgo();
		if (exchange === null) {
			entry.release();
			return;
		}
		exchange.source = null;
		exchange.cache.asker = null;
		this.#owner.giveFound(exchange, entry, level);
	}

	#goOn(): void {
		const exchange = this.#exchange;
		const fill = this.#fill;
		if (exchange !== null) {
			exchange.source = null;
			if (exchange.headOnly) {
				forward(exchange, fill.cache as RouteCache, fill.fwd);
				fill.forgo();
			}
			this.#owner.parts.goOn(exchange);
			return;
		}
		// Who wanted a part of it, or its head, has left, and nobody waits for that.
		if (fill.request.conditions === null) {
			fill.forgo();
			return;
		}
		const limit = this.#route.service.concurrency;
		// What nobody waits for has its place.
		if (!this.#behind && limit !== null && !limit.enter(Priority.low)) {
			fill.refused();
			return;
		}
		if (!this.#behind) fill.place = limit;
		fill.start(this.#route, this.#balance);
	}
}

interface Taking {
	readonly entry: FillingEntry;
	readonly level: string;
}
