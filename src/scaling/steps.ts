/** What steps ask for: step scaling as AWS has it. */
import type { StepChange, StepPolicy } from './policy.ts';
import type { SignalValue } from './samples.ts';
import { MOST_INSTANCES, type Said, type TargetFacts } from './target.ts';

/** Above its threshold a step takes [from, to), below it (to, from]. */
export function bandOf({ when, bands }: StepPolicy, value: number): StepChange | null {
	for (const { from, to, change } of bands) {
		const inside =
			when === 'above' ? value >= from && (to === null || value < to) : value <= from && (to === null || value > to);
		if (inside) return change;
	}
	return null;
}

/** The mean of `each`; null: there is none. */
export function plainValue(value: SignalValue): number | null {
	const plain = 'sum' in value ? value.sum / value.counted : value.value;
	return Number.isFinite(plain) ? plain : null;
}

/**
 * A step above that is not reached says nothing; one below that is not reached keeps the size, since all have to
 * agree before anything goes in. Instances that do not show in the values yet count as part of the change, so that
 * one breach is answered once.
 */
export function recommendStep(step: StepPolicy, reading: SignalValue, facts: TargetFacts): Said & { failed: boolean } {
	const value = plainValue(reading);
	if (value === null) return { size: null, value: null, note: 'no values', failed: true };
	const change = bandOf(step, value);
	const { before } = facts;
	if (step.when === 'above') {
		if (change === null) return { size: null, value, note: 'not reached', failed: false };
		const size = Math.max(before, changed(Math.max(0, before - facts.added), change));
		return { size: Math.min(MOST_INSTANCES, size), value, note: '', failed: false };
	}
	if (change === null) return { size: before, value, note: 'not reached', failed: false };
	const size = Math.min(before, changed(before + facts.removed, change));
	return { size: Math.max(0, size), value, note: '', failed: false };
}

function changed(size: number, change: StepChange): number {
	if ('to' in change) return change.to;
	return size + ('by' in change ? change.by : wholeShare(size * change.share));
}

/** Above 1 cut off, between 0 and 1 one; the same below 0. */
export function wholeShare(change: number): number {
	if (change === 0) return 0;
	// 10 × 0.3 is a hair over or under 3.
	const near = Math.round(change);
	const whole = Math.abs(change - near) < 1e-9 ? near : Math.trunc(change);
	return whole === 0 ? Math.sign(change) : whole;
}
