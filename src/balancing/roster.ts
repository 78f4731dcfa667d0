import { SlotState } from '../core/board.ts';
import type { Loads, Member, WorkerPlace } from './port.ts';
import type { Random } from './random.ts';

/** Closed members that each pick looks at, to see whether they opened. */
const LOOKS = 4;

/**
 * The members of a pool in a round, those believed open in front, so that thousands can be gone
 * through without a look at each. A belief is checked before it is used: `demote` puts a member that
 * turns out closed behind the front, `refresh` brings some back at each pick, `recheck` all.
 */
export class Roster {
	readonly #loads: Loads;
	readonly #place: WorkerPlace;
	#keys: string[] = [];
	#look = 0;
	#used = false;
	/** Slots by member. */
	slots = new Int32Array(0);
	/** All members: [0, cursor) had their turn in this round, [cursor, open) have not, the rest is closed. */
	order = new Int32Array(0);
	open = 0;
	cursor = 0;

	constructor(loads: Loads, place: WorkerPlace) {
		this.#loads = loads;
		this.#place = place;
	}

	get size(): number {
		return this.slots.length;
	}

	/**
	 * Takes the new members; the round goes on where it was. Before the first pick it begins
	 * elsewhere in each worker. The answer has, for each member, the member that it was, or -1.
	 */
	set(members: readonly Member[]): Int32Array {
		const keys = members.map(lifeOf);
		const before = new Map(this.#keys.map((key, index) => [key, index]));
		const was = Int32Array.from(keys, (key) => before.get(key) ?? -1);
		const now = new Int32Array(this.size).fill(-1);
		for (let index = 0; index < was.length; index++) if ((was[index] as number) >= 0) now[was[index] as number] = index;
		const order: number[] = [];
		let cursor = 0;
		for (let at = 0; this.#used && at < this.order.length; at++) {
			const index = now[this.order[at] as number] as number;
			if (index < 0) continue;
			order.push(index);
			if (at < this.cursor) cursor++;
		}
		for (let index = 0; index < was.length; index++) if (!this.#used || (was[index] as number) < 0) order.push(index);
		this.#keys = keys;
		this.slots = Int32Array.from(members, (member) => member.slot);
		this.order = Int32Array.from(order);
		this.open = order.length;
		this.cursor = this.#used ? cursor : Math.floor((this.#place.id * order.length) / this.#place.count);
		return was;
	}

	isOpen(slot: number): boolean {
		return this.#loads.state(slot) === SlotState.ready && this.#loads.weight(slot) > 0;
	}

	/** Once at each pick. */
	refresh(): void {
		this.#used = true;
		const closed = this.slots.length - this.open;
		for (let looks = closed < LOOKS ? closed : LOOKS; looks > 0; looks--) {
			if (this.#look < this.open || this.#look >= this.slots.length) this.#look = this.open;
			this.#promote(this.#look++);
		}
	}

	/** Looks at every closed member; whether one opened. */
	recheck(): boolean {
		const before = this.open;
		for (let at = this.open; at < this.slots.length; at++) this.#promote(at);
		return this.open > before;
	}

	#promote(at: number): void {
		if (!this.isOpen(this.slots[this.order[at] as number] as number)) return;
		this.#swap(at, this.open++);
	}

	/** The member at this place of `order` is closed; the last open one takes its place. */
	demote(at: number): void {
		this.#swap(at, --this.open);
	}

	#swap(a: number, b: number): void {
		const member = this.order[a] as number;
		this.order[a] = this.order[b] as number;
		this.order[b] = member;
	}

	/** A random open member that is neither tried nor `except`, or -1. */
	draw(random: Random, tried: readonly number[], except: number): number {
		for (let draws = 0; this.open > 0; draws++) {
			const at = random.below(this.open);
			const member = this.order[at] as number;
			if (member === except && this.open === 1) return -1;
			const slot = this.slots[member] as number;
			if (!this.isOpen(slot)) this.demote(at);
			else if (member !== except && (tried.length === 0 || !tried.includes(slot))) return member;
			else if (draws >= 4) return this.#drawNear(at, tried, except);
		}
		return -1;
	}

	#drawNear(start: number, tried: readonly number[], except: number): number {
		for (let step = 1; step < this.open; step++) {
			const member = this.order[(start + step) % this.open] as number;
			const slot = this.slots[member] as number;
			if (member !== except && !tried.includes(slot) && this.isOpen(slot)) return member;
		}
		return -1;
	}
}

/** What stays while a member stays: its id may come back in another slot while the old one drains. */
export function lifeOf({ slot, id }: Member): string {
	return `${slot} ${id}`;
}
