/** What is wrong with a platform: said once when it begins and once when it is over. */
import type { InstanceEvent } from '../provider.ts';
import { Hold } from './hold.ts';

export type Direction = 'out' | 'in';

export class Troubles {
	readonly holds: Readonly<Record<Direction, Hold>>;
	readonly #event: (event: InstanceEvent) => void;
	/** It cannot be read. */
	#blind: string | null = null;
	#stuck: string | null = null;
	/** It does not come to its size, and says why. */
	#failing: string | null = null;
	#unkept: string | null = null;
	#refused: string | null = null;
	#warned: string | null = null;

	constructor(holdMs: readonly [number, number], event: (event: InstanceEvent) => void) {
		this.#event = event;
		this.holds = { out: new Hold(...holdMs), in: new Hold(...holdMs) };
	}

	/** Why the size cannot be relied upon or changed at present; null: it can. */
	trouble(nowMs: number): string | null {
		const { out, in: down } = this.holds;
		return this.#blind ?? this.#refused ?? out.at(nowMs) ?? down.at(nowMs) ?? this.#failing ?? this.#stuck;
	}

	/** As `trouble`, and what was refused stays until it works: for an alert. */
	get complaint(): string | null {
		return (
			this.#blind ??
			this.#refused ??
			this.holds.out.unsolved ??
			this.holds.in.unsolved ??
			this.#failing ??
			this.#stuck ??
			this.#unkept
		);
	}

	/** @param text null: it answers */
	blind(text: string | null, target: string): void {
		if (text !== null && this.#blind === null) this.say('provider_trouble', text, 'error');
		if (text === null && this.#blind !== null) this.say('provider_recovered', `${target} answers again`, 'info');
		this.#blind = text;
	}

	/** @param text null: it has what it should have */
	stuck(text: string | null, target: string): void {
		if (text !== null && this.#stuck === null) this.say('stuck', text, 'warn');
		if (text === null && this.#stuck !== null) this.say('unstuck', `${target} has got its size`, 'info');
		this.#stuck = text;
	}

	/** @param text why it does not come to its size, in its own words; null: it says nothing */
	failing(text: string | null, target: string): void {
		if (text !== null && this.#failing === null) this.say('platform_failure', text, 'error');
		if (text === null && this.#failing !== null)
			this.say('platform_failure_over', `${target} tells of no failure any more`, 'info');
		this.#failing = text;
	}

	/** @param text why its members are not kept up; null: they are */
	unkept(text: string | null, target: string): void {
		if (text !== null && this.#unkept === null) this.say('upkeep_failed', text, 'warn');
		if (text === null && this.#unkept !== null)
			this.say('upkeep_recovered', `${target}: its members are kept up again`, 'info');
		this.#unkept = text;
	}

	/** The platform's own autoscaler is in the way. @param text null: it is not */
	autoscaler(text: string | null, refused: boolean, target: string): void {
		const before = this.#refused ?? this.#warned;
		if (text !== null && text !== before) this.say('native_autoscaler', text, refused ? 'error' : 'warn');
		if (text === null && before !== null)
			this.say('native_autoscaler_gone', `${target} is scaled by nobody else any more`, 'info');
		this.#refused = refused ? text : null;
		this.#warned = refused ? null : text;
	}

	say(kind: string, text: string, level: InstanceEvent['level']): void {
		this.#event({ instance: null, kind, text, level });
	}
}
