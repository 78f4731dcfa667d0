/** Retries, their budget, waiting and breakers: what a file says of them. */
import { formatDuration, parseDuration, parseShare, parseSize } from '../core/units.ts';
import type { Policy, RetryPolicy, Timeouts } from '../gateway/config.ts';
import type { HoldInput, RetryInput } from '../gateway/retry-schema.ts';
import {
	type BreakerConfig,
	type BreakerInput,
	DEFAULT_BREAKER,
	DEFAULT_BUDGET,
	type RetryBudgetConfig,
	type RetryBudgetInput,
} from '../resilience/config.ts';
import type { Place } from './scope.ts';

export const DEFAULT_RETRY: RetryPolicy = {
	attempts: 3,
	connect: true,
	reset: true,
	timeout: true,
	statuses: [502, 503, 504],
	attemptMs: 0,
	bodyBytes: 65_536,
};

export const DEFAULT_HOLD_MS = 10_000;

type Base = Pick<Policy, 'retry' | 'holdMs'>;
interface Input {
	retry?: RetryInput | undefined;
	hold?: HoldInput | undefined;
}

/** `timeouts`: those that hold here. */
export function layRetry(base: Base, input: Input, place: Place, timeouts: Timeouts): Base {
	return {
		retry: retryPolicy(base.retry, input.retry, place.at('retry'), timeouts),
		holdMs: holdMs(base.holdMs, input.hold, place.at('hold'), timeouts),
	};
}

function retryPolicy(base: RetryPolicy, input: RetryInput | undefined, place: Place, timeouts: Timeouts): RetryPolicy {
	// An inherited time of an attempt gives way to a shorter one of the request that is said here.
	const fitting = base.attemptMs > timeouts.requestMs ? { ...base, attemptMs: timeouts.requestMs } : base;
	if (input === undefined) return fitting;
	if (input === 'off') return { ...fitting, attempts: 1 };
	if (typeof input === 'number') return { ...fitting, attempts: input };
	const { on } = input;
	const attemptMs = input.timeout === undefined ? fitting.attemptMs : (parseDuration(input.timeout) ?? 0);
	if (input.timeout !== undefined && attemptMs > timeouts.requestMs) {
		const most = formatDuration(timeouts.requestMs);
		place
			.at('timeout')
			.problem(
				`expected at most \`timeouts.request\`, which is ${most} here: no attempt may take longer than its request`,
				{
					value: input.timeout,
				},
			);
	}
	return {
		attempts: input.attempts ?? fitting.attempts,
		connect: on === undefined ? fitting.connect : on.includes('connect'),
		reset: on === undefined ? fitting.reset : on.includes('reset'),
		timeout: on === undefined ? fitting.timeout : on.includes('timeout'),
		statuses: on === undefined ? fitting.statuses : on.filter((one) => typeof one === 'number'),
		attemptMs,
		bodyBytes: input.body === undefined ? fitting.bodyBytes : (parseSize(input.body) ?? fitting.bodyBytes),
	};
}

function holdMs(base: number, input: HoldInput | undefined, place: Place, timeouts: Timeouts): number {
	if (input === undefined) return Math.min(base, timeouts.requestMs);
	const ms = input === 'off' ? 0 : (parseDuration(input) ?? base);
	if (ms <= timeouts.requestMs) return ms;
	const most = formatDuration(timeouts.requestMs);
	place.problem(
		`expected at most \`timeouts.request\`, which is ${most} here: no request waits longer than it may take`,
		{
			value: input,
		},
	);
	return ms;
}

/** null: no budget, every retry is allowed. */
export function resolveBudget(input: RetryBudgetInput | undefined): RetryBudgetConfig | null {
	if (input === 'off') return null;
	return {
		share: input?.share === undefined ? DEFAULT_BUDGET.share : (parseShare(input.share) ?? DEFAULT_BUDGET.share),
		floor: input?.floor ?? DEFAULT_BUDGET.floor,
	};
}

export function resolveBreaker(input: BreakerInput | undefined): BreakerConfig {
	if (input === undefined || input === 'off') return DEFAULT_BREAKER;
	if (typeof input === 'number') return { ...DEFAULT_BREAKER, inFlight: input };
	const inFlight = input.inFlight === 'off' ? 0 : (input.inFlight ?? DEFAULT_BREAKER.inFlight);
	return { inFlight, waiting: input.waiting ?? DEFAULT_BREAKER.waiting };
}
