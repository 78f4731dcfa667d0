/** What one more probe means for an instance. Pure. */
import type { HealthConfig } from './config.ts';

/**
 * `unknown` until the first verdict; `draining` when the instance itself asks for no more requests
 * (503 with `x-ballast-drain: 1`).
 */
export type Verdict = 'unknown' | 'healthy' | 'unhealthy' | 'draining';

export type Outcome =
	| { readonly kind: 'up' }
	| { readonly kind: 'draining' }
	/** `why`: half a sentence that fits behind "its probe failed:". */
	| { readonly kind: 'failed'; readonly why: string };

export interface ProbeState {
	readonly verdict: Verdict;
	/** Good probes in a row. */
	readonly successes: number;
	/** Failed probes in a row. */
	readonly failures: number;
}

export interface Decision {
	readonly state: ProbeState;
	/** Until the next probe, before jitter, ms. */
	readonly afterMs: number;
}

export type Thresholds = Pick<HealthConfig, 'intervalMs' | 'healthyAfter' | 'unhealthyAfter'> & {
	/** An instance that is starting is asked often, and failures do not count until it was up once. */
	readonly starting: boolean;
};

export const UNPROBED: ProbeState = { verdict: 'unknown', successes: 0, failures: 0 };

const STARTING_FIRST_MS = 50;
const STARTING_MOST_MS = 500;
/** Share of the interval until a verdict that is in doubt is asked for again. */
const DOUBT = 0.25;
const LEAST_DOUBT_MS = 50;
const MOST_BACK_OFF = 8;
const MOST_BACK_OFF_MS = 30_000;

/**
 * | before | outcome | after |
 * | --- | --- | --- |
 * | any | `healthyAfter` good ones in a row (`unknown`: the first) | healthy |
 * | any | the instance says that it drains | draining |
 * | unknown and starting | failed | unknown |
 * | other | `unhealthyAfter` failed ones in a row (draining: the first) | unhealthy |
 */
export function decide(state: ProbeState, outcome: Outcome, thresholds: Thresholds): Decision {
	if (outcome.kind === 'draining') {
		return { state: { verdict: 'draining', successes: 0, failures: 0 }, afterMs: thresholds.intervalMs };
	}
	return outcome.kind === 'up' ? afterSuccess(state, thresholds) : afterFailure(state, thresholds);
}

function afterSuccess(state: ProbeState, thresholds: Thresholds): Decision {
	const successes = state.successes + 1;
	const healthy = state.verdict === 'healthy' || state.verdict === 'unknown' || successes >= thresholds.healthyAfter;
	return {
		state: { verdict: healthy ? 'healthy' : state.verdict, successes, failures: 0 },
		afterMs: healthy ? thresholds.intervalMs : doubtMs(thresholds),
	};
}

function afterFailure(state: ProbeState, thresholds: Thresholds): Decision {
	const failures = state.failures + 1;
	if (state.verdict === 'unknown' && thresholds.starting) {
		const afterMs = Math.min(STARTING_MOST_MS, STARTING_FIRST_MS * 1.5 ** Math.min(failures - 1, 16));
		return { state: { verdict: 'unknown', successes: 0, failures }, afterMs };
	}
	const down = state.verdict === 'unhealthy' || state.verdict === 'draining' || failures >= thresholds.unhealthyAfter;
	const verdict = down ? 'unhealthy' : state.verdict;
	return {
		state: { verdict, successes: 0, failures },
		afterMs: down ? backOffMs(failures, thresholds) : doubtMs(thresholds),
	};
}

/** The first failure that takes it out is followed after one interval, the next after two, up to eight or 30 s. */
function backOffMs(failures: number, { intervalMs, unhealthyAfter }: Thresholds): number {
	const factor = Math.min(MOST_BACK_OFF, 2 ** Math.min(Math.max(0, failures - unhealthyAfter), 16));
	return Math.max(intervalMs, Math.min(MOST_BACK_OFF_MS, intervalMs * factor));
}

function doubtMs({ intervalMs }: Thresholds): number {
	return Math.min(intervalMs, Math.max(LEAST_DOUBT_MS, intervalMs * DOUBT));
}
