/** Codes of HeyGen's errors, and whether another attempt may do better. */

/** Tried again; those by which nothing was done, and those whose repeat has the same Idempotency-Key. */
export const RETRIED: readonly string[] = [
	'rate_limit_exceeded',
	/** A call with the same key is under way: its answer is waited for. */
	'request_in_progress',
	'internal_error',
	'gateway_timeout',
];

/** Final: a repeat brings the same, or costs what is not there. */
export const FINAL: readonly string[] = [
	'invalid_parameter',
	'download_failed',
	'unauthorized',
	'insufficient_credit',
	'trial_limit_exceeded',
	'plan_upgrade_required',
	'forbidden',
	'resource_access_denied',
	'voice_not_usable',
	'video_not_found',
	'avatar_not_found',
	'voice_not_found',
	'asset_not_found',
	'conflict',
	'resource_not_ready',
	'quota_exceeded',
	/** Of a video that was begun: HeyGen does not say which codes there are. */
	'rendering_failed',
];
