/** The changes of a size that later decisions have to know. */
import type { Changes } from './decision.ts';
import type { ScalePolicy } from './policy.ts';

const MOST_KEPT = 128;
/** Instances that are started still hold back a scale-in for so long after the last scale-out. */
export const STARTING_MS = 600_000;

/** How long changes are kept, ms. */
export function keptMs(policy: ScalePolicy): number {
	let most = Math.max(STARTING_MS, policy.windowMs, policy.flaps?.overMs ?? 0);
	for (const { cooldownMs, rates } of [policy.out, policy.in]) {
		most = Math.max(most, cooldownMs);
		for (const { periodMs } of rates) most = Math.max(most, periodMs);
	}
	return most;
}

export function addChange(changes: Changes, change: readonly [number, number], policy: ScalePolicy): Changes {
	const [nowMs, by] = change;
	const oldest = changes[0];
	if (by === 0 && oldest === undefined) return changes;
	const sinceMs = nowMs - keptMs(policy);
	if (by === 0 && oldest !== undefined && oldest[0] > sinceMs) return changes;
	const kept = changes.filter(([atMs]) => atMs > sinceMs);
	if (by !== 0) kept.push(change);
	return kept.length > MOST_KEPT ? merged(kept) : kept;
}

/** Neighbours of one direction become one, at the later time: at worst they count for longer. */
function merged(changes: Changes): Changes {
	const kept: (readonly [number, number])[] = [];
	for (let at = 0; at < changes.length; at++) {
		const [atMs, by] = changes[at] as Changes[number];
		const next = changes[at + 1];
		const together = at < changes.length / 2 && next !== undefined && Math.sign(next[1]) === Math.sign(by);
		if (together) {
			kept.push([next[0], by + next[1]]);
			at++;
		} else kept.push([atMs, by]);
	}
	return kept.slice(-MOST_KEPT);
}

/** What was added (direction 1) or removed (−1) since; not below 0. */
export function changedSince(changes: Changes, sinceMs: number, direction: 1 | -1): number {
	let sum = 0;
	for (let at = changes.length - 1; at >= 0; at--) {
		const [atMs, by] = changes[at] as Changes[number];
		if (atMs <= sinceMs) break;
		if (by * direction > 0) sum += by * direction;
	}
	return sum;
}

/** Epoch ms of the last scale-out; −∞: none is known. */
export function lastOutMs(changes: Changes): number {
	for (let at = changes.length - 1; at >= 0; at--) {
		const [atMs, by] = changes[at] as Changes[number];
		if (by > 0) return atMs;
	}
	return Number.NEGATIVE_INFINITY;
}

/** Turns from out to in since. */
export function turnsSince(changes: Changes, sinceMs: number): number {
	let turns = 0;
	for (let at = 1; at < changes.length; at++) {
		const [atMs, by] = changes[at] as Changes[number];
		if (atMs > sinceMs && by < 0 && (changes[at - 1] as Changes[number])[1] > 0) turns++;
	}
	return turns;
}
