import { type Balancer, type Loads, type Member, NONE_TRIED, type WorkerPlace } from './port.ts';
import { Random } from './random.ts';
import { Roster } from './roster.ts';

/** Up to this many members, and counts to sum (members × workers), each pick looks at all. */
const ALL = 64;
const ALL_COUNTS = 512;
/** Above that: members looked at in turn, and at random. */
const IN_TURN = 8;
const AT_RANDOM = 4;

/**
 * The member with the fewest requests in flight for its weight, over all workers.
 *
 * Ties are the rule while an API is not busy. They go by virtual time (start-time fair queueing): a
 * pick moves a member on by 1/weight, and the one furthest behind wins; so equal members share
 * evenly, weights hold without load too, and one that was away has no arrears to catch up.
 */
export class LeastConnections implements Balancer {
	readonly #loads: Loads;
	readonly #roster: Roster;
	readonly #place: WorkerPlace;
	readonly #random: Random;
	/** Virtual time of each member, and of the last pick. */
	#times = new Float64Array(0);
	#now = 0;
	readonly #some = new Int32Array(IN_TURN + AT_RANDOM);

	constructor(loads: Loads, place: WorkerPlace) {
		this.#loads = loads;
		this.#place = place;
		this.#roster = new Roster(loads, place);
		this.#random = new Random(place.id);
	}

	set(members: readonly Member[]): void {
		const was = this.#roster.set(members);
		const size = was.length;
		const first = Math.floor((this.#place.id * size) / this.#place.count);
		this.#times = Float64Array.from(was, (old, member) => {
			if (old >= 0 && this.#now > 0) return this.#times[old] as number;
			return this.#now + (1 + ((member - first + size) % size)) / (size * 1000);
		});
	}

	pick(_key: number, tried: readonly number[], _nowMs: number): number {
		const roster = this.#roster;
		let member: number;
		if (roster.size <= ALL && roster.size * this.#place.count <= ALL_COUNTS) {
			member = this.#least(roster.order, roster.size, tried);
		} else {
			roster.refresh();
			member = this.#least(this.#some, this.#choose(tried), tried);
			if (member < 0 && roster.recheck()) member = this.#least(this.#some, this.#choose(tried), tried);
		}
		if (member < 0) return tried.length > 0 ? this.pick(0, NONE_TRIED, 0) : -1;
		const slot = roster.slots[member] as number;
		const time = this.#times[member] as number;
		if (time > this.#now) this.#now = time;
		this.#times[member] = this.#now + 1000 / Math.max(1, this.#loads.weight(slot));
		return slot;
	}

	/** The least loaded of the first `count` in the list, or -1. */
	#least(list: Int32Array, count: number, tried: readonly number[]): number {
		const loads = this.#loads;
		const times = this.#times;
		const slots = this.#roster.slots;
		let best = -1;
		let least = Infinity;
		for (let at = 0; at < count; at++) {
			const member = list[at] as number;
			const slot = slots[member] as number;
			const load = loads.inFlight(slot) / loads.weight(slot);
			// Not a number: without weight and load.
			if (!(load <= least)) continue;
			if (load === least && (times[member] as number) >= (times[best] as number)) continue;
			if (!this.#roster.isOpen(slot) || (tried.length > 0 && tried.includes(slot))) continue;
			best = member;
			least = load;
		}
		return best;
	}

	/** Fills `#some` with open members to choose from; how many. */
	#choose(tried: readonly number[]): number {
		const roster = this.#roster;
		let count = 0;
		for (let steps = roster.open; steps > 0 && count < IN_TURN; steps--) {
			if (roster.cursor >= roster.open) roster.cursor = 0;
			const member = roster.order[roster.cursor] as number;
			const slot = roster.slots[member] as number;
			if (!roster.isOpen(slot)) {
				roster.demote(roster.cursor);
				continue;
			}
			roster.cursor++;
			if (tried.length === 0 || !tried.includes(slot)) this.#some[count++] = member;
		}
		for (let draws = 0; draws < AT_RANDOM; draws++) {
			const member = roster.draw(this.#random, tried, -1);
			if (member >= 0) this.#some[count++] = member;
		}
		return count;
	}

	settle(_slot: number, _us: number, _nowMs: number): void {}

	token(_slot: number): number {
		return 0;
	}
}
