import { close } from 'node:fs';

/** An open file that several answers read at the same time; closed when the last of them is done and nobody keeps it. */
export class Descriptor {
	readonly fd: number;
	#users = 1;
	readonly #closed: () => void;

	/** `closed` is called once it is. It begins with one user: whoever keeps it. */
	constructor(fd: number, closed: () => void) {
		this.fd = fd;
		this.#closed = closed;
	}

	/** Somebody besides its keeper reads it. */
	get busy(): boolean {
		return this.#users > 1;
	}

	/** One more reads it, until `release`. False: it was closed meanwhile, and its number may stand for another file. */
	take(): boolean {
		if (this.#users === 0) return false;
		this.#users++;
		return true;
	}

	release(): void {
		if (--this.#users > 0) return;
		close(this.fd, ignore);
		this.#closed();
	}
}

const ignore = (): void => {};
