/**
 * What is wrong with a platform: said once when it begins and once when it is over, with the way that it holds. What
 * keeps a group from growing holds nothing that goes in, which may be the cure; what cannot be removed holds nothing
 * that goes out; a platform that cannot be read holds both.
 */
import type { HeldBack, InstanceEvent } from '../provider.ts';
import { inSeconds } from '../wording.ts';
import { Hold } from './hold.ts';
import type { PlatformGroup } from './platform.ts';
import { wordsOf } from './platform-call.ts';
import type { PlatformSettings } from './settings.ts';

export type Direction = 'out' | 'in';

export interface TroublesParts {
	/** What it acts on, for people. */
	readonly target: string;
	readonly settings: Pick<PlatformSettings, 'holdMs' | 'stuckMs'>;
	event(event: InstanceEvent): void;
}

export interface MembersNow {
	/** The size that the group is believed to have. */
	readonly size: number;
	/** Members that have come: a group that has not all of them is not done with growing. */
	readonly there: number;
}

type PerDirection = Record<Direction, string | null>;

const HELD: Record<Direction, string> = { out: 'it does not grow meanwhile', in: 'nothing is removed meanwhile' };
const DIRECTIONS = ['out', 'in'] as const;

export class Troubles {
	readonly holds: Readonly<Record<Direction, Hold>>;
	readonly #parts: TroublesParts;
	/** It cannot be read. */
	#blind: string | null = null;
	/** It has not what it should have for long. */
	readonly #stuck: PerDirection = { out: null, in: null };
	/** It does not come to its size, and says why. */
	readonly #failing: PerDirection = { out: null, in: null };
	#unkept: string | null = null;
	#refused: string | null = null;
	#warned: string | null = null;
	/** Epoch ms since when the group has not what it should have. */
	#unsettledSince: number | null = null;

	constructor(parts: TroublesParts) {
		const { holdMs } = parts.settings;
		this.#parts = parts;
		this.holds = { out: new Hold(...holdMs), in: new Hold(...holdMs) };
	}

	/** Why the size cannot be raised, and why it cannot be lowered, at present. */
	trouble(nowMs: number): HeldBack {
		const both = this.#blind ?? this.#refused;
		const of = (direction: Direction): string | null =>
			both ?? this.holds[direction].at(nowMs) ?? this.#failing[direction] ?? this.#stuck[direction];
		return { out: of('out'), in: of('in') };
	}

	/** As `trouble`, and what was refused stays until it works: for an alert. */
	get complaint(): string | null {
		const { holds } = this;
		const [failing, stuck] = [this.#failing, this.#stuck];
		const refused = holds.out.unsolved ?? holds.in.unsolved;
		return (
			this.#blind ?? this.#refused ?? refused ?? failing.out ?? failing.in ?? stuck.out ?? stuck.in ?? this.#unkept
		);
	}

	/** @param text null: it answers */
	blind(text: string | null): void {
		if (text !== null && this.#blind === null) this.say('provider_trouble', text, 'error');
		if (text === null && this.#blind !== null)
			this.say('provider_recovered', `${this.#parts.target} answers again`, 'info');
		this.#blind = text;
	}

	/** Takes what a look shows. */
	look(group: PlatformGroup, members: MembersNow, nowMs: number): void {
		this.#fails(group, members);
		this.#mayBeStuck(group, members, nowMs);
	}

	/** Something was changed: it has its time anew. */
	changed(): void {
		this.#unsettledSince = null;
	}

	/** @param text why its members are not kept up; null: they are */
	unkept(text: string | null): void {
		if (text !== null && this.#unkept === null) this.say('upkeep_failed', text, 'warn');
		if (text === null && this.#unkept !== null)
			this.say('upkeep_recovered', `${this.#parts.target}: its members are kept up again`, 'info');
		this.#unkept = text;
	}

	/** The platform's own autoscaler is in the way. @param name null: it is not */
	autoscaler(name: string | null, refused: boolean): void {
		const { target } = this.#parts;
		const what = refused
			? 'it is not scaled here: remove one of the two, or set `nativeAutoscaler: warn`'
			: 'the two will work against each other';
		const text = name === null ? null : `${target} is scaled by ${name} too; ${what}`;
		const before = this.#refused ?? this.#warned;
		if (text !== null && text !== before) this.say('native_autoscaler', text, refused ? 'error' : 'warn');
		if (text === null && before !== null)
			this.say('native_autoscaler_gone', `${target} is scaled by nobody else any more`, 'info');
		this.#refused = refused ? text : null;
		this.#warned = refused ? null : text;
	}

	say(kind: string, text: string, level: InstanceEvent['level']): void {
		this.#parts.event({ instance: null, kind, text, level });
	}

	/** It says itself why it does not come to its size. */
	#fails({ failure = null, failing }: PlatformGroup, { size, there }: MembersNow): void {
		const { target } = this.#parts;
		const told = failing ?? (failure?.fault === 'capacity' || there < size ? 'out' : 'in');
		for (const direction of DIRECTIONS) {
			const text = failure !== null && direction === told ? `${target}: ${wordsOf(failure)}` : null;
			const before = this.#failing[direction];
			this.#failing[direction] = text;
			if (text !== null && before === null) this.say('platform_failure', `${text}; ${HELD[direction]}`, 'error');
			if (text === null && before !== null && failure === null)
				this.say('platform_failure_over', `${target} tells of no failure any more`, 'info');
		}
	}

	/** Members that do not come are a growth that is stuck; what else is never done keeps members from going. */
	#mayBeStuck({ busy }: PlatformGroup, { size, there }: MembersNow, nowMs: number): void {
		const { target, settings } = this.#parts;
		if (there >= size && busy === null) {
			this.#unsettledSince = null;
			this.#isStuck({ out: null, in: null });
			return;
		}
		this.#unsettledSince ??= nowMs;
		const forMs = nowMs - this.#unsettledSince;
		if (forMs < settings.stuckMs) return;
		const why = busy === null ? '' : `: ${busy}`;
		const text = `${target} has ${there} of ${size} running after ${inSeconds(forMs)}${why}`;
		this.#isStuck(there < size ? { out: text, in: null } : { out: null, in: text });
	}

	#isStuck(now: HeldBack): void {
		const before = this.#stuck.out ?? this.#stuck.in;
		for (const direction of DIRECTIONS) {
			const text = now[direction];
			if (text !== null && this.#stuck[direction] === null) this.say('stuck', `${text}; ${HELD[direction]}`, 'warn');
			this.#stuck[direction] = text;
		}
		if (before !== null && now.out === null && now.in === null)
			this.say('unstuck', `${this.#parts.target} has got its size`, 'info');
	}
}
