import type { AnswerEntry, ComingBody, EntryListener } from '../../cache/answer-store.ts';
import { FillState } from '../../cache/answer-store.ts';
import type { BodyPieces } from '../../cache/distant-body.ts';
import type { StoredAnswer } from '../../cache/stored-answer.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { Exchange } from '../../gateway/exchange.ts';

/** So much is handed to a client's socket at once. */
const FLUSH_BYTES = 256 * 1024;

/** A piece of an answer: bytes of our own, then those of the stored body in [from, to); `to` -1: to its end. */
export interface Segment {
	readonly lead: Buffer | null;
	readonly from: number;
	readonly to: number;
}

const WHOLE: readonly Segment[] = [{ lead: null, from: 0, to: -1 }];

/** What becomes of a request that followed an entry which then was none for it. */
export interface Follower {
	/** The head is known: begins the answer, by `source.begin`; false: it does not suit, the source is let go. */
	headKnown(exchange: Exchange, source: EntrySource): boolean;
	/** Whether the answer, whose length is not known, may go to it while it comes. */
	takesAsItComes(exchange: Exchange, answer: StoredAnswer): boolean;
	/** The entry came to nothing, or is none for this request. The source has let go of it. */
	left(exchange: Exchange, state: FillState): void;
}

/** Brings the rest of an answer that proved too long to be stored. */
export interface Heir {
	/** All that the entry had was sent. */
	takeOver(exchange: Exchange): void;
}

/** Brings a client the body of a stored answer, or of one that grows. It holds the entry until the client has all. */
export class EntrySource implements AnswerSource, EntryListener {
	readonly #exchange: Exchange;
	readonly #follower: Follower;
	#entry: AnswerEntry | null;
	#segments: readonly Segment[] = WHOLE;
	#segment = 0;
	#leadSent = false;
	#at = 0;
	/** The client has all before: what it has not may still be read from where it is stored. */
	#taken = 0;
	#begun = false;
	#blocked = false;
	#watching = false;
	#heir: Heir | null = null;
	/** Who fills the entry for this client, and must know when it is done or gone. */
	led: { cancel(): void } | null = null;
	/** Reads a body whose length is not known, while it comes. */
	#coming: ComingBody | null = null;
	/** It is given the answer once that is whole. */
	#waits = false;
	/** Reads a body that is not in memory. */
	#pieces: BodyPieces | null = null;
	readonly #came = (ok: boolean): void => this.#pieceCame(ok);

	/** Takes over the pin of `entry`. */
	constructor(exchange: Exchange, entry: AnswerEntry, follower: Follower, heir: Heir | null = null) {
		this.#heir = heir;
		this.#exchange = exchange;
		this.#entry = entry;
		this.#follower = follower;
		exchange.source = this;
	}

	/** It has let go of its entry: the answer is with the client, or on its way from elsewhere. */
	get done(): boolean {
		return this.#entry === null;
	}

	get entry(): AnswerEntry {
		return this.#entry as AnswerEntry;
	}

	/** Waits for the entry's head, which somebody is asking for. */
	wait(): void {
		this.#watch();
	}

	/** Reads the body from its beginning, even if it will not be stored; false: it cannot. */
	follow(): boolean {
		return this.#follow(this.entry);
	}

	#follow(entry: AnswerEntry): boolean {
		this.#coming ??= entry.follow(this.#taken);
		if (this.#coming !== null) this.#coming.whenCut = () => this.#breakOff('stream_idle');
		return this.#coming !== null;
	}

	/** The head is written; now comes the body, or what of it `segments` say. */
	begin(segments: readonly Segment[] = WHOLE): void {
		this.#begun = true;
		this.#segments = segments;
		this.#at = segments[0]?.from ?? 0;
		this.#taken = this.#at;
		this.pump();
	}

	/** The answer was begun, and its body brought up to `from` by somebody else; the client may not have taken all of it. */
	goOn(from: number): void {
		this.#blocked = this.#exchange.client.transport.pending > 0;
		this.begin([{ lead: null, from, to: -1 }]);
	}

	#pieceCame(ok: boolean): void {
		const entry = this.#entry;
		if (ok || entry === null) {
			this.pump();
			return;
		}
		// It is damaged, or gone: the client must see that the rest is missing, and nobody else gets it.
		entry.remove();
		this.#breakOff();
	}

	#breakOff(code: ErrorCode = 'truncated_answer'): void {
		this.#release();
		this.led?.cancel();
		this.#exchange.answerFailed(code);
	}

	/** The entry gets no more; what follows comes from there. */
	leaveTo(heir: Heir): void {
		this.#heir = heir;
		this.pump();
	}

	/** Who fills the entry is done with it: nobody must know any more, and nobody brings what is not there. */
	letGo(): void {
		this.led = null;
		this.#heir = null;
	}

	entryChanged(): void {
		const entry = this.#entry;
		if (entry === null) return;
		if (this.#begun) {
			if (!this.#blocked) this.pump();
			return;
		}
		const { state, answer } = entry;
		if (state === FillState.asked) return;
		if (answer === null || state > FillState.whole) this.#leave(state);
		else if (entry.outgrown && this.#coming === null) this.#leave(FillState.refused);
		else if (state === FillState.filling && answer.length < 0 && !this.#mayFollow(answer)) return;
		else if (!this.#follower.headKnown(this.#exchange, this))
			this.#leave(entry.staleFromMs > 0 ? FillState.purged : state);
	}

	#mayFollow(answer: StoredAnswer): boolean {
		this.#waits ||= !this.#follower.takesAsItComes(this.#exchange, answer);
		return !this.#waits && this.follow();
	}

	/** Sends what is there. */
	pump(): void {
		const exchange = this.#exchange;
		const entry = this.#entry;
		if (entry === null) return;
		// Others follow what its client brought: he does from here on.
		if (this.#coming === null && entry.outgrown && !this.#follow(entry)) return this.#breakOff();
		if (this.#blocked) return;
		let unflushed = 0;
		for (;;) {
			const segment = this.#segments[this.#segment];
			if (segment === undefined) break;
			if (!this.#leadSent && segment.lead !== null) exchange.answerPiece(segment.lead);
			this.#leadSent = true;
			const received = this.#received(entry);
			const have = segment.to < 0 ? received : Math.min(segment.to, received);
			if (this.#at >= have) {
				if (!this.#isOver(segment, entry)) break;
				this.#segment++;
				this.#leadSent = false;
				this.#at = this.#segments[this.#segment]?.from ?? 0;
				continue;
			}
			const bytes = this.#read(entry, have);
			if (bytes === null) {
				this.#flush();
				return;
			}
			const piece = bytes.length > have - this.#at ? bytes.subarray(0, have - this.#at) : bytes;
			exchange.answerPiece(piece);
			this.#at += piece.length;
			unflushed += piece.length;
			if (unflushed < FLUSH_BYTES && this.#pieces === null) continue;
			unflushed = 0;
			if (!this.#flush()) return;
		}
		if (!this.#flush()) return;
		this.#afterFlush();
	}

	/** Bytes from here on, at most to `have`; null: they are read from the disk. */
	#read(entry: AnswerEntry, have: number): Buffer | null {
		if (this.#coming !== null) return this.#coming.read(this.#at);
		const { distant } = entry;
		if (distant === null || this.#at < distant.from) return entry.read(this.#at);
		this.#pieces ??= distant.read(this.#came);
		return this.#pieces.take(this.#at, have);
	}

	#isOver({ to }: Segment, entry: AnswerEntry): boolean {
		return to >= 0 ? this.#at >= to : this.#state(entry) === FillState.whole && this.#at >= this.#received(entry);
	}

	#received(entry: AnswerEntry): number {
		return this.#coming?.received ?? entry.received;
	}

	/** For who follows it. */
	#state({ state }: AnswerEntry): FillState {
		return state > FillState.whole && this.#coming?.ended === true ? FillState.whole : state;
	}

	#flush(): boolean {
		this.#blocked = !this.#exchange.flushAnswer();
		if (!this.#blocked) this.#allTaken();
		return !this.#blocked;
	}

	#allTaken(): void {
		this.#taken = this.#at;
		this.#coming?.passed(this.#at);
	}

	#afterFlush(): void {
		const entry = this.#entry;
		if (entry === null) return;
		if (this.#segment >= this.#segments.length) this.#end(entry);
		else if (this.#state(entry) > FillState.whole) {
			const heir = this.#heir;
			if (heir === null) return this.#breakOff();
			this.#release();
			heir.takeOver(this.#exchange);
		} else this.#watch();
	}

	#end(entry: AnswerEntry): void {
		// Its memory may be another's as soon as it is released.
		const trailers = entry.trailers === null ? null : Buffer.from(entry.trailers);
		this.#release();
		this.led?.cancel();
		this.#exchange.answerEnd(trailers);
	}

	resume(): void {
		if (!this.#blocked) return;
		this.#blocked = false;
		this.#allTaken();
		this.pump();
	}

	cancel(): void {
		this.#release();
		this.led?.cancel();
	}

	#leave(state: FillState): void {
		this.#release();
		this.#exchange.source = null;
		this.#follower.left(this.#exchange, state);
	}

	#watch(): void {
		if (this.#watching) return;
		this.#watching = true;
		this.entry.watch(this);
	}

	#release(): void {
		const entry = this.#entry;
		if (entry === null) return;
		this.#entry = null;
		this.#pieces?.close();
		this.#coming?.close();
		if (this.#watching) entry.unwatch(this);
		this.#watching = false;
		entry.release();
	}
}
