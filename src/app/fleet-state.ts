/**
 * The state of an instance: what its provider, its probes and the operator say, taken together. Pure.
 *
 * | life | held | drained by the operator | verdict | ejected | state |
 * | --- | --- | --- | --- | --- | --- |
 * | pending | – | – | – | – | starting |
 * | exited | – | – | – | – | down |
 * | leaving | no | – | – | – | draining |
 * | running, or leaving and held | | yes | – | – | draining |
 * | running, or leaving and held | | no | unknown | – | starting |
 * | running, or leaving and held | | no | healthy | no | ready |
 * | running, or leaving and held | | no | healthy | yes | down |
 * | running, or leaving and held | | no | draining | – | draining |
 * | running, or leaving and held | | no | unhealthy | – | down |
 *
 * *Held*: it is to leave, but serves on until another instance can take over. *Ejected*: its requests
 * failed, whatever its probes say.
 */
import type { Contact, Verdict } from '../health/decide.ts';
import type { Life } from '../instances/provider.ts';

export type InstanceState = 'starting' | 'ready' | 'draining' | 'down';

export interface Facts {
	readonly life: Life;
	readonly verdict: Verdict;
	readonly drained: boolean;
	readonly held: boolean;
	readonly ejected: boolean;
	/** Its probes were good at some time of its present life. */
	readonly proven: boolean;
	/** How far its last probe got that failed. */
	readonly contact: Contact;
}

export type Change =
	/** `fresh`: another process or address than before, so that no verdict holds any more. */
	| { readonly kind: 'life'; readonly life: Life; readonly fresh: boolean; readonly held: boolean }
	| { readonly kind: 'verdict'; readonly verdict: Verdict; readonly contact?: Contact }
	| { readonly kind: 'drained'; readonly drained: boolean }
	| { readonly kind: 'held'; readonly held: boolean }
	| { readonly kind: 'ejected'; readonly ejected: boolean };

export const NEW_INSTANCE: Facts = {
	life: 'pending',
	verdict: 'unknown',
	drained: false,
	held: false,
	ejected: false,
	proven: false,
	contact: 'none',
};

export function transition(facts: Facts, change: Change): Facts {
	if (change.kind === 'verdict') {
		// A probe that was under way when the process ended says nothing about the next one.
		const probed = facts.life === 'running' || facts.life === 'leaving';
		if (!probed) return facts;
		const { verdict, contact = facts.contact } = change;
		return { ...facts, verdict, contact, proven: facts.proven || verdict === 'healthy' };
	}
	if (change.kind === 'drained') return { ...facts, drained: change.drained };
	if (change.kind === 'held') return { ...facts, held: change.held && facts.life === 'leaving' };
	if (change.kind === 'ejected') return { ...facts, ejected: change.ejected };
	const { life } = change;
	const held = change.held && life === 'leaving';
	if (!change.fresh && life !== 'pending' && life !== 'exited') return { ...facts, life, held };
	const { drained } = facts;
	return { ...NEW_INSTANCE, life, held, drained };
}

export function stateOf(facts: Facts): InstanceState {
	if (facts.life === 'pending') return 'starting';
	if (facts.life === 'exited') return 'down';
	if (facts.life === 'leaving' && !facts.held) return 'draining';
	if (facts.drained) return 'draining';
	return facts.ejected && facts.verdict === 'healthy' ? 'down' : VERDICT_STATE[facts.verdict];
}

/**
 * Whether an instance that is not ready could be used where too few are: it is ejected, or only
 * answers its probes wrongly, or (`silent`) does not answer them in time, which may be the load.
 */
export function usable(facts: Facts): 'yes' | 'silent' | 'no' {
	if (stateOf(facts) !== 'down' || facts.life === 'exited' || !facts.proven) return 'no';
	if (facts.verdict === 'healthy' || facts.contact === 'answer') return 'yes';
	return facts.contact === 'silent' ? 'silent' : 'no';
}

const VERDICT_STATE: Record<Verdict, InstanceState> = {
	unknown: 'starting',
	healthy: 'ready',
	draining: 'draining',
	unhealthy: 'down',
};
