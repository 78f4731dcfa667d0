import { type AnswerEntry, type FillingEntry, FillState } from '../../cache/answer-store.ts';
import type { Forwarded } from '../../cache/rules/cache-status.ts';
import type { Refusal } from '../../cache/rules/judge-answer.ts';
import type { StoredAnswer } from '../../cache/stored-answer.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { AttemptConnection, FetchParty } from '../../gateway/attempt.ts';
import type { DataPlane } from '../../gateway/data-plane.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { Fetch } from '../../gateway/fetch.ts';
import type { Asker } from '../../gateway/response-cache.ts';
import type { ConcurrencyLimit, Route } from '../../gateway/route.ts';
import type { BodyScan } from '../../wire/body.ts';
import type { Framing } from '../../wire/framing.ts';
import type { ResponseHead } from '../../wire/response-head.ts';
import { Timer } from '../../wire/timer-wheel.ts';
import type { EntrySource, Heir } from './entry-source.ts';
import type { FillOwner, GiveHow } from './fill-owner.ts';
import { type LateOwner, LateStore } from './late-store.ts';
import { Overflow } from './overflow.ts';
import { RequestImage } from './request-image.ts';
import type { RouteCache } from './route-cache.ts';
import { storePayload } from './store-payload.ts';

const Mode = { idle: 0, asking: 1, storing: 2, passing: 3, over: 4 } as const;

/** Asks for an answer that may be stored: for one client or for none, while others may follow its entry. */
export class Fill extends RequestImage implements FetchParty, Asker<Route>, AnswerSource, Heir, LateOwner {
	readonly fetch: Fetch;
	/** Who asked; null: nobody, or he has left. */
	leader: Exchange | null = null;
	/** What is asked about, or stands in for a failure; pinned. */
	stored: AnswerEntry | null = null;
	/** What others follow; null: nothing. */
	entry: FillingEntry | null = null;
	cache: RouteCache | null = null;
	/** Why the origin is asked. */
	fwd: Forwarded = 'uri-miss';
	/** Why the answer is not stored. */
	refusal: Refusal | null = null;
	/** Where it has a place that it must give back. */
	place: ConcurrencyLimit | null = null;
	readonly #timer: Timer;
	#owner!: FillOwner<Fill>;
	#source: EntrySource | null = null;
	#mode: number = Mode.idle;
	#requestMs = 0;
	/** Lines of the answer that only who asked gets. */
	#own: Buffer | null = null;
	readonly #overflow = new Overflow();
	readonly #late = new LateStore(this, this.#overflow);

	constructor(plane: DataPlane) {
		super(plane);
		this.fetch = new Fetch(plane, this);
		this.#timer = new Timer(this);
	}

	/** `leader`: whose request it is; it gets the answer unless this is done behind its back. */
	take(owner: FillOwner<Fill>, exchange: Exchange): void {
		this.copy(exchange);
		this.#owner = owner;
		this.#overflow.clear();
		this.fetch.reset();
	}

	get bytesHeld(): number {
		return this.buffer.length + (this.leader?.client.inputBytes ?? 0);
	}

	start(route: Route, key: number): void {
		const { leader } = this;
		this.route = route;
		this.#mode = Mode.asking;
		this.#requestMs = Date.now();
		if (leader !== null) {
			leader.source = this;
			this.place = leader.place;
			leader.place = null;
		}
		this.plane.wheel.set(this.#timer, route.timeouts.requestMs);
		this.fetch.repeatable = true;
		this.fetch.start(route, key, leader?.startMs ?? performance.now());
	}

	/** It is not needed: the answer came from elsewhere. */
	forgo(): void {
		this.#mode = Mode.over;
		this.#over();
	}

	refused(): boolean {
		const { leader, stored } = this;
		this.#mode = Mode.over;
		const covers = leader !== null && stored !== null && this.#owner.coversFor(this, true);
		if (covers) {
			this.stored = null;
			this.#owner.give(leader, stored, { kind: 'stale', status: 0, fwd: this.fwd });
		}
		this.#refuse();
		this.#over();
		return covers;
	}

	/** The client can take more: of what passes. */
	resume(): void {
		if (this.#overflow.holds && this.#mode === Mode.passing) this.#passRest();
		if (this.#overflow.holds || this.#mode === Mode.idle) return;
		this.fetch.paused = false;
		this.fetch.resume();
	}

	/** The client has left. What can be stored is fetched to its end all the same: others may wait for it. */
	cancel(): void {
		this.leader = null;
		if (this.#mode !== Mode.passing) return;
		this.#mode = Mode.over;
		this.fetch.cancel();
		this.#over();
	}

	/** It has its whole answer, or is gone: its exchange is not this request's any more. */
	leaderDone(): void {
		this.#source = null;
		this.cancel();
	}

	onTimer(): void {
		this.fetch.cancel();
		this.answerFailed('request_timeout');
	}

	lookAfter(): void {
		this.leader?.client.readOn();
	}

	interim(head: ResponseHead, bytes: Uint8Array): void {
		this.leader?.interim(head, bytes);
	}

	answerHead(head: ResponseHead, bytes: Uint8Array, framing: Framing, kind: number): void {
		const came = { head, bytes: bytes as Buffer, framing, requestMs: this.#requestMs };
		const decision = this.#owner.decide(this, came);
		switch (decision.kind) {
			case 'store':
				this.#own = decision.own;
				if (this.#store(decision.answer)) return;
				break;
			case 'confirm':
				if (this.#confirm(decision.answer)) return;
				break;
			case 'keep':
				this.#giveStored({ kind: 'stale', status: head.status, fwd: this.fwd });
				return;
			default:
		}
		this.#pass(head, bytes, framing, kind);
	}

	#store(answer: StoredAnswer): boolean {
		this.entry ??= this.#owner.announce(this);
		const entry = this.entry;
		if (entry === null || !entry.setAnswer(answer)) return false;
		this.#mode = Mode.storing;
		return true;
	}

	/** The stored body holds: this answer has none. What is left to come of it is nothing. */
	#confirm(answer: StoredAnswer): boolean {
		const { stored } = this;
		const confirmed = stored === null ? null : this.#owner.confirm(stored, answer);
		if (confirmed === null) return false;
		this.#owner.completed(this, confirmed);
		const { leader } = this;
		this.#settle();
		if (leader === null) confirmed.release();
		else this.#give(leader, confirmed, { kind: 'revalidated', status: 304, fwd: this.fwd });
		return true;
	}

	/** The rest of this answer is read and dropped. */
	#giveStored(how: GiveHow): void {
		const { leader, stored } = this;
		this.stored = null;
		this.#settle();
		if (leader === null || stored === null) stored?.release();
		else this.#give(leader, stored, how);
	}

	/** The client has been told apart from what else comes of the fetch. */
	#settle(): void {
		this.#mode = Mode.over;
		this.#refuse();
		this.leader = null;
	}

	/** Who waits for the entry asks for itself. */
	#refuse(): void {
		this.entry?.fail(FillState.refused);
		this.entry?.release();
		this.entry = null;
	}

	#give(leader: Exchange, entry: AnswerEntry, how: GiveHow): EntrySource | null {
		leader.fetch.account(this.fetch);
		leader.source = null;
		return this.#owner.give(leader, entry, how);
	}

	#pass(head: ResponseHead, bytes: Uint8Array, framing: Framing, kind: number): void {
		this.#refuse();
		const { leader } = this;
		this.#mode = Mode.passing;
		if (leader === null) {
			this.cancel();
			return;
		}
		if (this.fetch.streaming) this.#leave();
		leader.fetch.account(this.fetch);
		leader.fetch.streaming = this.fetch.streaming;
		this.#owner.passes(this, leader, head.status);
		leader.answerHead(head, bytes, framing, kind);
	}

	answerBody(bytes: Uint8Array, scan: BodyScan, stable: boolean): void {
		if (this.#overflow.holds) {
			this.#overflow.addPayload(bytes, scan);
			return;
		}
		if (this.#mode === Mode.passing) {
			this.leader?.answerBody(bytes, scan, stable);
			return;
		}
		const { entry } = this;
		if (this.#mode !== Mode.storing || entry === null) return;
		storePayload({ bytes, scan }, { entry, overflow: this.#overflow, most: this.cache?.policy.bodyMost ?? 0 });
	}

	flushAnswer(): boolean {
		if (this.#mode === Mode.passing) {
			if (this.#overflow.holds) {
				this.fetch.paused = true;
				return false;
			}
			const flushed = this.leader?.flushAnswer() ?? true;
			if (!flushed) this.fetch.paused = true;
			return flushed;
		}
		if (this.#mode !== Mode.storing) return true;
		if (!this.#overflow.holds) {
			// Of what is all there the end follows at once, with which nothing has to be waited for.
			if (this.#source !== null || this.entry?.received !== this.entry?.answer?.length) this.#serveLeader();
			if (this.#late.full) this.fetch.paused = true;
			return !this.fetch.paused;
		}
		return this.#handOver();
	}

	/** Once there is something to give, or no more will come. */
	#serveLeader(): void {
		const { leader, entry } = this;
		if (this.#source !== null) {
			if (leader !== null) this.#source.pump();
			return;
		}
		if (leader === null || entry === null) return;
		leader.fetch.account(this.fetch);
		leader.source = null;
		entry.pin();
		const how = { kind: 'stored', status: entry.answer?.status ?? 0, fwd: this.fwd, own: this.#own } as const;
		const source = this.#owner.give(leader, entry, this.#overflow.holds ? { ...how, heir: this } : how);
		this.#source = source;
		// Where nothing is stored it has been taken over by now.
		if (source !== null) source.led = this;
		else if (leader.source !== this) this.leader = null;
	}

	#handOver(): boolean {
		const { leader } = this;
		this.fetch.paused = true;
		this.#mode = Mode.passing;
		this.entry?.fail(FillState.broken);
		if (leader === null) {
			this.cancel();
			return true;
		}
		if (this.#source === null) this.#serveLeader();
		else this.#source.leaveTo(this);
		if (this.leader === null) this.cancel();
		if (this.#mode !== Mode.passing) return true;
		this.#source = null;
		this.entry?.release();
		this.entry = null;
		return !this.fetch.paused;
	}

	/** The client has all that was stored. */
	takeOver(exchange: Exchange): void {
		exchange.source = this;
		this.leader = exchange;
		this.resume();
	}

	#passRest(): void {
		const { leader } = this;
		if (leader === null || !this.#overflow.give(leader)) return;
		const { ended } = this.#overflow;
		if (ended !== null) this.#end(leader, ended.trailers);
	}

	answerEnd(trailers: Buffer | null): void {
		if (this.#overflow.holds) {
			this.#overflow.end(trailers);
			return;
		}
		const { leader } = this;
		if (this.#mode === Mode.passing && leader !== null) {
			this.#end(leader, trailers);
			return;
		}
		if (this.#mode === Mode.storing) {
			this.entry?.complete(trailers, this.cache?.policy.variantsMost);
			this.#serveLeader();
			if (this.entry?.state === FillState.filling && this.#late.end(trailers)) {
				this.plane.wheel.remove(this.#timer);
				this.#leave();
				return;
			}
			if (this.entry !== null) this.#owner.completed(this, this.entry);
		}
		this.#over();
	}

	allStored(): void {
		if (this.#mode !== Mode.storing) return;
		this.#serveLeader();
		this.#over();
	}

	notStored(): void {
		if (this.#mode === Mode.storing) this.#handOver();
	}

	#end(leader: Exchange, trailers: Buffer | null): void {
		this.#mode = Mode.over;
		leader.fetch.account(this.fetch);
		this.leader = null;
		leader.source = null;
		this.#over();
		leader.answerEnd(trailers);
	}

	upgraded(connection: AttemptConnection): void {
		connection.abandon();
		this.answerFailed('bad_answer');
	}

	answerFailed(code: ErrorCode): void {
		const { leader, stored } = this;
		if (this.#mode === Mode.asking && leader !== null && stored !== null && this.#owner.coversFor(this, true)) {
			this.#giveStored({ kind: 'stale', status: 0, fwd: this.fwd });
			this.#over();
			return;
		}
		const mode = this.#mode;
		this.#mode = Mode.over;
		this.entry?.fail(FillState.broken);
		this.leader = null;
		if (leader !== null) leader.fetch.account(this.fetch);
		// Where the client's answer has begun, its source sees that the entry broke.
		if (mode === Mode.storing && this.#source !== null) this.#source.pump();
		else leader?.answerFailed(code);
		this.#over();
	}

	#leave(): void {
		this.place?.leave();
		this.place = null;
	}

	#over(): void {
		if (this.#mode === Mode.idle) return;
		this.#mode = Mode.idle;
		this.plane.wheel.remove(this.#timer);
		this.#leave();
		this.#late.clear();
		this.entry?.release();
		this.entry = null;
		this.stored?.release();
		this.stored = null;
		this.leader = null;
		// It may bring its client the rest for a long time, while this asks for another one's answer.
		if (this.#source !== null) this.#source.led = null;
		this.#source = null;
		this.#owner.done(this);
	}
}
