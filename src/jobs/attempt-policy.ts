import type { RetryPolicy } from './decide-retry.ts';
import type { OffloadPolicy } from './offload-policy.ts';

/** Pauses differ by so much, so that not all come back at once. */
const JITTER = 0.25;
/** Of a `Retry-After` no more is waited for, ms. */
const RETRY_AFTER_MOST_MS = 7 * 86_400_000;

/** How attempts of a job go. `attemptMs`: most time for one. */
export function attemptPolicy(
	{ retry, upstreamKey, lanes, external }: OffloadPolicy,
	{ idempotent, attemptMs }: { idempotent: boolean; attemptMs: number },
): RetryPolicy {
	return {
		idempotent,
		keyLifeMs: upstreamKey?.lifeMs ?? null,
		attemptMostMs: attemptMs,
		repeatsUnkeyed: retry.unkeyed,
		canReconcile: external?.reconcile != null,
		firstPauseMs: retry.backoff.baseMs,
		longestPauseMs: retry.backoff.mostMs,
		jitter: JITTER,
		statuses: new Set(retry.statuses),
		retryAfterMostMs: RETRY_AFTER_MOST_MS,
		// Where places are shared with others, a job does not fail by finding them full.
		countsRefusals: lanes.length === 0,
	};
}
