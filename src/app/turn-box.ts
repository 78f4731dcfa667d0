import type { MessagePort } from 'node:worker_threads';
import type { Flat } from './jobs-wire.ts';

/**
 * What is said to another thread in one turn of the event loop, sent as one message: each of its own would be another
 * copy, and another wake-up of who may be asleep.
 */
export class TurnBox<M> {
	readonly #port: MessagePort;
	readonly #write: (to: Flat, message: M) => void;
	#flat: Flat = [];
	#due = false;

	constructor(port: MessagePort, write: (to: Flat, message: M) => void) {
		this.#port = port;
		this.#write = write;
	}

	say(message: M): void {
		this.#write(this.#flat, message);
		if (this.#due) return;
		this.#due = true;
		setImmediate(this.flush);
	}

	/** Sends now what was said: this thread may be about to end. */
	readonly flush = (): void => {
		this.#due = false;
		if (this.#flat.length === 0) return;
		const flat = this.#flat;
		this.#flat = [];
		this.#port.postMessage(flat);
	};
}
