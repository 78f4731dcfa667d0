import { Duplex } from 'node:stream';

/** A connection without a network: bytes are put in by hand, what is written to it is dropped. */
export class ScriptedSocket extends Duplex {
	/** Runs when something is written. */
	readonly #onWrite: () => void;

	constructor(onWrite: () => void = () => {}) {
		super({ allowHalfOpen: true });
		this.#onWrite = onWrite;
	}

	override _read(): void {}

	override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
		this.#onWrite();
		done();
	}

	// What node:http asks of a socket.
	setTimeout(): this {
		return this;
	}
	setNoDelay(): this {
		return this;
	}
	setKeepAlive(): this {
		return this;
	}
	ref(): this {
		return this;
	}
	unref(): this {
		return this;
	}
}
