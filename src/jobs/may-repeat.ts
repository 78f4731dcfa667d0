/** Whether a request that may have had its effect may be sent once more. Pure. */

export interface RepeatPolicy {
	/** Carrying it out twice is as once (RFC 9110 §9.2.2), or the upstream says so. */
	idempotent: boolean;
	/** How long the upstream knows a key, counted from the first attempt; null: it knows no keys. */
	keyLifeMs: number | null;
	/** An attempt is over after this: what is sent now must arrive within the life of the key. */
	attemptMostMs: number;
	/** The configuration says that a write without a key is repeated, which may be carried out twice. */
	repeatsUnkeyed: boolean;
	/** The upstream can be asked what became of an attempt. */
	canReconcile: boolean;
}

/** What of a job counts. */
export interface RepeatedJob {
	/** '': none. */
	upstreamKey: string;
	/** null: no attempt began yet. */
	firstAttemptMs: number | null;
}

/** `reason`: for people, of the form “… since REASON”. */
export interface RepeatDecision {
	do: 'again' | 'reconcile' | 'park';
	reason: string;
}

/** Also to be asked before each further attempt: the life of a key may have ended while the job waited. */
export function mayRepeat(job: RepeatedJob, policy: RepeatPolicy, nowMs: number): RepeatDecision {
	if (policy.idempotent) return { do: 'again', reason: 'its method is idempotent' };
	const keyed = job.upstreamKey !== '' && policy.keyLifeMs !== null;
	if (keyed && lives(job, policy, nowMs)) return { do: 'again', reason: 'the upstream still knows its key' };
	if (policy.repeatsUnkeyed && !keyed) return { do: 'again', reason: 'the configuration repeats writes without a key' };
	const unknown = keyed ? 'the upstream may have forgotten its key' : 'it is a write without a key';
	if (policy.canReconcile) return { do: 'reconcile', reason: unknown };
	return { do: 'park', reason: `${unknown}, and the upstream cannot be asked` };
}

function lives({ firstAttemptMs }: RepeatedJob, { keyLifeMs, attemptMostMs }: RepeatPolicy, nowMs: number): boolean {
	return firstAttemptMs === null || nowMs + attemptMostMs < firstAttemptMs + (keyLifeMs ?? 0);
}
