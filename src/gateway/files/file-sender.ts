import { read } from 'node:fs';
import type { AnswerSource } from '../answer-source.ts';
import { crash } from '../crash.ts';
import type { Exchange } from '../exchange.ts';
import type { Descriptor } from './descriptor.ts';
import type { Pieces } from './pieces.ts';

/** Part of an open file that is to be sent: its head without Content-Length, and bytes [start, end). */
export interface FilePart {
	status: number;
	head: Uint8Array;
	start: number;
	end: number;
}

/** As `fs.read`, of what the file stands for where that is not what lies on the disk. */
export type ReadAt = (
	into: Buffer,
	of: { length: number; at: number },
	done: (error: Error | null, length: number) => void,
) => void;

/** Where a file comes from. `read` left out: as it lies on the disk. */
export interface FileSource {
	descriptor: Descriptor;
	pieces: Pieces;
	read?: ReadAt | undefined;
}

/**
 * Reads part of a file and sends it, a piece at a time and never faster than the client takes it. The length is that
 * of the file when it was opened: if it has become shorter, the connection breaks off, since nothing else would tell.
 */
export class FileSender implements AnswerSource {
	readonly #exchange: Exchange;
	readonly #descriptor: Descriptor;
	readonly #pieces: Pieces;
	readonly #readAt: ReadAt | undefined;
	readonly #part: FilePart;
	readonly #piece: Buffer;
	#at: number;
	/** The client has not taken the last piece yet. */
	#blocked = false;
	#reading = false;
	/** The answer is whole, or nobody wants it any more. */
	#over = false;

	constructor(exchange: Exchange, from: FileSource, part: FilePart) {
		this.#exchange = exchange;
		this.#descriptor = from.descriptor;
		this.#pieces = from.pieces;
		this.#readAt = from.read;
		this.#part = part;
		this.#piece = from.pieces.take();
		this.#at = part.start;
	}

	/**
	 * The head goes out with the first piece, so that a file that cannot be read is still answered as such. One who took
	 * the descriptor calls it; it is given back here.
	 */
	start(): void {
		const { route, client } = this.#exchange;
		this.#exchange.source = this;
		// A large file may take a slow client as long as it needs: only silence is limited.
		client.arm(0, route?.timeouts.streamIdleMs ?? 0);
		this.#read();
	}

	resume(): void {
		if (!this.#blocked) return;
		this.#blocked = false;
		this.#goOn();
	}

	cancel(): void {
		this.#over = true;
		if (!this.#reading) this.#release();
	}

	#read(): void {
		this.#reading = true;
		const length = Math.min(this.#piece.length, this.#part.end - this.#at);
		if (this.#readAt === undefined) read(this.#descriptor.fd, this.#piece, 0, length, this.#at, this.#onRead);
		else this.#readAt(this.#piece, { length, at: this.#at }, this.#onRead);
	}

	readonly #onRead = (error: Error | null, length: number): void => {
		this.#reading = false;
		if (this.#over) {
			this.#release();
			return;
		}
		try {
			if (error !== null) this.#exchange.plane.report(error);
			if (error !== null || length === 0) this.#fail();
			else this.#send(length);
		} catch (fault) {
			crash(this.#exchange, fault);
		}
	};

	#send(length: number): void {
		const { status, head, start, end } = this.#part;
		if (this.#at === start) this.#exchange.beginAnswer(status, head, end - start);
		this.#at += length;
		this.#exchange.answerPiece(this.#piece.subarray(0, length));
		// The last piece too must be out before its memory is used again.
		if (this.#exchange.flushAnswer()) this.#goOn();
		else this.#blocked = true;
	}

	#goOn(): void {
		if (this.#at < this.#part.end) {
			this.#read();
			return;
		}
		this.#over = true;
		this.#release();
		this.#exchange.answerEnd(null);
	}

	#fail(): void {
		this.#over = true;
		this.#release();
		this.#exchange.answerFailed('file_unreadable');
	}

	#release(): void {
		this.#pieces.give(this.#piece);
		this.#descriptor.release();
	}
}
