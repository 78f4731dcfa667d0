import type { AnswerEntry, AnswerStore } from '../../cache/answer-store.ts';
import type { Forwarded } from '../../cache/rules/cache-status.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { AttemptConnection, Destination, FetchParty } from '../../gateway/attempt.ts';
import type { DataPlane } from '../../gateway/data-plane.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { Fetch } from '../../gateway/fetch.ts';
import type { ConcurrencyLimit } from '../../gateway/route.ts';
import type { BodyScan } from '../../wire/body.ts';
import type { Framing } from '../../wire/framing.ts';
import type { Output } from '../../wire/output.ts';
import type { ResponseHead } from '../../wire/response-head.ts';
import { AskedRequest } from './asked-request.ts';
import { GrowingEntry } from './growing-entry.ts';
import type { RouteCache } from './route-cache.ts';

/**
 * What is asked of the origin, for whom, and about what: with what a fetch wants to know of one who asks without a body,
 * and may ask again; and what its client sees of that.
 */
export abstract class AskingParty implements FetchParty {
	readonly headOnly = false;
	readonly mayUpgrade = false;
	readonly resendable = true;
	readonly requestDone = true;
	readonly plane: DataPlane;
	readonly fetch: Fetch;
	readonly request: AskedRequest;
	/** Who asked; null: nobody, or he has left. */
	leader: Exchange | null = null;
	/** What is asked about, or stands in for a failure; pinned. */
	stored: AnswerEntry | null = null;
	/** What others follow. */
	readonly growing: GrowingEntry;
	cache: RouteCache | null = null;
	/** Why the origin is asked. */
	fwd: Forwarded = 'uri-miss';
	/** Where it has a place that it must give back. */
	place: ConcurrencyLimit | null = null;

	constructor(plane: DataPlane, store: AnswerStore) {
		this.plane = plane;
		this.fetch = new Fetch(plane, this);
		this.request = new AskedRequest(plane, this.fetch);
		this.growing = new GrowingEntry(store, this.request.key);
	}

	abstract answerHead(head: ResponseHead, bytes: Uint8Array, framing: Framing, kind: number): void;
	abstract answerBody(bytes: Uint8Array, scan: BodyScan, stable: boolean): void;
	abstract flushAnswer(): boolean;
	abstract answerEnd(trailers: Buffer | null): void;
	abstract answerFailed(code: ErrorCode): void;

	get bytesHeld(): number {
		return this.request.seen.buffer.length + (this.leader?.client.inputBytes ?? 0);
	}

	/** What came of a question that a purge overtook is of before: the next one need not wait to ask. */
	protected letGoOfStored(): void {
		const { stored } = this;
		if (stored === null) return;
		this.stored = null;
		if (this.growing.isOutdated) stored.refreshed();
		stored.release();
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
