import type { ErrorCode } from '../core/errors.ts';
import { TICK_MS } from '../wire/timer-wheel.ts';
import type { Transport } from '../wire/transport.ts';
import type { Exchange } from './exchange.ts';

/** A request under way as its time limits see it. Times in ticks of the wheel, durations in ms. */
export interface RequestProgress {
	tick: number;
	/** When the whole request must be over; 0: never. */
	until: number;
	/** The client's last byte sent or taken. */
	progress: number;
	idleMs: number;
	/** Bytes of the answer wait for the client. */
	answerWaits: boolean;
	/** The instance could take more of a body that has not come. */
	bodyMissing: boolean;
	/** A stream of events may take as long as it likes. */
	streaming: boolean;
}

/** What has run out, or in how many ms to look again. */
export function requestLimit(request: RequestProgress): ErrorCode | number {
	const { tick, until, streaming, idleMs } = request;
	const limited = until !== 0 && !streaming;
	if (limited && tick >= until) return 'request_timeout';
	const clientsTurn = request.answerWaits || request.bodyMissing;
	const idle = Math.ceil(idleMs / TICK_MS) - (clientsTurn ? tick - request.progress : 0);
	if (idle <= 0) return request.answerWaits ? 'stream_idle' : 'body_timeout';
	return Math.min(limited ? until - tick : idle, idle) * TICK_MS;
}

/** How a client's connection gets on, for its time limits. */
export class Pace {
	/** The tick of the client's last progress: a byte sent or taken. */
	#progress = 0;
	/** When the request under way must be over; 0: never. */
	#until = 0;
	/** Bytes not sent yet when the limits were last looked at. */
	#queued = 0;
	/** Bytes of the answer that a client which sends no more had got when it was last looked at. */
	#sent = 0;

	moved(tick: number): void {
		this.#progress = tick;
	}

	begin(tick: number, requestMs: number): void {
		this.#until = requestMs === 0 ? 0 : tick + Math.ceil(requestMs / TICK_MS);
	}

	/** An answer is on its way; so many bytes were left of it at most. */
	sending(queued: number): void {
		this.#queued = queued;
	}

	/** A slow reader still took some of the last answer since it was last asked. */
	stillSending({ queued }: Transport): boolean {
		const moving = queued > 0 && queued < this.#queued;
		if (moving) this.#queued = queued;
		return moving;
	}

	/** Nothing of the answer was sent, and nothing of it waits to be, since it was last asked. */
	silent({ bytesOut, client }: Exchange): boolean {
		const silent = bytesOut === this.#sent && client.transport.pending === 0;
		this.#sent = bytesOut;
		return silent;
	}

	/** What has run out for the request under way, or in how many ms to look again. */
	limit(exchange: Exchange, tick: number): ErrorCode | number {
		const { transport } = exchange.client;
		if (transport.queued < this.#queued) this.#progress = tick;
		this.#queued = transport.queued;
		return requestLimit({
			tick,
			until: this.#until,
			progress: this.#progress,
			idleMs: exchange.route?.timeouts.streamIdleMs ?? exchange.plane.limits.headMs,
			answerWaits: transport.pending > 0,
			bodyMissing:
				!exchange.body.done && (exchange.intake?.ready ?? exchange.fetch.connection?.transport.pending === 0),
			streaming: exchange.fetch.streaming,
		});
	}
}
