import { retryAfterMs } from '../../core/retry-after.ts';
import type { WebhookAnswer } from './call-webhook.ts';
import { REFUSALS } from './webhook-rules.ts';

/** Longest that an answer may ask for, ms. */
const ASKED_MOST_MS = 86_400_000;
/** The most that is added to a pause, as a share of it, so that those who failed together do not come again together. */
const JITTER = 0.2;
const GONE = 410;

export type NextTry =
	| { kind: 'told' }
	| { kind: 'again'; afterMs: number; why: string }
	/** `gone`: the receiver wants to hear of nothing any more. */
	| { kind: 'given_up'; why: string; gone: boolean };

/** What follows a try. `tries`: with this one. `pausesMs`: before the second try, the third and so on. */
export function decideNextTry(
	answer: WebhookAnswer,
	of: { tries: number; pausesMs: readonly number[] },
	moment: { nowMs: number; random: number },
): NextTry {
	if (answer.kind === 'answered' && answer.status >= 200 && answer.status < 300) return { kind: 'told' };
	const why = whyNot(answer);
	if (answer.kind === 'answered' && answer.status === GONE) return { kind: 'given_up', why, gone: true };
	const pauseMs = of.pausesMs[of.tries - 1];
	if (pauseMs === undefined) return { kind: 'given_up', why, gone: false };
	const asked = answer.kind === 'answered' ? askedMs(answer.retryAfter, moment.nowMs) : 0;
	return { kind: 'again', afterMs: Math.max(asked, pauseMs * (1 + JITTER * moment.random)), why };
}

function whyNot(answer: WebhookAnswer): string {
	switch (answer.kind) {
		case 'refused':
			return `it was not called: ${REFUSALS[answer.reason]} (${answer.reason})`;
		case 'failed':
			return `the receiver ${answer.why}`;
		case 'answered':
			return answer.status >= 300 && answer.status < 400
				? `the receiver answered ${answer.status}; redirects are not followed`
				: `the receiver answered ${answer.status}`;
	}
}

const askedMs = (value: string | undefined, nowMs: number): number =>
	Math.min(Math.max(0, retryAfterMs(value, nowMs) ?? 0), ASKED_MOST_MS);
