import { Outcome } from '../core/board.ts';
import type { ErrorCode } from '../core/errors.ts';

/** No connection came about, so nothing of the request was sent. */
export function isConnectFailure(code: ErrorCode): boolean {
	return code === 'connect_refused' || code === 'connect_timeout' || code === 'connect_failed' || code === 'tls_failed';
}

/** What a failure says of its instance; -1: nothing. */
export function outcomeOf(code: ErrorCode): Outcome | -1 {
	if (isConnectFailure(code)) return Outcome.connectFailed;
	if (code === 'first_byte_timeout' || code === 'stream_idle') return Outcome.timedOut;
	return code === 'connection_limit' || code === 'internal' ? -1 : Outcome.failed;
}
