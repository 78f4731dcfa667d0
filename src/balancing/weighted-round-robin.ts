import { SlotState } from '../core/board.ts';
import { type Balancer, type Loads, type Member, NONE_TRIED, type WorkerPlace } from './port.ts';
import { lifeOf } from './roster.ts';

/** Members whose state and weight each pick reads anew; in a larger pool the others follow in turn. */
const LOOKS = 16;
/** Most steps (members × picks) spent on finding a worker's place in the round. */
const ADVANCE = 1_000_000;

/**
 * nginx's smooth weighted round-robin: at each pick every open member gains its weight, the richest is
 * picked and pays the sum of all. So 5, 1, 1 gives a a b a c a a and not a a a a a b c.
 */
export class WeightedRoundRobin implements Balancer {
	readonly #loads: Loads;
	readonly #place: WorkerPlace;
	#keys: string[] = [];
	#slots = new Int32Array(0);
	/** Arrays of small integers: a Float64Array makes the loop over a thousand members five times slower. */
	#credits: number[] = [];
	/** Weight of each member, 0 while it is not open. */
	#shares: number[] = [];
	/** The last weight that was not 0: credits are kept in its measure. */
	#weights: number[] = [];
	#look = 0;
	#used = false;

	constructor(loads: Loads, place: WorkerPlace) {
		this.#loads = loads;
		this.#place = place;
	}

	set(members: readonly Member[]): void {
		const before = new Map(this.#used ? this.#keys.map((key, index) => [key, index]) : []);
		const credits = this.#credits;
		const weights = this.#weights;
		this.#keys = members.map(lifeOf);
		const was = this.#keys.map((key) => before.get(key) ?? -1);
		this.#slots = Int32Array.from(members, (member) => member.slot);
		this.#shares = was.map(() => 0);
		this.#credits = was.map((old) => (old < 0 ? 0 : (credits[old] as number)));
		this.#weights = was.map((old, index) =>
			old < 0 ? Math.max(1, this.#loads.weight(this.#slots[index] as number)) : (weights[old] as number),
		);
		if (!this.#used) this.#advance();
		for (let member = 0; member < members.length; member++) this.#read(member);
	}

	/** Goes through the round to where this worker begins, as if all members were open. */
	#advance(): void {
		const size = this.#slots.length;
		const most = size === 0 ? 0 : Math.floor(ADVANCE / size);
		this.#shares = this.#weights.slice();
		for (let picks = Math.min(most, Math.floor((this.#place.id * size) / this.#place.count)); picks > 0; picks--) {
			this.#turn(NONE_TRIED, 1);
		}
	}

	pick(_key: number, tried: readonly number[], _nowMs: number): number {
		this.#used = true;
		const size = this.#slots.length;
		for (let looks = size < LOOKS ? size : LOOKS; looks > 0; looks--) {
			if (++this.#look >= size) this.#look = 0;
			this.#read(this.#look);
		}
		let member = this.#turn(tried, 1);
		if (member < 0) {
			for (let each = 0; each < size; each++) this.#read(each);
			member = this.#turn(tried, 0);
			if (member < 0 && tried.length > 0) member = this.#turn(NONE_TRIED, 0);
		}
		return member < 0 ? -1 : (this.#slots[member] as number);
	}

	/** Reads whether a member is open, and its weight. */
	#read(member: number): void {
		const slot = this.#slots[member] as number;
		const weight = this.#loads.state(slot) === SlotState.ready ? this.#loads.weight(slot) : 0;
		if (weight === this.#shares[member]) return;
		this.#shares[member] = weight;
		const last = this.#weights[member] as number;
		if (weight <= 0 || weight === last) return;
		this.#credits[member] = Math.round(((this.#credits[member] as number) * weight) / last);
		this.#weights[member] = weight;
	}

	/** Gives each open member `gain` times its weight; the richest pays the sum of the weights and is it. -1: none is open. */
	#turn(tried: readonly number[], gain: 0 | 1): number {
		const shares = this.#shares;
		const credits = this.#credits;
		let best = -1;
		let most = -Infinity;
		let total = 0;
		for (let member = 0; member < shares.length; member++) {
			const share = shares[member] as number;
			if (share <= 0) continue;
			const credit = (credits[member] as number) + share * gain;
			credits[member] = credit;
			total += share;
			if (credit <= most) continue;
			if (tried.length > 0 && tried.includes(this.#slots[member] as number)) continue;
			best = member;
			most = credit;
		}
		if (best < 0) return -1;
		if (this.#used) this.#read(best);
		if ((shares[best] as number) <= 0) return this.#turn(tried, 0);
		credits[best] = most - total;
		return best;
	}

	settle(_slot: number, _us: number, _nowMs: number): void {}

	token(_slot: number): number {
		return 0;
	}
}
