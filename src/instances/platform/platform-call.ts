/** One call to a platform: bounded in time, its failure always a `PlatformError`. */
import { inert } from '../../core/inert.ts';
import { inSeconds } from '../wording.ts';
import { PlatformError } from './platform-error.ts';

/** Most of a platform's own words that is passed on, characters. */
const MOST_WORDS = 400;
/** The longest that a platform's `Retry-After` is heeded, ms. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/**
 * Calls, and gives up after `limitMs` even where the platform's client does not heed the signal.
 * @throws PlatformError `unreachable` after the time limit or once `closed` aborts
 */
export async function callPlatform<T>(
	limitMs: number,
	closed: AbortSignal,
	work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
	const own = new AbortController();
	let fail: (error: PlatformError) => void = () => {};
	const given = new Promise<never>((_, reject) => {
		fail = reject;
	});
	given.catch(() => {});
	const stop = (message: string): void => {
		fail(new PlatformError('unreachable', message));
		own.abort();
	};
	const onClosed = (): void => stop('it is no longer asked');
	const timer = setTimeout(() => stop(`no answer within ${inSeconds(limitMs)}`), limitMs);
	closed.addEventListener('abort', onClosed, { once: true });
	if (closed.aborted) onClosed();
	try {
		return await Promise.race([given, work(own.signal)]);
	} catch (error) {
		throw asPlatformError(error);
	} finally {
		clearTimeout(timer);
		closed.removeEventListener('abort', onClosed);
	}
}

/** Whatever an adapter threw. Its words are made harmless and bounded. */
export function asPlatformError(error: unknown): PlatformError {
	if (error instanceof PlatformError) return error;
	const message = error instanceof Error ? error.message : String(error);
	return new PlatformError('unreachable', message, { cause: error });
}

/** The platform's words as they may stand in an event, with the permission that is missing. */
export function wordsOf(error: PlatformError): string {
	const words = inert(error.message)
		.slice(0, MOST_WORDS)
		.replace(/[.\s]+$/, '');
	return error.permission === null ? words : `${words} (permission needed: ${inert(error.permission)})`;
}

/** How long to wait before the next try, ms: doubled each time, jittered, never less than the platform asks for. */
export function retryMs(tries: number, firstMs: number, error: PlatformError): number {
	const own = Math.min(60_000, firstMs * 2 ** Math.min(tries, 16)) * (0.5 + Math.random() / 2);
	return Math.max(own, Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS));
}
