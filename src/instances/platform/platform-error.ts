/**
 * What went wrong at a platform.
 * - `throttled`, `unreachable`, `busy`: may pass; tried again within bounds.
 * - `denied`: a permission is missing (`permission` names it). `credentials`: expired or wrong; read anew, then tried again.
 * - `capacity`: the platform has no more, or a quota is used up: not tried again at once.
 * - `not_found`, `bad_request`: the configuration names something that is not there or cannot be.
 */
export type PlatformFault =
	| 'throttled'
	| 'unreachable'
	| 'busy'
	| 'denied'
	| 'credentials'
	| 'capacity'
	| 'not_found'
	| 'bad_request';

const TRIED_AGAIN: readonly PlatformFault[] = ['throttled', 'unreachable', 'busy', 'credentials'];

export class PlatformError extends Error {
	override readonly name = 'PlatformError';
	readonly fault: PlatformFault;
	/** What the credentials lack: `autoscaling:SetDesiredCapacity`; null: not known or nothing. */
	readonly permission: string | null;
	/** The platform says so; ms; null: it does not. */
	readonly retryAfterMs: number | null;

	/** @param message the platform's own words, without secrets */
	constructor(
		fault: PlatformFault,
		message: string,
		more: { permission?: string; retryAfterMs?: number; cause?: unknown } = {},
	) {
		super(message, more.cause === undefined ? undefined : { cause: more.cause });
		this.fault = fault;
		this.permission = more.permission ?? null;
		this.retryAfterMs = more.retryAfterMs ?? null;
	}

	get mayPass(): boolean {
		return TRIED_AGAIN.includes(this.fault);
	}
}
