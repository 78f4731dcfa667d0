import { type AnswerEntry, type EntryListener, FillState } from '../../cache/answer-store.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { Timer } from '../../wire/timer-wheel.ts';

/**
 * How long who asks first waits for the compressed form, ms. Not long, since the plain one is at hand; but not at all
 * would leave a CDN in front with the plain one for as long as it keeps it.
 */
const WAIT_MS = 100;

export interface Waiting {
	readonly exchange: Exchange;
	/** What is compressed, and what becomes of it; their pins go with the wait. */
	readonly entry: AnswerEntry;
	readonly form: AnswerEntry;
}

/** A request that waits for a body to be compressed. */
export class CompressedWait implements AnswerSource, EntryListener {
	readonly #waiting: Waiting;
	/** Gives the answer. `form`: its pin goes with it; null: it takes too long, or comes to nothing. */
	readonly #give: (form: AnswerEntry | null) => void;
	readonly #timer: Timer;
	#over = false;

	constructor(waiting: Waiting, give: (form: AnswerEntry | null) => void) {
		this.#waiting = waiting;
		this.#give = give;
		this.#timer = new Timer(this);
		const { exchange, form } = waiting;
		exchange.source = this;
		exchange.plane.wheel.set(this.#timer, WAIT_MS);
		form.watch(this);
	}

	entryChanged(): void {
		const { state } = this.#waiting.form;
		if (state >= FillState.whole) this.#done(state === FillState.whole);
	}

	onTimer(): void {
		this.#done(false);
	}

	resume(): void {}

	cancel(): void {
		if (!this.#end()) return;
		this.#waiting.form.release();
		this.#waiting.entry.release();
	}

	#done(made: boolean): void {
		if (!this.#end()) return;
		const { exchange, form } = this.#waiting;
		exchange.source = null;
		if (made) this.#give(form);
		else {
			form.release();
			this.#give(null);
		}
	}

	/** False: it is over already. */
	#end(): boolean {
		if (this.#over) return false;
		this.#over = true;
		const { exchange, form } = this.#waiting;
		exchange.plane.wheel.remove(this.#timer);
		form.unwatch(this);
		return true;
	}
}
