/** Members on their way out: gathered, removed by one call, and told apart when that call failed halfway. */
import type { Entry, MemberSet } from './member-set.ts';
import type { PlatformGroup } from './platform.ts';
import type { SizeMemory } from './size-memory.ts';

export class Removals {
	readonly #members: MemberSet;
	readonly #waiting = new Map<Entry, { promise: Promise<void>; resolve: () => void }>();
	/** What the last call was to remove, and the size before it; it is not known whether it did. */
	#tried: { entries: Entry[]; before: number } | null = null;

	constructor(members: MemberSet) {
		this.#members = members;
	}

	get waiting(): boolean {
		return this.#waiting.size > 0;
	}

	/** Resolves once it is gone, or stays after all. */
	add(entry: Entry): Promise<void> {
		const known = this.#waiting.get(entry);
		if (known) return known.promise;
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#waiting.set(entry, { promise, resolve });
		this.#members.move(entry, 'ending');
		return promise;
	}

	/**
	 * Where the platform ends its members in an order: who waits behind one that stays stays, too; who waits behind one
	 * that is drained still waits on.
	 * @param order all that live, the first to leave first; null: any may be removed
	 * @returns who may be removed now
	 */
	ripe(order: readonly Entry[] | null): Entry[] {
		if (order === null) return [...this.#waiting.keys()];
		const stays = order.findIndex((entry) => entry.phase === 'here');
		for (const entry of stays === -1 ? [] : order.slice(stays)) if (!this.underWay(entry)) this.keep(entry);
		const draining = order.findIndex((entry) => entry.phase !== 'ending');
		const ahead = draining === -1 ? order : order.slice(0, draining);
		return ahead.filter((entry) => this.#waiting.has(entry));
	}

	/** The platform was told to end it. */
	underWay(entry: Entry): boolean {
		return this.#tried?.entries.includes(entry) ?? false;
	}

	/** It stays after all. */
	keep(entry: Entry): void {
		const waiting = this.#waiting.get(entry);
		this.#waiting.delete(entry);
		this.#members.move(entry, 'here');
		waiting?.resolve();
	}

	/** @returns the platform's ids of all that are to be removed now: of a call that failed, the same again */
	begin(before: number, entries: Entry[]): string[] {
		this.#tried ??= { entries, before };
		return this.#tried.entries.map((entry) => entry.member.id);
	}

	/** The platform took what was begun. */
	done(): void {
		for (const entry of this.#tried?.entries ?? []) this.#finish(entry, 'by us');
		this.#tried = null;
	}

	/** A look after a call that failed: what it did all the same is done, the rest is tried again. */
	looked(group: PlatformGroup, sizes: SizeMemory): void {
		this.#dropVanished(group);
		if (this.#tried === null) return;
		const { entries, before } = this.#tried;
		const lowered = before - group.desired;
		// Somebody else set it: what is to leave is decided anew.
		if (lowered < 0 || lowered > entries.length) return;
		sizes.adopt(group.desired);
		const gone = entries.filter((entry) => !lives(group, entry));
		const rest = entries.filter((entry) => lives(group, entry));
		const left = Math.min(rest.length, entries.length - lowered);
		for (const entry of gone) this.#finish(entry, 'by itself');
		for (const entry of rest.slice(left)) this.#finish(entry, 'by us');
		this.#tried = left === 0 ? null : { entries: rest.slice(0, left), before: group.desired };
	}

	/** Nothing of it is done any more. */
	callOff(): void {
		this.#tried = null;
		for (const [entry, { resolve }] of this.#waiting) {
			this.#members.move(entry, 'here');
			resolve();
		}
		this.#waiting.clear();
	}

	/** It ended by itself while it waited: the platform replaces it, and the size is not to be lowered for it. */
	#dropVanished(group: PlatformGroup): void {
		for (const entry of this.#waiting.keys()) {
			if (this.#tried?.entries.includes(entry) || lives(group, entry)) continue;
			this.#finish(entry, 'by itself');
		}
	}

	/** @param ended how it ended, as far as that is known */
	#finish(entry: Entry, ended: 'by us' | 'by itself'): void {
		const waiting = this.#waiting.get(entry);
		this.#waiting.delete(entry);
		if (ended === 'by us') this.#members.forget(entry, Date.now());
		else this.#members.letGo(entry, Date.now());
		waiting?.resolve();
	}
}

function lives(group: PlatformGroup, entry: Entry): boolean {
	const found = group.members.find((member) => member.id === entry.member.id);
	return found !== undefined && found.life !== 'leaving' && found.life !== 'failed';
}
