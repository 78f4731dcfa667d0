/** A rush, seen in a short window: Knative's panic mode. */
import type { ScalingState } from './decision.ts';
import type { ScalePolicy, Signal } from './policy.ts';
import type { ScalingSamples, SignalValue } from './samples.ts';
import { ceilSize, isWithin } from './target.ts';

/**
 * The size that the load of the panic window needs; null: not known. A level is left out: it does not divide, and
 * one slow answer is no rush.
 */
export function panicNeed(policy: ScalePolicy, samples: ScalingSamples): number | null {
	if (policy.panic === null) return null;
	let need: number | null = null;
	for (const signal of policy.signals) {
		const value = samples.readings[signal.name]?.panic;
		if (value === undefined || value === null || signal.kind === 'level') continue;
		const size = needOf(signal, value, { policy, samples });
		if (size !== null && (need === null || size > need)) need = size;
	}
	return need;
}

function needOf(
	signal: Signal,
	value: SignalValue,
	{ policy, samples }: { policy: ScalePolicy; samples: ScalingSamples },
): number | null {
	const before = samples.desired;
	const load = 'sum' in value ? value.sum : value.value;
	const among = 'sum' in value ? value.counted : before;
	if (!Number.isFinite(load) || ('sum' in value && among === 0)) return null;
	const need = ceilSize(load / signal.target);
	// With one instance, a hair over the target would be twice of what there is.
	const calm = among > 0 && isWithin(load / (signal.target * among), policy);
	// What instances use is at its end while they catch up with what has waited: that is no further rush.
	const catchingUp = 'sum' in value && !isRush(policy, need, samples.ready);
	return calm || catchingUp ? Math.min(need, before) : need;
}

/** Whether so large a need is a rush for so many instances. */
export function isRush(policy: ScalePolicy, need: number, ready: number): boolean {
	return policy.panic !== null && need / Math.max(1, ready) >= policy.panic.threshold;
}

/** Entered at the threshold, left after a whole window below it; in it the size only grows. */
export function nextPanic(
	last: ScalingState['panic'],
	need: number | null,
	now: { policy: ScalePolicy; samples: ScalingSamples; nowMs: number },
): ScalingState['panic'] {
	const { policy, samples, nowMs } = now;
	if (policy.panic === null) return null;
	if (need !== null && isRush(policy, need, samples.ready)) {
		const size = Math.max(last?.size ?? samples.desired, need);
		return { size, sinceMs: last?.sinceMs ?? nowMs, lastMs: nowMs };
	}
	if (last === null || nowMs - last.lastMs >= policy.windowMs) return null;
	return need !== null && need > last.size ? { ...last, size: need } : last;
}
