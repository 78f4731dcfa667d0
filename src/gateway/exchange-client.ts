import type { Output } from '../wire/output.ts';
import type { Transport } from '../wire/transport.ts';
import type { AttemptConnection } from './attempt.ts';

/** The connection that brought the request, as its exchange sees it. */
export interface ExchangeClient<Of> {
	readonly transport: Transport;
	/** The peer's address, without an IPv4-mapped prefix. */
	readonly address: string;
	readonly secure: boolean;
	/** The peer may speak for its clients. */
	readonly trusted: boolean;
	/** The field in which it tells its client's address; '': by X-Forwarded-For. */
	readonly addressField: string;
	/** Field lines for every request of this connection. */
	readonly forwarded: Buffer;
	/** Received and not used yet. */
	readonly inputBytes: number;
	/** One read more, to notice whether the client has left. */
	readOn(): void;
	/** The route is known: its time limits hold now. */
	arm(requestMs: number, streamIdleMs: number): void;
	/** Writes the payload at hand, framed for the instance. */
	moveBody(exchange: Of, out: Output): boolean;
	/** The instance took what it was sent. */
	upstreamDrained(): void;
	/** Part of the answer waits for the client. */
	answerBlocked(): void;
	/** The answer is whole. */
	exchangeDone(exchange: Of): void;
	/** From here on both sides' bytes pass through unread. */
	startTunnel(exchange: Of, connection: AttemptConnection, rest: Buffer): void;
}
