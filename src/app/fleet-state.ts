/**
 * The state of an instance: what its provider, its probes and the operator say, taken together. Pure.
 *
 * | life | held | drained by the operator | verdict | state |
 * | --- | --- | --- | --- | --- |
 * | pending | – | – | – | starting |
 * | exited | – | – | – | down |
 * | leaving | no | – | – | draining |
 * | running, or leaving and held | | yes | – | draining |
 * | running, or leaving and held | | no | unknown | starting |
 * | running, or leaving and held | | no | healthy | ready |
 * | running, or leaving and held | | no | draining | draining |
 * | running, or leaving and held | | no | unhealthy | down |
 *
 * *Held*: it is to leave, but serves on until another instance can take over.
 */
import type { Verdict } from '../health/decide.ts';
import type { Life } from '../instances/provider.ts';

export type InstanceState = 'starting' | 'ready' | 'draining' | 'down';

export interface Facts {
	readonly life: Life;
	readonly verdict: Verdict;
	readonly drained: boolean;
	readonly held: boolean;
}

export type Change =
	/** `fresh`: another process or address than before, so that no verdict holds any more. */
	| { readonly kind: 'life'; readonly life: Life; readonly fresh: boolean; readonly held: boolean }
	| { readonly kind: 'verdict'; readonly verdict: Verdict }
	| { readonly kind: 'drained'; readonly drained: boolean }
	| { readonly kind: 'held'; readonly held: boolean };

export const NEW_INSTANCE: Facts = { life: 'pending', verdict: 'unknown', drained: false, held: false };

export function transition(facts: Facts, change: Change): Facts {
	if (change.kind === 'verdict') {
		// A probe that was under way when the process ended says nothing about the next one.
		const probed = facts.life === 'running' || facts.life === 'leaving';
		return probed ? { ...facts, verdict: change.verdict } : facts;
	}
	if (change.kind === 'drained') return { ...facts, drained: change.drained };
	if (change.kind === 'held') return { ...facts, held: change.held && facts.life === 'leaving' };
	const { life } = change;
	const verdict = change.fresh || life === 'pending' || life === 'exited' ? 'unknown' : facts.verdict;
	return { ...facts, life, verdict, held: change.held && life === 'leaving' };
}

export function stateOf(facts: Facts): InstanceState {
	if (facts.life === 'pending') return 'starting';
	if (facts.life === 'exited') return 'down';
	if (facts.life === 'leaving' && !facts.held) return 'draining';
	if (facts.drained) return 'draining';
	return VERDICT_STATE[facts.verdict];
}

const VERDICT_STATE: Record<Verdict, InstanceState> = {
	unknown: 'starting',
	healthy: 'ready',
	draining: 'draining',
	unhealthy: 'down',
};
