import type { ErrorCode } from '../core/errors.ts';
import { TICK_MS } from '../wire/timer-wheel.ts';

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
	if (clientsTurn && tick - request.progress >= Math.ceil(idleMs / TICK_MS)) {
		return request.answerWaits ? 'stream_idle' : 'body_timeout';
	}
	const rest = limited ? (until - tick) * TICK_MS : idleMs;
	return Math.max(TICK_MS, clientsTurn ? Math.min(rest, idleMs) : rest);
}
