/** What a load needs, known beforehand: the measure that policies are held against. */
import type { ScalePolicy } from '../policy.ts';
import { type Load, STEP_MS } from './load.ts';
import { capacityOf, cpuShareOf, type Model, placesOf } from './model.ts';

/** Without a target that can be turned into a rate, instances are meant to be busy so much. */
const USUAL_SHARE = 0.7;
/** A load is the mean over so many steps: what comes in one second is partly chance. */
const SMOOTHED = 5;

/** Requests a second that an instance is meant to take by the policy's targets, the strictest of them. */
export function rateMeant({ signals }: ScalePolicy, model: Model): number {
	const most = capacityOf(model);
	let rate = Number.POSITIVE_INFINITY;
	for (const { source, target } of signals) {
		if (source.from === 'cpu') rate = Math.min(rate, (most * target) / (cpuShareOf(model) * placesOf(model)));
		else if (source.from === 'requests') rate = Math.min(rate, target);
		else if (source.from === 'in-flight') rate = Math.min(rate, (target * 1000) / model.serviceTime.meanMs);
	}
	return Math.min(most, Number.isFinite(rate) ? rate : most * USUAL_SHARE);
}

/** Instances that each step needs, `least` where there is little to do. */
export function needsOf({ counts }: Load, rate: number, least: number): Int32Array {
	const needs = new Int32Array(counts.length);
	const half = SMOOTHED >> 1;
	let sum = 0;
	for (let at = -half; at < counts.length; at++) {
		sum += counts[at + half] ?? 0;
		sum -= counts[at - half - 1] ?? 0;
		if (at < 0) continue;
		const steps = Math.min(counts.length - 1, at + half) - Math.max(0, at - half) + 1;
		const perSecond = (sum / steps) * (1000 / STEP_MS);
		needs[at] = Math.max(least, Math.ceil(perSecond / rate - 1e-9));
	}
	return needs;
}

/** What must have been ordered by each step so that the need of all later ones is met: the largest need of the next steps. */
export function orderedAhead(needs: Int32Array, ahead: number): Int32Array {
	const ordered = new Int32Array(needs.length);
	// Steps whose need is above all later ones of the window, oldest first.
	const queue = new Int32Array(needs.length);
	let [head, tail] = [0, 0];
	for (let at = needs.length - 1; at >= 0; at--) {
		const need = needs[at] as number;
		while (tail > head && (needs[queue[tail - 1] as number] as number) <= need) tail--;
		queue[tail++] = at;
		while ((queue[head] as number) > at + ahead) head++;
		ordered[at] = needs[queue[head] as number] as number;
	}
	return ordered;
}

/** The first step that brings more than so many instances are meant to take, and is not alone in it; −1: none does. */
export function firstLack({ counts }: Load, rate: number, size: number): number {
	const most = rate * size * (STEP_MS / 1000);
	return counts.findIndex((count, at) => {
		if (count <= most) return false;
		const next = counts.subarray(at, at + SMOOTHED);
		return next.filter((one) => one > most).length >= 0.8 * next.length;
	});
}
