import { SlotState } from '../core/board.ts';
import { mixBits } from '../core/hash.ts';
import { LeastConnections } from './least-connections.ts';
import type { Balancer, Loads, Member, WorkerPlace } from './port.ts';
import { BUCKETS, Rendezvous } from './rendezvous.ts';

/** Members whose weight and load each pick reads anew; in a larger pool the others follow in turn. */
const LOOKS = 16;
/** Buckets that a key goes through before all members are compared for it. */
const JUMPS = 8;

/**
 * The same member for the same key.
 *
 * When that member is not open, was tried, or is full, the key jumps to another bucket, always along
 * the same path, so that its keys spread over all others and come back to it afterwards. Full means
 * more than `loadFactor` times its share of all requests in flight (Mirrokni et al., "Consistent
 * Hashing with Bounded Loads", 2018; jumps as in Chen et al., 2021). In a pool of more than 16 the sum
 * in flight lags behind by a few picks. Without a key, and when all are full, the least loaded.
 */
export class ConsistentHash implements Balancer {
	readonly #loads: Loads;
	readonly #loadFactor: number;
	readonly #unkeyed: LeastConnections;
	readonly #rendezvous = new Rendezvous();
	#slots = new Int32Array(0);
	#seenLoads = new Int32Array(0);
	#seenShares = new Int32Array(0);
	#load = 0;
	#share = 0;
	#look = 0;

	/** `loadFactor` 0: no bound. */
	constructor(loads: Loads, place: WorkerPlace, loadFactor: number) {
		this.#loads = loads;
		this.#loadFactor = loadFactor;
		this.#unkeyed = new LeastConnections(loads, place);
	}

	set(members: readonly Member[]): void {
		const sorted = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
		this.#unkeyed.set(members);
		this.#slots = Int32Array.from(sorted, (member) => member.slot);
		this.#rendezvous.set(
			sorted,
			Float64Array.from(this.#slots, (slot) => this.#loads.weight(slot)),
		);
		this.#seenLoads = new Int32Array(sorted.length);
		this.#seenShares = new Int32Array(sorted.length);
		this.#load = 0;
		this.#share = 0;
		for (let member = 0; member < sorted.length; member++) this.#see(member);
	}

	pick(key: number, tried: readonly number[], nowMs: number): number {
		const size = this.#slots.length;
		for (let looks = size < LOOKS ? size : LOOKS; looks > 0; looks--) {
			if (++this.#look >= size) this.#look = 0;
			this.#see(this.#look);
		}
		if (key === 0) return this.#unkeyed.pick(0, tried, nowMs);
		const slot = this.#keyed(key, tried);
		if (slot >= 0) return slot;
		return this.#unkeyed.pick(0, tried, nowMs);
	}

	#keyed(key: number, tried: readonly number[]): number {
		const bound = this.#share > 0 ? (this.#loadFactor * (this.#load + 1)) / this.#share : 0;
		for (let jump = 0; jump < JUMPS; jump++) {
			const member = this.#rendezvous.owner(bucketOf(key, jump));
			if (member < 0) return -1;
			if (this.#takes(member, tried, bound)) return this.#slots[member] as number;
		}
		const bucket = bucketOf(key, JUMPS);
		let best = -1;
		let lowest = Infinity;
		for (let member = 0; member < this.#slots.length; member++) {
			const drawn = this.#rendezvous.draw(bucket, member, lowest);
			if (drawn >= lowest || !this.#takes(member, tried, bound)) continue;
			best = this.#slots[member] as number;
			lowest = drawn;
		}
		return best;
	}

	/** Whether the member is open, not tried, and has room for one more. */
	#takes(member: number, tried: readonly number[], bound: number): boolean {
		const slot = this.#slots[member] as number;
		const weight = this.#loads.weight(slot);
		if (weight <= 0 || this.#loads.state(slot) !== SlotState.ready) return false;
		if (tried.length > 0 && tried.includes(slot)) return false;
		return this.#loadFactor === 0 || this.#loads.inFlight(slot) < Math.ceil(bound * weight);
	}

	/** Reads the member's weight, and its part in the sums. */
	#see(member: number): void {
		const slot = this.#slots[member] as number;
		const weight = this.#loads.weight(slot);
		if (weight !== this.#rendezvous.weight(member)) this.#rendezvous.setWeight(member, weight);
		if (this.#loadFactor === 0) return;
		const open = weight > 0 && this.#loads.state(slot) === SlotState.ready;
		const load = open ? this.#loads.inFlight(slot) : 0;
		const share = open ? weight : 0;
		this.#load += load - (this.#seenLoads[member] as number);
		this.#share += share - (this.#seenShares[member] as number);
		this.#seenLoads[member] = load;
		this.#seenShares[member] = share;
	}

	settle(_slot: number, _us: number, _nowMs: number): void {}

	token(_slot: number): number {
		return 0;
	}
}

function bucketOf(key: number, jump: number): number {
	return mixBits(key + Math.imul(jump, 0x9e3779b9)) & (BUCKETS - 1);
}
