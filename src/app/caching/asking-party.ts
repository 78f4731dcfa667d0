import type { ErrorCode } from '../../core/errors.ts';
import type { AttemptConnection, Destination } from '../../gateway/attempt.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { ConcurrencyLimit } from '../../gateway/route.ts';
import type { Output } from '../../wire/output.ts';
import type { ResponseHead } from '../../wire/response-head.ts';
import type { AskedRequest } from './asked-request.ts';

/** What a fetch wants to know of one who asks without a body, and may ask again; and what its client sees of that. */
export abstract class AskingParty {
	readonly headOnly = false;
	readonly mayUpgrade = false;
	readonly resendable = true;
	readonly requestDone = true;
	abstract readonly request: AskedRequest;
	/** Who asked; null: nobody, or he has left. */
	abstract leader: Exchange | null;
	/** Where it has a place that it must give back. */
	place: ConcurrencyLimit | null = null;

	abstract answerFailed(code: ErrorCode): void;

	get bytesHeld(): number {
		return this.request.seen.buffer.length + (this.leader?.client.inputBytes ?? 0);
	}

	/** Gives back its place, if it has one. */
	leave(): void {
		this.place?.leave();
		this.place = null;
	}

	writeRequestHead(out: Output, destination: Destination): void {
		this.request.write(out, destination);
	}

	writeRequestBody(): boolean {
		return true;
	}

	requestDrained(): void {}

	lookAfter(): void {
		this.leader?.client.readOn();
	}

	interim(head: ResponseHead, bytes: Uint8Array): void {
		this.leader?.interim(head, bytes);
	}

	upgraded(connection: AttemptConnection): void {
		connection.abandon();
		this.answerFailed('bad_answer');
	}
}
