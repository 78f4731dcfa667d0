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
	| { readonly kind: 'failed'; readonly why: string; readonly contact: Contact };

/**
 * How far a probe that failed got: it could not connect at all (`none`), nothing that is an answer came
 * in time (`silent`), or the instance answered and the answer was not the expected one (`answer`).
 */
export type Contact = 'none' | 'silent' | 'answer';

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
	/** Requests failed there just now: a probe that cannot connect either settles it. */
	readonly suspect: boolean;
};

export const UNPROBED: ProbeState = { verdict: 'unknown', successes: 0, failures: 0 };

const STARTING_FIRST_MS = 50;
const STARTING_MOST_MS = 500;
/** Share of the interval until a verdict that is in doubt is asked for again. */
const DOUBT = 0.25;
const LEAST_DOUBT_MS = 50;
/** Until a suspect instance whose probe failed is asked again. */
export const SUSPECT_MS = 100;
const MOST_BACK_OFF = 8;
const MOST_BACK_OFF_MS = 30_000;

/**
 * | before | outcome | after |
 * | --- | --- | --- |
 * | any | `healthyAfter` good ones in a row (`unknown`: the first) | healthy |
 * | any | the instance says that it drains | draining |
 * | unknown and starting | failed | unknown |
 * | unknown otherwise, draining | failed | unhealthy |
 * | suspect | could not be connected to | unhealthy |
 * | other | `unhealthyAfter` failed ones in a row | unhealthy |
 */
export function decide(state: ProbeState, outcome: Outcome, thresholds: Thresholds): Decision {
	if (outcome.kind === 'draining') {
		return { state: { verdict: 'draining', successes: 0, failures: 0 }, afterMs: thresholds.intervalMs };
	}
	return outcome.kind === 'up' ? afterSuccess(state, thresholds) : afterFailure(state, outcome.contact, thresholds);
}

function afterSuccess(state: ProbeState, thresholds: Thresholds): Decision {
	const successes = state.successes + 1;
	const healthy = state.verdict === 'healthy' || state.verdict === 'unknown' || successes >= thresholds.healthyAfter;
	return {
		state: { verdict: healthy ? 'healthy' : state.verdict, successes, failures: 0 },
		afterMs: healthy ? thresholds.intervalMs : doubtMs(thresholds),
	};
}

function afterFailure(state: ProbeState, contact: Contact, thresholds: Thresholds): Decision {
	const failures = state.failures + 1;
	if (state.verdict === 'unknown' && thresholds.starting) {
		const afterMs = Math.min(STARTING_MOST_MS, STARTING_FIRST_MS * 1.5 ** Math.min(failures - 1, 16));
		return { state: { verdict: 'unknown', successes: 0, failures }, afterMs };
	}
	const enough = failures >= thresholds.unhealthyAfter;
	const down = state.verdict !== 'healthy' || enough || (thresholds.suspect && contact === 'none');
	return {
		state: { verdict: down ? 'unhealthy' : 'healthy', successes: 0, failures },
		afterMs: enough ? backOffMs(failures, thresholds) : doubtMs(thresholds),
	};
}

/** The first failure that takes it out is followed after one interval, the next after two, up to eight or 30 s. */
function backOffMs(failures: number, { intervalMs, unhealthyAfter }: Thresholds): number {
	const factor = Math.min(MOST_BACK_OFF, 2 ** Math.min(Math.max(0, failures - unhealthyAfter), 16));
	return Math.max(intervalMs, Math.min(MOST_BACK_OFF_MS, intervalMs * factor));
}

function doubtMs({ intervalMs, suspect }: Thresholds): number {
	const usual = Math.max(LEAST_DOUBT_MS, intervalMs * DOUBT);
	return Math.min(intervalMs, suspect ? Math.min(usual, SUSPECT_MS) : usual);
}
