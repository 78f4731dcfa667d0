import type { ErrorCode } from '../../core/errors.ts';
import type { BodyScan } from '../../wire/body.ts';
import type { Output } from '../../wire/output.ts';
import type { Transport } from '../../wire/transport.ts';
import { crash } from '../crash.ts';
import { BodyCoder, compressNow } from './body-coder.ts';
import type { Coding } from './coding.ts';

/** Answers that one worker compresses on their way at a time: each takes a megabyte or two. Others go as they are. */
const AT_ONCE = 64;
/** Up to here a whole body is compressed at once: an errand to other threads would cost more, bytes. */
const SMALL = 16 * 1024;
let open = 0;

/** The exchange whose answer is compressed. */
export interface CodedExchange {
	readonly plane: { readonly out: Output; report(fault: unknown): void };
	readonly client: { readonly transport: Transport; answerBlocked(): void };
	readonly fetch: { paused: boolean };
	/** Part of the answer as it goes out. */
	writePiece(bytes: Uint8Array): void;
	/** All of it is out. */
	finishAnswer(trailers: Buffer | null): void;
	/** What brings it may go on. */
	resumeSource(): void;
	cancel(): void;
	answerFailed(code: ErrorCode): void;
}

/**
 * Compresses an answer on its way to one client: what its source brings until it flushes is one piece, and the source
 * waits until that has been compressed and taken. So no more than a read of the instance's is ever held.
 */
export class AnswerCoder {
	readonly #exchange: CodedExchange;
	readonly #how: { coding: Coding; level: number };
	/** null: nothing of it was compressed yet. */
	#coder: BodyCoder | null = null;
	/** The head, for as long as the first of the body is compressed: both go out as one. */
	#head: Buffer | null = null;
	#pieces: Buffer[] = [];
	/** The last of all was brought; its trailers. */
	#ended: { trailers: Buffer | null } | null = null;
	#busy = false;
	#due = false;
	/** The source waits. */
	#waited = false;
	#closed = false;

	/** null: too many are under way. */
	static open(exchange: CodedExchange, coding: Coding, level: number): AnswerCoder | null {
		return open < AT_ONCE ? new AnswerCoder(exchange, { coding, level }) : null;
	}

	private constructor(exchange: CodedExchange, how: { coding: Coding; level: number }) {
		this.#exchange = exchange;
		this.#how = how;
		open++;
	}

	/** A copy is kept. */
	add(bytes: Uint8Array, start: number, end: number): void {
		if (end > start) this.#pieces.push(Buffer.from(bytes.subarray(start, end)));
	}

	addPayload(bytes: Uint8Array, { ranges, rangeCount }: BodyScan): void {
		for (let i = 0; i < rangeCount; i++) this.add(bytes, ranges[2 * i] as number, ranges[2 * i + 1] as number);
	}

	/** What was added so far goes out; false: the source has to wait for it. */
	flush(): boolean {
		const { client } = this.#exchange;
		this.#flushHead();
		if (this.#pieces.length > 0) this.#begin();
		this.#waited = this.#busy || this.#due || client.transport.pending > 0;
		if (this.#waited) this.#exchange.fetch.paused = true;
		if (client.transport.pending > 0) client.answerBlocked();
		return !this.#waited;
	}

	end(trailers: Buffer | null): void {
		// They may lie in memory that is another's soon.
		this.#ended = { trailers: trailers === null ? null : Buffer.from(trailers) };
		this.#flushHead();
		this.#begin();
	}

	/** It is held if the first of the body follows at once. */
	#flushHead(): void {
		const { plane, client } = this.#exchange;
		const { out } = plane;
		if (this.#coder !== null || (this.#pieces.length === 0 && this.#ended === null)) out.flush(client.transport);
		else if (out.length > 0) {
			this.#head = Buffer.from(out.buffer.subarray(0, out.length));
			out.length = 0;
		}
	}

	/** The client took all that it was sent. */
	drained(): void {
		if (!this.#waited || this.#busy || this.#due) return;
		this.#waited = false;
		this.#exchange.resumeSource();
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		open--;
		this.#coder?.close();
	}

	/** At the end of the turn: often the answer's end comes in it too. */
	#begin(): void {
		if (this.#busy || this.#due) return;
		this.#due = true;
		queueMicrotask(() => {
			this.#due = false;
			if (!this.#closed) this.#next();
		});
	}

	#next(): void {
		const bytes = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
		const last = this.#ended !== null;
		const { coding, level } = this.#how;
		this.#pieces = [];
		if (last && this.#coder === null && bytes.length <= SMALL) {
			this.#came(compressNow(bytes, coding, level), true);
			return;
		}
		this.#busy = true;
		this.#coder ??= BodyCoder.take(coding, { level, size: -1 });
		this.#coder.code(bytes, last, (coded) => {
			this.#busy = false;
			this.#came(coded, last);
		});
	}

	#came(coded: Buffer | null, last: boolean): void {
		try {
			this.#coded(coded, last);
		} catch (fault) {
			crash(this.#exchange, fault);
		}
	}

	#coded(coded: Buffer | null, last: boolean): void {
		const exchange = this.#exchange;
		if (coded === null) {
			exchange.cancel();
			exchange.answerFailed('truncated_answer');
			return;
		}
		if (this.#head !== null) exchange.plane.out.bytes(this.#head);
		this.#head = null;
		if (coded.length > 0) exchange.writePiece(coded);
		if (last) {
			this.close();
			exchange.finishAnswer(this.#ended?.trailers ?? null);
			return;
		}
		const { client } = exchange;
		exchange.plane.out.flush(client.transport);
		if (this.#pieces.length > 0 || this.#ended !== null) this.#begin();
		else if (client.transport.pending > 0) client.answerBlocked();
		else this.drained();
	}
}
