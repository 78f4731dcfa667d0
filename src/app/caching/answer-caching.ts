import { performance } from 'node:perf_hooks';
import {
	type AnswerEntry,
	type AnswerStore,
	type AnswerUpdate,
	type Asking,
	type CacheKey,
	FillState,
} from '../../cache/answer-store.ts';
import { RecentRefusals } from '../../cache/recent-refusals.ts';
import { isBypassed } from '../../cache/rules/bypass.ts';
import type { CacheHash } from '../../cache/rules/cache-hash.ts';
import { cacheStatusLine } from '../../cache/rules/cache-status.ts';
import { judgeAnswer, type Refusal } from '../../cache/rules/judge-answer.ts';
import { Verdict } from '../../cache/rules/reuse.ts';
import { conditionalFields, updated } from '../../cache/rules/update.ts';
import { AnswerFlag, type StoredAnswer } from '../../cache/stored-answer.ts';
import { Cached } from '../../core/cached.ts';
import { Priority } from '../../core/priority.ts';
import type { DataPlane } from '../../gateway/data-plane.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { EntrySource, type Follower } from './entry-source.ts';
import { Fill } from './fill.ts';
import type { CameHead, Decision, FillOwner, GiveHow } from './fill-owner.ts';
import { giveStored, isGivenAsItComes } from './give-stored.ts';
import { CACHED, reportOf } from './given-report.ts';
import { judging } from './judging.ts';
import { KeptAnswers } from './kept-answers.ts';
import { forward, moreLines, passedLine, passScanned, refuseUncached, storedLine } from './pass-by.ts';
import type { CachingParts, Lookup, RouteCache } from './route-cache.ts';
import { type LookOwner, SecondLook } from './second-look.ts';
import { SoughtAnswer } from './sought-answer.ts';
import { takenAtMs } from './taken-at.ts';
import { untilReadable } from './until-readable.ts';

/** How long one that asks behind the clients' backs, or failed to, keeps others from it, ms. */
const REFRESH_MS = 5000;
/** Fills that are kept for later ones. */
const SPARE_MOST = 64;
const NOTHING = Buffer.alloc(0);
const PASS: Decision = { kind: 'pass' };
/** They say nothing of the answers that others get, nor of what is stored. */
const OF_THE_REQUEST: ReadonlySet<Refusal> = new Set(['request-no-store', 'unkeyed', 'partial']);

export interface AnswerCachingParts extends CachingParts {
	plane: DataPlane;
	/** From the look at the cache on: what a request waited for was none for it. */
	again(exchange: Exchange): void;
	/** From behind the look at the cache on. */
	goOn(exchange: Exchange): void;
	/** The balancing key of a request that nobody waits for. */
	balance(exchange: Exchange): number;
}

/** The response cache of one worker: looks up, gives, asks the origin once for many, and keeps what may be kept. */
export class AnswerCaching implements FillOwner<Fill>, Follower, Lookup, LookOwner {
	readonly hash: CacheHash;
	readonly #plane: DataPlane;
	readonly store: AnswerStore & AnswerUpdate;
	readonly parts: AnswerCachingParts;
	readonly #spare: Fill[] = [];
	#filling = 0;
	/** Of the request that is looked up. */
	readonly #asking: Asking = { place: 0, entry: null, purges: 0 };
	readonly #refusals = new RecentRefusals();
	/** Of no known length, and then too long to be stored: who waited for one would get nothing of it. */
	readonly #tooLong = new RecentRefusals();
	readonly #kept: KeptAnswers;
	readonly #sought: SoughtAnswer;

	constructor(parts: AnswerCachingParts) {
		this.parts = parts;
		this.#plane = parts.plane;
		this.store = parts.store;
		this.hash = parts.hash;
		this.#kept = new KeptAnswers(parts);
		this.#sought = new SoughtAnswer(parts);
	}

	look(exchange: Exchange, cache: RouteCache): boolean {
		const { policy } = cache;
		if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return forward(exchange, cache, 'method');
		const control = this.#sought.control;
		control.read(exchange.head.fields, exchange.buffer);
		if (control.body || control.override || exchange.mayUpgrade || isBypassed(policy.bypass, exchange))
			return forward(exchange, cache, 'bypass');
		const key = cache.keys.build(exchange);
		this.#sought.select(exchange, cache, key);
		const entry = this.store.find(key, this.#sought.isStored);
		if (entry?.distant?.ready === false) return untilReadable(exchange, entry, this.parts.again);
		const answer = entry?.answer ?? null;
		if (entry === null || answer === null) {
			if (!(control.onlyIfCached && policy.obeyClients)) return this.#missed(exchange, cache, null);
			refuseUncached(exchange);
			return false;
		}
		const nowMs = Date.now();
		const reuse = this.#sought.reuse;
		switch (reuse.judge({ answer, staleFromMs: entry.staleFromMs }, { control, policy, nowMs })) {
			case Verdict.fresh:
				if (reuse.refreshAhead) this.#refresh(exchange, cache, entry);
				this.#hit(exchange, entry, Cached.hit);
				return false;
			case Verdict.stale:
				this.#hit(exchange, entry, Cached.stale);
				return false;
			case Verdict.revalidateBehind:
				this.#refresh(exchange, cache, entry);
				this.#hit(exchange, entry, Cached.stale);
				return false;
			case Verdict.onlyIfCached:
				entry.release();
				refuseUncached(exchange);
				return false;
			default:
				return this.#missed(exchange, cache, entry);
		}
	}

	#hit(exchange: Exchange, entry: AnswerEntry, cached: Cached): void {
		entry.touch();
		exchange.cache.cached = cached;
		const reuse = this.#sought.reuse;
		const cache = exchange.route?.cache as RouteCache;
		giveStored({
			exchange,
			entry,
			control: this.#sought.control,
			ageMs: reuse.ageMs,
			ttlMs: cache.policy.tell ? reuse.ttlMs : null,
			status: null,
			hidden: cache.hidden,
			follower: this,
			heir: null,
		});
	}

	/** Nothing is there that may be given as it is. `entry`: what the origin can be asked about; its pin goes with it. */
	#missed(exchange: Exchange, cache: RouteCache, entry: AnswerEntry | null): boolean {
		const control = this.#sought.control;
		const { policy } = cache;
		const unkept = control.originConditions || (control.noStore && policy.obeyClients);
		if (unkept || exchange.headOnly) {
			if (!unkept && this.#isElsewhere(exchange, cache, entry)) return false;
			entry?.release();
			return forward(exchange, cache, entry === null ? this.#sought.missed : 'request');
		}
		const { key } = this.#sought;
		// Part of an answer, or one that proved not to be stored the last time: nobody waits for it.
		const partial = control.rangeAt >= 0 && (entry === null || ((entry.answer?.flags ?? 0) & AnswerFlag.partial) !== 0);
		const refused = this.#refusals.has(key, control.authorization);
		const alone = exchange.cache.alone || partial || refused || this.#tooLong.has(key, false);
		if (!alone && entry === null && !this.#isWorth(exchange, key)) return passScanned(exchange, cache);
		const fwd = entry === null ? this.#sought.missed : this.#sought.reuse.ttlMs > 0 ? 'request' : 'stale';
		const asking = this.#asking;
		asking.purges = this.store.purges;
		const coming = alone ? null : this.store.ask(key, this.#sought.isComing, asking);
		if (coming !== null) {
			entry?.release();
			exchange.cache.cached = Cached.collapsed;
			new EntrySource(exchange, coming, this).wait();
			return false;
		}
		const announced = asking.place !== 0 || asking.entry !== null;
		const fill = this.#fillFor(exchange, cache, partial ? null : entry);
		if (partial) entry?.release();
		fill.leader = exchange;
		fill.growing.take(asking);
		fill.fwd = fwd;
		// What will not be stored is asked for with the client's own conditions: a 304 is as good for it.
		if (partial || (entry === null && refused)) fill.request.conditions = null;
		exchange.cache.asker = fill;
		exchange.cache.cached = Cached.miss;
		if (this.parts.levels === null || fwd === 'request') return true;
		// Elsewhere may be all of what it wants a part of.
		if (!announced && (!partial || exchange.cache.alone || entry !== null)) return true;
		return !SecondLook.begin(this, fill, exchange);
	}

	/** A HEAD waits for a level behind the memory, which may have what a GET brought; the pin of `entry` goes with it then. */
	#isElsewhere(exchange: Exchange, cache: RouteCache, entry: AnswerEntry | null): boolean {
		if (this.parts.levels === null || (entry !== null && this.#sought.reuse.ttlMs > 0)) return false;
		const fill = this.#fillFor(exchange, cache, entry);
		fill.fwd = entry === null ? this.#sought.missed : 'request';
		// Nobody else waits for it.
		fill.request.conditions = null;
		if (SecondLook.begin(this, fill, exchange)) return true;
		fill.stored = null;
		fill.forgo();
		return false;
	}

	/**
	 * In a scan most answers go by as if there were no cache. Who wants less than one as it comes gets that from the
	 * store.
	 */
	#isWorth(exchange: Exchange, key: CacheKey): boolean {
		const { rangeAt, conditional } = this.#sought.control;
		const asItComes = rangeAt < 0 && !conditional && (exchange.route?.compress ?? null) === null;
		return this.keeps || !asItComes || this.store.admits(key);
	}

	/** Of the request that is looked for. */
	#fillFor(exchange: Exchange, cache: RouteCache, stored: AnswerEntry | null): Fill {
		const fill = this.#spare.pop() ?? new Fill(this.#plane, this);
		this.#filling++;
		fill.cache = cache;
		fill.stored = stored;
		const { request } = fill;
		request.take(exchange, this.#sought);
		request.conditions = stored === null || stored.answer === null ? NOTHING : conditionalFields(stored.answer);
		request.url = cache.keys.url;
		return fill;
	}

	/** Asks behind the client's back, unless somebody does or did a moment ago. */
	#refresh(exchange: Exchange, cache: RouteCache, entry: AnswerEntry): void {
		const { route } = exchange;
		// What comes for a client that forbids the storing is of no use for others.
		if (route === null || (this.#sought.control.noStore && cache.policy.obeyClients)) return;
		if (!entry.claimRefresh(REFRESH_MS)) return;
		const limit = route.service.concurrency;
		if (limit !== null && !limit.enter(Priority.low)) {
			entry.refreshed();
			return;
		}
		entry.pin();
		const fill = this.#fillFor(exchange, cache, entry);
		fill.place = limit;
		fill.growing.purges = this.store.purges;
		fill.request.keep();
		if (!SecondLook.behind(this, fill, exchange)) fill.start(route, this.parts.balance(exchange));
		// The look at this request went on with these before.
		this.#sought.control.read(exchange.head.fields, exchange.buffer);
		this.#sought.reuse.judge(
			{ answer: entry.answer as StoredAnswer, staleFromMs: entry.staleFromMs },
			{ control: this.#sought.control, policy: cache.policy, nowMs: Date.now() },
		);
	}

	// What a fill asks.

	get keeps(): boolean {
		return this.parts.levels !== null;
	}

	decide(fill: Fill, came: CameHead): Decision {
		const { stored } = fill;
		const { status } = came.head;
		fill.refusal = null;
		if (fill.fetch.streaming) return PASS;
		if (status === 304 && stored !== null) return this.#confirmed(fill, stored, came);
		if (status >= 500 && stored !== null && this.coversFor(fill, false)) return { kind: 'keep' };
		if (came.framing.contentLength < 0 && this.#tooLong.has(fill.request.key, false)) {
			fill.refusal = 'too-large';
			if (status < 500) this.#kept.forget(fill);
			return PASS;
		}
		const judgement = judgeAnswer(judging(fill, came, this.hash));
		if (judgement.stored !== null) {
			// If the URL was changed meanwhile, this may be of before.
			const changed = this.parts.marks.lastMs(fill.request.url) > came.requestMs;
			return changed ? PASS : { kind: 'store', answer: judgement.stored, own: judgement.own };
		}
		fill.refusal = judgement.refusal;
		if (OF_THE_REQUEST.has(judgement.refusal)) return PASS;
		this.#refusals.add(fill.request.key, fill.request.control.authorization);
		// What it was asked about is not what the origin would say now.
		if (status < 500) this.#kept.forget(fill);
		return PASS;
	}

	#confirmed(fill: Fill, stored: AnswerEntry, came: CameHead): Decision {
		const before = stored.answer;
		const answer = before === null ? null : updated(before, judging(fill, came, this.hash));
		const changed = this.parts.marks.lastMs(fill.request.url) > came.requestMs;
		if (answer !== null && !changed) {
			// Purged meanwhile it stays as it is: this may be of before.
			const entry = this.store.update(stored, answer, fill.growing.purges) ?? stored;
			if (entry === stored) entry.pin();
			else this.completed(fill, entry);
			return { kind: 'confirm', entry };
		}
		// Given this once, and not kept: the origin says so.
		this.#kept.forget(fill);
		return { kind: 'keep' };
	}

	tooLong({ request, growing }: Fill): void {
		// What was purged has no room either: the next one may.
		if (growing.isOpenEnded && !growing.isOutdated) this.#tooLong.add(request.key, false);
	}

	completed(fill: Fill, entry: AnswerEntry): void {
		this.#kept.keep(fill, entry);
	}

	breaksOff(fill: Fill, entry: AnswerEntry): void {
		this.#kept.keepBroken(fill, entry);
	}

	coversFor(fill: Fill, unreachable: boolean): boolean {
		const { stored, cache, request } = fill;
		if (stored === null || stored.answer === null || cache === null) return false;
		const reuse = this.#sought.reuse;
		reuse.judge(
			{ answer: stored.answer, staleFromMs: stored.staleFromMs },
			{ control: request.control, policy: cache.policy, nowMs: Date.now() },
		);
		return unreachable ? reuse.ifUnreachable : reuse.ifError;
	}

	give(exchange: Exchange, entry: AnswerEntry, how: GiveHow): EntrySource | null {
		const cache = exchange.route?.cache as RouteCache;
		const control = this.#sought.control;
		control.read(exchange.head.fields, exchange.buffer);
		const reuse = this.#sought.reuse;
		const answer = entry.answer as StoredAnswer;
		reuse.judge({ answer, staleFromMs: entry.staleFromMs }, { control, policy: cache.policy, nowMs: Date.now() });
		exchange.cache.cached = CACHED[how.kind];
		const line = cache.policy.tell ? cacheStatusLine(reportOf(how, reuse.ttlMs)) : '';
		return giveStored({
			exchange,
			entry,
			control,
			ageMs: reuse.ageMs,
			ttlMs: null,
			status: moreLines(exchange, line, how.own ?? null),
			hidden: cache.hidden,
			follower: this,
			heir: how.heir ?? null,
			follows: how.kind === 'collapsed',
		});
	}

	stores({ cache, fwd }: Fill, exchange: Exchange, { status, answer }: { status: number; answer: StoredAnswer }): void {
		if (cache?.policy.tell !== true) return;
		exchange.cache.extra = storedLine(fwd, status, answer.freshMs - answer.initialAgeMs);
	}

	giveFound(exchange: Exchange, entry: AnswerEntry, level: string): void {
		const cache = exchange.route?.cache as RouteCache;
		this.#sought.control.read(exchange.head.fields, exchange.buffer);
		this.#sought.select(exchange, cache, cache.keys.build(exchange));
		this.#sought.isGivable(entry, entry.answer as StoredAnswer, Date.now());
		const { verdict, refreshAhead } = this.#sought.reuse;
		if (verdict === Verdict.revalidateBehind || refreshAhead) this.#refresh(exchange, cache, entry);
		this.give(exchange, entry, { kind: 'found', status: 0, fwd: null, detail: level });
	}

	passes(fill: Fill, exchange: Exchange, status: number): void {
		if (fill.cache?.policy.tell === true) exchange.cache.extra = passedLine(fill.fwd, status, fill.refusal);
	}

	/** It fetches nothing. */
	get idle(): boolean {
		return this.#filling === 0;
	}

	done(fill: Fill): void {
		this.#filling--;
		if (this.#spare.length < SPARE_MOST) this.#spare.push(fill);
	}

	// What one who follows asks.

	headKnown(exchange: Exchange, source: EntrySource): boolean {
		const cache = exchange.route?.cache as RouteCache;
		const { entry } = source;
		const { answer } = entry;
		this.#sought.control.read(exchange.head.fields, exchange.buffer);
		this.#sought.select(exchange, cache, cache.keys.build(exchange));
		if (answer === null || !this.#sought.suits(answer)) return false;
		if (!this.#sought.isGivable(entry, answer, takenAtMs(exchange, answer))) return false;
		entry.pin();
		exchange.source = null;
		exchange.cache.waitedUs = (performance.now() - exchange.startMs) * 1000;
		this.give(exchange, entry, { kind: 'collapsed', status: 0, fwd: 'miss' });
		// Until then it follows the body, and nothing of that goes.
		source.cancel();
		return true;
	}

	takesAsItComes(exchange: Exchange, answer: StoredAnswer): boolean {
		const cache = exchange.route?.cache as RouteCache;
		this.#sought.control.read(exchange.head.fields, exchange.buffer);
		// A part of it can be given once it is whole.
		return this.#sought.control.rangeAt < 0 && isGivenAsItComes(exchange, answer, cache.hidden);
	}

	left(exchange: Exchange, state: FillState): void {
		const { cache } = exchange;
		// What was purged meanwhile is asked for anew once for all who waited.
		cache.alone = state !== FillState.purged || cache.purged;
		cache.purged = true;
		cache.cached = Cached.none;
		this.parts.again(exchange);
	}
}
