/** Which pods Kubernetes ends first, as its controllers sort them. Pure. */
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import { nameOf } from './pod-member.ts';
import { conditionOf } from './workload.ts';

const PHASES: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * What comes before `pod-deletion-cost` in a ReplicaSet's order: without a node, then pending, then not ready; a
 * lower rank goes first. `ActivePodsWithRanks` in kubernetes/pkg/controller/controller_utils.go.
 */
export function rankOf(pod: unknown): number {
	const placed = textAt(pod, 'spec', 'nodeName') === '' ? 0 : 1;
	const phase = PHASES[textAt(pod, 'status', 'phase')] ?? 1;
	const ready = textAt(conditionOf(pod, 'Ready'), 'status') === 'True' ? 1 : 0;
	return placed * 100 + phase * 10 + ready;
}

/** `api-12` → 12; -1: it has none. */
export function ordinalOf(name: string): number {
	const digits = /-(\d{1,9})$/.exec(name)?.[1];
	return digits === undefined ? -1 : Number(digits);
}

/** All that were given, the first to leave first; those that Kubernetes does not tell apart stay in their order. */
export function leavingOrder(ids: readonly string[], pods: readonly unknown[], stateful: boolean): string[] {
	if (stateful) return [...ids].sort((one, other) => ordinalOf(other) - ordinalOf(one));
	const ranks = new Map(pods.map((pod) => [nameOf(pod), rankOf(pod)]));
	const rank = (id: string) => ranks.get(id) ?? 0;
	return [...ids].sort((one, other) => rank(one) - rank(other));
}

/**
 * Why it would end others than these; null: it ends these.
 * @param live all pods that count; `chosen`: the names of those that are to go
 */
export function whyOthers(live: readonly unknown[], chosen: ReadonlySet<string>, stateful: boolean): string | null {
	const going = live.filter((pod) => chosen.has(nameOf(pod)));
	const staying = live.filter((pod) => !chosen.has(nameOf(pod)));
	if (stateful) {
		const lowest = Math.min(...going.map((pod) => ordinalOf(nameOf(pod))));
		const above = staying.find((pod) => ordinalOf(nameOf(pod)) > lowest);
		return above === undefined
			? null
			: `a StatefulSet ends its highest ordinals first, and ${nameOf(above)} is to stay`;
	}
	if (new Set(live.map(ownerOf)).size > 1) return 'a rollout is under way, and pods of both versions are there';
	const last = Math.max(...going.map(rankOf));
	const before = staying.find((pod) => rankOf(pod) < last);
	return before === undefined ? null : `${nameOf(before)} is not ready and would be ended instead`;
}

function ownerOf(pod: unknown): string {
	const owner = listAt(pod, 'metadata', 'ownerReferences').find((one) => valueAt(one, 'controller') === true);
	return textAt(owner, 'uid') || textAt(owner, 'name');
}
