/** What a scale-in would do to the values, before it is done (Azure's protection from flapping). */

import { isRush } from './panic.ts';
import type { ScalePolicy, Signal, StepPolicy } from './policy.ts';
import type { ScalingSamples, SignalValue } from './samples.ts';
import { plainValue } from './steps.ts';
import { ratioOf } from './target.ts';

/** The smallest size from `size` to the present one whose values would not at once ask for more. */
export function projectedSize(
	size: number,
	round: { policy: ScalePolicy; samples: ScalingSamples; need: number | null },
): number {
	const { policy, samples, need } = round;
	let least = Math.max(1, size);
	const raise = (tooSmall: (size: number) => boolean): void => {
		least = leastFitting(least, samples.desired, tooSmall);
	};
	if (need !== null) raise((to) => isRush(policy, need, remaining(samples.ready, samples.desired - to)));
	for (const signal of policy.signals) {
		const value = samples.readings[signal.name]?.stable;
		if (value === undefined || value === null) continue;
		raise((to) => asksForMore(signal, value, { policy, samples, size: to }));
	}
	for (const step of policy.steps) {
		const value = samples.readings[step.name]?.stable;
		if (step.when === 'below' || value === undefined || value === null) continue;
		raise((to) => reaches(step, value, { samples, size: to }));
	}
	return size === 0 && least === 1 ? 0 : least;
}

/** The least size that is not too small, at most `most`; a larger one never is where a smaller one is not. */
function leastFitting(from: number, most: number, tooSmall: (size: number) => boolean): number {
	let [low, high] = [from, most];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (tooSmall(middle)) low = middle + 1;
		else high = middle;
	}
	return low;
}

function remaining(of: number, fewer: number): number {
	return Math.max(0, of - fewer);
}

function asksForMore(
	signal: Signal,
	value: SignalValue,
	after: { policy: ScalePolicy; samples: ScalingSamples; size: number },
): boolean {
	const { policy, samples, size } = after;
	const most = 1 + policy.out.tolerance + 1e-9;
	if ('sum' in value) {
		const left = remaining(value.counted, samples.desired - size);
		return value.sum > 0 && (left === 0 || ratioOf(signal, value.sum / left) > most);
	}
	if (signal.kind === 'total') return value.value / (signal.target * size) > most;
	return (value.value * samples.desired) / size / signal.target > most;
}

function reaches(step: StepPolicy, value: SignalValue, after: { samples: ScalingSamples; size: number }): boolean {
	const { desired } = after.samples;
	// What the whole pool has to do stays the same with fewer instances.
	if (step.source.from === 'requests' || step.source.from === 'in-flight') return false;
	const plain = plainValue(value);
	const threshold = step.bands[0]?.from;
	if (plain === null || threshold === undefined) return false;
	if (!('sum' in value)) return (plain * desired) / after.size >= threshold;
	const left = remaining(value.counted, desired - after.size);
	return value.sum > 0 && (left === 0 || value.sum / left >= threshold);
}
