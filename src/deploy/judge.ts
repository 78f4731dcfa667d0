/**
 * Whether a new version does as well as the old one, by what both did at the same time. Pure.
 *
 * It is asked again and again while requests come, so each look has a smaller allowance for a false
 * alarm than the one before: together they stay below `FALSE_ALARM`, however often it is asked.
 */
import { type Figures, figures, inMs, percent, times } from './figures.ts';
import { type Durations, failedShare, quantile, type Sample, slowerThan } from './sample.ts';
import { binomialTail, dealtTail } from './tails.ts';

export interface JudgeRules {
	/** Answers of the new version that a verdict `good` needs at least. */
	readonly requests: number;
	/** How many more of the new version's attempts may fail than of the old one's, as a share (0…1). */
	readonly errors: number;
	/** How many times the old one's time (median and p95) the new one may take, > 1; null: time does not count. */
	readonly latency: number | null;
}

export interface Verdict {
	/** `good`: as good as the old one; `bad`: worse, beyond chance; `wait`: cannot be told yet. */
	readonly kind: 'good' | 'bad' | 'wait';
	/** Half a sentence with figures. */
	readonly why: string;
}

export interface Compared {
	readonly old: Sample;
	readonly fresh: Sample;
	readonly durations: Durations;
}

/** The chance that a version as good as the old one is called bad, over a whole roll-out; a half for errors, a half for time. */
export const FALSE_ALARM = 0.005;
/** With fewer attempts of the old version there is nothing to compare with: it is taken to fail never. */
const LEAST_OLD = 20;
/** So many failures in a row and nothing else, with nothing to compare with, are the new version's fault. */
const ALL_FAILED = 10;
/** With so many of the old version's attempts failing, what happens says nothing of the new one. */
const OUTAGE = 0.25;
/**
 * Before it goes on, a version that fails by so many times what is allowed has to be ruled out, but
 * for this chance; with nothing allowed, by this share.
 */
const RULED_OUT = 3;
const DOUBT = 0.01;
const LEAST_RULED_OUT = 0.005;
/** A difference in time below this is none, µs. */
const LEAST_SLOWER_US = 5000;
/** Which part of the answers must not be slower. */
const QUANTILES = [
	{ share: 0.5, name: 'median' },
	{ share: 0.95, name: 'p95' },
] as const;

/**
 * @param look how many verdicts were asked for before, in the whole roll-out; null: only `good` and
 * `wait` are possible, and it does not count as a look
 */
export function judge(compared: Compared, rules: JudgeRules, look: number | null): Verdict {
	const shown = figures(compared);
	if (look !== null) {
		// Σ 1 / (k + 1)(k + 2) over all k ≥ 0 is 1.
		const allowance = FALSE_ALARM / ((look + 1) * (look + 2));
		const why = moreErrors(compared, rules, allowance / 2) ?? slower(compared, rules, allowance / 4);
		if (why !== null) return { kind: 'bad', why };
	}
	return goodOrWait(compared, rules, shown);
}

function goodOrWait(compared: Compared, rules: JudgeRules, shown: Figures): Verdict {
	const { old, fresh, durations } = compared;
	const wait = (why: string): Verdict => ({ kind: 'wait', why });
	if (fresh.attempts < rules.requests) {
		return wait(`${fresh.attempts} of ${rules.requests} requests judged, ${shown.errors}`);
	}
	if (old.attempts >= LEAST_OLD && failedShare(old) > OUTAGE)
		return wait(`both versions fail (${shown.errors}), so nothing can be told`);
	if (failedShare(fresh) > baseline(old) + rules.errors)
		return wait(`${shown.errors}: more than the ${percent(rules.errors)} that are allowed, but not beyond chance yet`);
	if (mayBeMuchWorse(compared, rules))
		return wait(`${fresh.attempts} requests judged, ${shown.errors}: too few to be sure that it is no worse`);
	for (const { share, name } of rules.latency === null ? [] : QUANTILES) {
		const limit = slowLimit(compared, rules, share);
		const took = quantile(fresh, durations, share);
		if (limit !== null && took > limit)
			return wait(
				`its ${name} is ${inMs(took)} (old: ${inMs(quantile(old, durations, share))}), not beyond chance yet`,
			);
	}
	return { kind: 'good', why: `${fresh.attempts} requests, ${shown.errors}${shown.time}` };
}

/** So few of its attempts failed that it still may be one of which many more do, and only had luck. */
function mayBeMuchWorse({ old, fresh }: Compared, { errors }: JudgeRules): boolean {
	const worse = Math.min(0.999, baseline(old) + Math.max(errors * RULED_OUT, LEAST_RULED_OUT));
	return binomialTail({ hit: fresh.attempts - fresh.failed, of: fresh.attempts }, 1 - worse) > DOUBT;
}

/** Share of failed attempts that a version as good as the old one has. */
const baseline = (old: Sample): number => (old.attempts < LEAST_OLD ? 0 : failedShare(old));

/** What is wrong with its errors; null: nothing beyond chance. */
function moreErrors({ old, fresh }: Compared, rules: JudgeRules, allowance: number): string | null {
	if (fresh.failed === 0 || failedShare(fresh) <= baseline(old) + rules.errors) return null;
	const hits = { hit: fresh.failed, of: fresh.attempts };
	const failed = `${percent(failedShare(fresh))} of ${fresh.attempts} requests to the new version failed`;
	if (old.attempts >= LEAST_OLD) {
		if (dealtTail({ hit: old.failed, of: old.attempts }, hits) >= allowance) return null;
		return `${failed}, ${percent(failedShare(old))} of ${old.attempts} to the old one`;
	}
	// Nothing to compare with, for now or for long.
	const all = fresh.failed === fresh.attempts && fresh.attempts >= ALL_FAILED;
	const many = fresh.attempts >= rules.requests && binomialTail(hits, Math.max(rules.errors, 1e-6)) < allowance;
	return all || many ? `${failed}, and the old one had too few to compare with` : null;
}

/** What is wrong with its time; null: nothing beyond chance. A version within what is allowed is not called slow, either. */
function slower(compared: Compared, rules: JudgeRules, allowance: number): string | null {
	const { old, fresh, durations } = compared;
	for (const { share, name } of rules.latency === null ? [] : QUANTILES) {
		const limit = slowLimit(compared, rules, share);
		const took = quantile(fresh, durations, share);
		if (limit === null || took <= limit) continue;
		const slow = slowerThan(fresh, durations, limit);
		if (slow.of < rules.requests || binomialTail(slow, 1 - share) >= allowance) continue;
		const before = quantile(old, durations, share);
		return `its ${name} was ${inMs(took)} over ${slow.of} requests, ${times(took / before)} the old one's ${inMs(before)}`;
	}
	return null;
}

/** The duration in µs beyond which this quantile is slow, by the old version's own; null: it had too few answers to tell. */
function slowLimit({ old, durations }: Compared, { latency, requests }: JudgeRules, share: number): number | null {
	const before = quantile(old, durations, share);
	if (latency === null || before === 0 || slowerThan(old, durations, 0).of < requests) return null;
	return Math.max(before * latency, before + LEAST_SLOWER_US);
}
