import type { ErrorCode } from '../../core/errors.ts';
import { explainedProblem, type Problem } from '../../gateway/problem.ts';
import type { JobSpend } from '../../jobs/job.ts';
import { readSpendKey } from '../../jobs/spend/job-spend.ts';
import type { SpendPolicy } from '../../jobs/spend/spend-policy.ts';
import { spendWindow } from '../../jobs/spend/spend-window.ts';

/** Why a request that costs too much is refused, and when it is of use to send it again. */
export function spendProblem(
	{ per }: SpendPolicy,
	{ spend, key, nowMs }: { spend: JobSpend; key: string; nowMs: number },
): { code: ErrorCode; problem: Problem } {
	const reason = readSpendKey(key)?.tenant === null ? 'total' : 'tenant';
	const most = spend.of.find((one) => one.key === key)?.most ?? 0;
	// Nobody else's sum would change that.
	if (spend.cost > most) {
		const detail = `one such job costs more than may be spent in ${NAMES[per]}`;
		return { code: 'spend_too_large', problem: explainedProblem('spend_too_large', { reason, detail }) };
	}
	const { untilMs } = spendWindow(per, nowMs);
	const detail = `what may be spent in ${NAMES[per]} is spent or promised; the next begins at ${new Date(untilMs).toISOString()}`;
	const again = `Retry-After: ${Math.max(1, Math.ceil((untilMs - nowMs) / 1000))}\r\n`;
	return { code: 'spend_limited', problem: explainedProblem('spend_limited', { reason, detail }, again) };
}

const NAMES = { hour: 'an hour', day: 'a day', month: 'a month' } as const;
