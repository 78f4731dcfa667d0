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

	/** @returns the platform's ids of all that are to be removed now */
	begin(before: number): string[] {
		this.#tried ??= { entries: [...this.#waiting.keys()], before };
		return this.#tried.entries.map((entry) => entry.member.id);
	}

	/** The platform took what was begun. */
	done(): void {
		for (const entry of this.#tried?.entries ?? []) this.#finish(entry);
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
		for (const entry of gone) this.#finish(entry);
		for (const entry of rest.slice(left)) this.#finish(entry);
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
			this.#finish(entry);
		}
	}

	#finish(entry: Entry): void {
		const waiting = this.#waiting.get(entry);
		this.#waiting.delete(entry);
		this.#members.forget(entry, Date.now());
		waiting?.resolve();
	}
}

function lives(group: PlatformGroup, entry: Entry): boolean {
	const found = group.members.find((member) => member.id === entry.member.id);
	return found !== undefined && found.life !== 'leaving' && found.life !== 'failed';
}
