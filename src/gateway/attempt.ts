import type { Outcome } from '../core/board.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { BodyScan } from '../wire/body.ts';
import type { Framing } from '../wire/framing.ts';
import type { Output } from '../wire/output.ts';
import type { ResponseHead } from '../wire/response-head.ts';
import type { Transport } from '../wire/transport.ts';
import type { Timeouts } from './config.ts';

/**
 * What those who take part in an attempt know of each other: the party that wants an answer, the
 * fetch that attempts, the instance that it asks, and the connection that carries it.
 */

/** Where a fetch gets its request from and hands its answer to: a client's exchange, later a cache entry or a job. */
export interface FetchParty {
	/** The answer has no body, whatever it says: HEAD. */
	readonly headOnly: boolean;
	/** The request asks for another protocol, and may. */
	readonly mayUpgrade: boolean;
	/** All that was read of the request's body can be sent again. */
	readonly resendable: boolean;
	/** Memory that the request holds while it waits. */
	readonly bytesHeld: number;
	/** Finds out whether somebody still wants the answer, while the request waits. */
	lookAfter(): void;
	/** Nothing of the request body is still to be sent. */
	readonly requestDone: boolean;
	/** Writes the request head for this instance. */
	writeRequestHead(out: Output, destination: Destination): void;
	/** Writes what is at hand of the request body; false: more is to come. */
	writeRequestBody(out: Output): boolean;
	/** The connection took all that was written: more may be sent. */
	requestDrained(): void;
	/** An answer of 1xx, except 101. */
	interim(head: ResponseHead, bytes: Uint8Array): void;
	answerHead(head: ResponseHead, bytes: Uint8Array, framing: Framing, kind: number): void;
	/** Payload in the ranges that `scan` found. `stable`: the bytes may be kept until they are written. */
	answerBody(bytes: Uint8Array, scan: BodyScan, stable: boolean): void;
	/** Hands over what was written; false: wait for `Fetch.resume`. */
	flushAnswer(): boolean;
	answerEnd(trailers: Buffer | null): void;
	/** The instance agreed to change the protocol; `rest` came right behind its answer. */
	upgraded(connection: AttemptConnection, rest: Buffer): void;
	/** No (whole) answer will come. */
	answerFailed(code: ErrorCode): void;
}

/** A fetch as the instance's side sees it. */
export interface Attempt {
	readonly party: FetchParty;
	readonly timeouts: Timeouts;
	/** Most time until the answer begins, ms. */
	readonly firstByteMs: number;
	/** May be sent twice: an idempotent method whose body, if any, can be sent again. */
	readonly repeatable: boolean;
	/** A kept connection proved stale: this attempt opens one. */
	readonly wantsFresh: boolean;
	/** The party cannot take more of the answer now. */
	readonly paused: boolean;
	/** The answer is a stream of events, which may be silent. */
	streaming: boolean;
	connection: AttemptConnection | null;
	opening: { cancel(): void } | null;
	/** The answer has this status: true when it is not passed on, since another instance is tried. */
	refuses(status: number): boolean;
	/** The answer has not begun in `firstByteMs`: true when another instance is tried; else there is more time. */
	givesUp(): boolean;
	/** What `refuses` or `givesUp` spoke of is out of the way. */
	attemptOver(outcome: Outcome): void;
	/** The instance asks for no attempt within so many ms. */
	rest(ms: number): void;
	/** A connection carries it now. */
	connected(): void;
	/** The head of the answer is there. */
	answered(status: number): void;
	/** The answer is whole. */
	finished(): void;
	/** The answer has begun and then broke off. */
	answerBroken(code: ErrorCode): void;
	/** The attempt came to nothing. */
	attemptFailed(code: ErrorCode): void;
}

/** An instance as a fetch sees it. */
export interface Destination {
	/** `host:port`. */
	readonly authority: string;
	/** A number that no other instance ever has. */
	readonly serial: number;
	/** Gives the attempt a connection: now, when one is opened, or when one is free. */
	acquire(attempt: Attempt): void;
	/** An attempt that waits is given up. */
	forget(attempt: Attempt): void;
	/** An attempt begins; false: with it there would be more than `most` over all workers (0: no bound). */
	enter(most: number): boolean;
	/** An attempt ended. */
	leave(): void;
}

/** The connection that carries an attempt. */
export interface AttemptConnection {
	readonly transport: Transport;
	/** It carried a request before this one. */
	readonly reused: boolean;
	tunnel: TunnelEnd | null;
	/** More of the request was written; once it is whole the instance's time runs. */
	requestProgress(whole: boolean): void;
	/** Nobody wants the answer: what is under way cannot be used for anything else. */
	abandon(): void;
}

/** What the client's end of a tunnel is to the instance's. */
export interface TunnelEnd {
	/** Bytes for the other side; false: wait. */
	tunnelBytes(bytes: Uint8Array, length: number): boolean;
	tunnelEnd(): void;
	tunnelClosed(): void;
	tunnelDrained(): void;
}
