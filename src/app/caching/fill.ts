import { performance } from 'node:perf_hooks';
import type { AnswerEntry } from '../../cache/answer-store.ts';
import type { Refusal } from '../../cache/rules/judge-answer.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { DataPlane } from '../../gateway/data-plane.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { Asker } from '../../gateway/response-cache.ts';
import type { Route } from '../../gateway/route.ts';
import type { BodyScan } from '../../wire/body.ts';
import type { Framing } from '../../wire/framing.ts';
import { GATHER_BYTES } from '../../wire/output.ts';
import type { ResponseHead } from '../../wire/response-head.ts';
import { Timer } from '../../wire/timer-wheel.ts';
import { AskingParty } from './asking-party.ts';
import { CameAnswer } from './came-answer.ts';
import { EntrySource, type Heir } from './entry-source.ts';
import type { Decision, FillOwner, GiveHow } from './fill-owner.ts';
import { type LateOwner, LateStore } from './late-store.ts';
import { Overflow } from './overflow.ts';

const Mode = { idle: 0, asking: 1, storing: 2, passing: 3, over: 4 } as const;

/**
 * Asks for an answer that may be stored: for one client or for none, while others may follow its entry. Its client gets
 * it as it comes, as long as he takes it; from there on, or where he wants less than all of it, he reads what is stored.
 */
export class Fill extends AskingParty implements Asker<Route>, AnswerSource, Heir, LateOwner {
	/** Why the answer is not stored. */
	refusal: Refusal | null = null;
	readonly #timer: Timer;
	readonly #owner: FillOwner<Fill>;
	/** While what is stored goes to who asked as it comes. */
	#direct = false;
	/** While he reads it from the store. */
	#source: EntrySource | null = null;
	#mode: number = Mode.idle;
	readonly #came = new CameAnswer();
	/** Lines of the answer that only who asked gets. */
	#own: Buffer | null = null;
	readonly #overflow = new Overflow();
	readonly #late = new LateStore(this, this.#overflow);

	constructor(plane: DataPlane, owner: FillOwner<Fill>) {
		super(plane, owner.store);
		this.#owner = owner;
		this.#timer = new Timer(this);
	}

	// Its client's side.

	start(route: Route, key: number): void {
		const { leader } = this;
		this.#mode = Mode.asking;
		this.#came.requestMs = Date.now();
		this.growing.start();
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
		if (this.#standIn()) return true;
		this.#settle();
		this.#over();
		return false;
	}

	/** The client can take more: of what passes. */
	resume(): void {
		if (this.#overflow.holds && this.#mode === Mode.passing) this.#passRest();
		if (this.#overflow.holds || this.#mode === Mode.idle) return;
		this.fetch.paused = false;
		this.fetch.resume();
	}

	/** The client has left, or all of its answer. What can be stored is fetched to its end all the same: others may wait for it. */
	cancel(): void {
		if (this.#mode === Mode.asking) this.request.keep();
		this.leader = null;
		this.#source = null;
		this.#direct = false;
		if (this.#mode !== Mode.passing) return;
		this.#mode = Mode.over;
		this.fetch.cancel();
		this.#over();
	}

	onTimer(): void {
		this.fetch.cancel();
		this.answerFailed('request_timeout');
	}

	// What it brings.

	answerHead(head: ResponseHead, bytes: Uint8Array, framing: Framing, kind: number): void {
		const came = this.#came.take(head, bytes, framing);
		if (!this.#passesOn(this.#owner.decide(this, came), head.status)) return;
		const { leader } = this;
		if (leader === null) {
			this.cancel();
			return;
		}
		leader.fetch.account(this.fetch);
		leader.fetch.streaming = this.fetch.streaming;
		leader.answerHead(head, bytes, framing, kind);
	}

	/** Whether who asked gets the answer as it comes. */
	#passesOn(decision: Decision, status: number): boolean {
		switch (decision.kind) {
			case 'store':
				if (this.#store(decision, status)) return this.#direct;
				break;
			case 'confirm':
				// The stored body holds: this answer has none.
				this.#settleWith(decision.entry, { kind: 'revalidated', status, fwd: this.fwd });
				return false;
			case 'keep':
				this.#giveStored(status);
				return false;
			default:
		}
		this.growing.refuse();
		this.#mode = Mode.passing;
		if (this.fetch.streaming) this.leave();
		if (this.leader !== null) this.#owner.passes(this, this.leader, status);
		return true;
	}

	#store({ answer, own }: Decision & { kind: 'store' }, status: number): boolean {
		const { leader, cache, growing } = this;
		const direct = leader !== null && cache?.hidden.size === 0 && this.request.wantsAsItComes(this.#came);
		if (cache === null || !growing.begin(answer, cache.policy, direct && !this.#owner.keeps)) return false;
		this.#mode = Mode.storing;
		this.#own = own;
		if (!direct || growing.isLate) return true;
		this.#direct = true;
		this.#owner.stores(this, leader, { status, answer });
		return true;
	}

	/** No answer came, or none that is better than what is stored; false: that may not be given either. */
	#standIn(): boolean {
		if (this.leader === null || this.stored === null || !this.#owner.coversFor(this, true)) return false;
		this.#giveStored(0);
		this.#over();
		return true;
	}

	/** The rest of an answer of this status (0: none came) is read and dropped. */
	#giveStored(status: number): void {
		const { stored } = this;
		this.stored = null;
		this.#settleWith(stored, { kind: 'stale', status, fwd: this.fwd });
	}

	#settleWith(entry: AnswerEntry | null, how: GiveHow): void {
		const { leader } = this;
		this.#settle();
		if (leader === null || entry === null) entry?.release();
		else this.#give(leader, entry, how);
	}

	/** The client has been told apart from what else comes of the fetch. */
	#settle(): void {
		this.#mode = Mode.over;
		this.growing.refuse();
		this.leader = null;
	}

	#give(leader: Exchange, entry: AnswerEntry, how: GiveHow): EntrySource | null {
		leader.fetch.account(this.fetch);
		leader.source = null;
		return this.#owner.give(leader, entry, how);
	}

	answerBody(bytes: Uint8Array, scan: BodyScan, stable: boolean): void {
		const { leader, growing } = this;
		if (this.#overflow.holds) {
			this.#overflow.addPayload(bytes, scan);
			return;
		}
		if (this.#mode === Mode.passing) {
			leader?.answerBody(bytes, scan, stable);
			return;
		}
		if (this.#mode !== Mode.storing) return;
		const before = growing.received;
		const fits = growing.append(bytes, scan, this.#direct ? null : this.#overflow);
		if (!fits || growing.isTooLong) this.#owner.tooLong(this);
		if (!this.#direct) return;
		if (!fits) this.#passDirectly();
		// Long pieces go out from where they are stored, without another copy; so does what proves one for the disk.
		const long = stable || growing.isLate || growing.received - before >= GATHER_BYTES;
		if (fits && long && growing.entry !== null) this.#readStored(before);
		else leader?.answerBody(bytes, scan, stable);
	}

	/** It cannot be stored: who asked goes on getting it as it comes. */
	#passDirectly(): void {
		this.#direct = false;
		this.#mode = Mode.passing;
		this.growing.breakOff();
		this.growing.release();
	}

	/** From `from` on the client reads what is stored: at his pace, which holds up nobody else. */
	#readStored(from: number): void {
		const { leader } = this;
		const { entry } = this.growing;
		this.#direct = false;
		if (leader === null || entry === null) return;
		entry.pin();
		this.#source = new EntrySource(leader, entry, this.#owner);
		this.#source.led = this;
		this.#source.goOn(from);
	}

	flushAnswer(): boolean {
		const { leader, growing } = this;
		if (this.#mode === Mode.passing) {
			const flushed = !this.#overflow.holds && (leader?.flushAnswer() ?? true);
			if (!flushed) this.fetch.paused = true;
			return flushed;
		}
		if (this.#mode !== Mode.storing) return true;
		if (this.#overflow.holds) return this.#handOver();
		if (this.#direct && leader !== null) {
			// Who has all of it finds it stored.
			if (growing.isFull) growing.complete(null);
			else if (!growing.settle()) this.#passDirectly();
			if (leader.flushAnswer()) return true;
			if (growing.entry !== null) this.#readStored(growing.received);
			// Of what is stored as a whole the end follows at once.
			else if (!growing.isFull) this.fetch.paused = true;
			return !this.fetch.paused;
		}
		// Of what is all there the end follows at once, with which nothing has to be waited for.
		if (this.#source !== null || !growing.isFull) this.#serveLeader();
		if (this.#late.full) this.fetch.paused = true;
		return !this.fetch.paused;
	}

	/** Once there is something to give, or no more will come. */
	#serveLeader(): void {
		const { leader } = this;
		if (this.#source !== null) {
			if (leader !== null) this.#source.pump();
			return;
		}
		const { entry } = this.growing;
		if (leader === null || entry === null) return;
		entry.pin();
		const how = { kind: 'stored', status: entry.answer?.status ?? 0, fwd: this.fwd, own: this.#own } as const;
		const source = this.#give(leader, entry, this.#overflow.holds ? { ...how, heir: this } : how);
		this.#source = source;
		// Where nothing is stored it has been taken over by now.
		if (source !== null) source.led = this;
		else if (leader.source !== this) this.leader = null;
	}

	#handOver(): boolean {
		const { leader } = this;
		const source = this.#source;
		this.fetch.paused = true;
		this.#mode = Mode.passing;
		this.growing.breakOff();
		if (leader === null) {
			this.cancel();
			return true;
		}
		if (source === null) this.#serveLeader();
		else source.leaveTo(this);
		if (this.leader === null) this.cancel();
		if (this.#mode !== Mode.passing) return true;
		this.growing.release();
		return !this.fetch.paused;
	}

	/** The client has all that was stored. */
	takeOver(exchange: Exchange): void {
		this.#source = null;
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
		if (this.#mode === Mode.storing) {
			this.growing.complete(trailers);
			if (!this.#direct) this.#serveLeader();
			if (this.#late.end(trailers)) {
				this.plane.wheel.remove(this.#timer);
				this.leave();
				return;
			}
			if (this.growing.entry !== null && !this.growing.isOutgrown) this.#owner.completed(this, this.growing.entry);
		}
		if (leader !== null && (this.#direct || this.#mode === Mode.passing)) this.#end(leader, trailers);
		else this.#over();
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

	answerFailed(code: ErrorCode): void {
		const { leader } = this;
		if (this.#mode === Mode.asking && this.#standIn()) return;
		const { entry, isOutgrown } = this.growing;
		if (this.#mode === Mode.storing && entry !== null && !isOutgrown) this.#owner.breaksOff(this, entry);
		this.#mode = Mode.over;
		this.growing.breakOff();
		const source = this.#source;
		this.leader = null;
		if (leader !== null) leader.fetch.account(this.fetch);
		this.#over();
		// Where the client reads what is stored, its source sees that the entry broke.
		if (source !== null) source.pump();
		else leader?.answerFailed(code);
	}

	#over(): void {
		if (this.#mode === Mode.idle) return;
		this.#mode = Mode.idle;
		this.#direct = false;
		this.plane.wheel.remove(this.#timer);
		this.leave();
		this.#late.clear();
		this.growing.release();
		this.letGoOfStored();
		this.leader = null;
		// Who still reads is no concern of what this asks for next.
		this.#source?.letGo();
		this.#source = null;
		this.#overflow.clear();
		this.request.drop();
		this.fetch.reset();
		this.#owner.done(this);
	}
}
