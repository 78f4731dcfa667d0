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
	/** By life: an id that comes back while its old instance drains has two. Those of a member stand together. */
	#slots = new Int32Array(0);
	#members = new Int32Array(0);
	#seenLoads = new Int32Array(0);
	#seenShares = new Int32Array(0);
	/** By member: where its lives begin; one more at the end. */
	#starts = new Int32Array(1);
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
		this.#unkeyed.set(members);
		const lives = members.toSorted((a, b) => (a.id === b.id ? 0 : a.id < b.id ? -1 : 1));
		const starts = lives.flatMap(({ id }, life) => (id === lives[life - 1]?.id ? [] : [life]));
		this.#slots = Int32Array.from(lives, ({ slot }) => slot);
		this.#starts = Int32Array.from([...starts, lives.length]);
		this.#members = new Int32Array(lives.length);
		for (const [member, start] of starts.entries()) this.#members.fill(member, start);
		const ids = starts.map((life) => (lives[life] as Member).id);
		this.#rendezvous.set(
			ids,
			Float64Array.from(ids, (_, member) => this.#loads.weight(this.#lastSlot(member))),
		);
		this.#seenLoads = new Int32Array(lives.length);
		this.#seenShares = new Int32Array(lives.length);
		this.#load = 0;
		this.#share = 0;
		for (let life = 0; life < lives.length; life++) this.#see(life);
	}

	#lastSlot(member: number): number {
		return this.#slots[(this.#starts[member + 1] as number) - 1] as number;
	}

	pick(key: number, tried: readonly number[], nowMs: number): number {
		const size = this.#slots.length;
		for (let looks = size < LOOKS ? size : LOOKS; looks > 0; looks--) {
			if (++this.#look >= size) this.#look = 0;
			this.#see(this.#look);
		}
		if (key === 0) return this.#unkeyed.pick(0, tried, nowMs);
		const slot = this.#keyed(key, tried);
		return slot >= 0 ? slot : this.#unkeyed.pick(0, tried, nowMs);
	}

	#keyed(key: number, tried: readonly number[]): number {
		const bound = this.#share > 0 ? (this.#loadFactor * (this.#load + 1)) / this.#share : 0;
		for (let jump = 0; jump < JUMPS; jump++) {
			const member = this.#rendezvous.owner(bucketOf(key, jump));
			if (member < 0) return -1;
			const slot = this.#slotOf(member, tried, bound);
			if (slot >= 0) return slot;
		}
		const bucket = bucketOf(key, JUMPS);
		let best = -1;
		let lowest = Infinity;
		for (let member = 0; member < this.#starts.length - 1; member++) {
			const drawn = this.#rendezvous.draw(bucket, member, lowest);
			if (drawn >= lowest) continue;
			const slot = this.#slotOf(member, tried, bound);
			if (slot < 0) continue;
			best = slot;
			lowest = drawn;
		}
		return best;
	}

	/** The slot of the member that is open, not tried, and has room for one more; or -1. */
	#slotOf(member: number, tried: readonly number[], bound: number): number {
		const end = this.#starts[member + 1] as number;
		for (let life = this.#starts[member] as number; life < end; life++) {
			const slot = this.#slots[life] as number;
			const weight = this.#loads.weight(slot);
			if (weight <= 0 || this.#loads.state(slot) !== SlotState.ready) continue;
			if (tried.length > 0 && tried.includes(slot)) continue;
			if (this.#loadFactor === 0 || this.#loads.inFlight(slot) < Math.ceil(bound * weight)) return slot;
		}
		return -1;
	}

	/** Reads a weight, and what is added to the sums. */
	#see(life: number): void {
		const slot = this.#slots[life] as number;
		const member = this.#members[life] as number;
		const weight = this.#loads.weight(slot);
		if (weight !== this.#rendezvous.weight(member) && slot === this.#lastSlot(member)) {
			this.#rendezvous.setWeight(member, weight);
		}
		if (this.#loadFactor === 0) return;
		const open = weight > 0 && this.#loads.state(slot) === SlotState.ready;
		const load = open ? this.#loads.inFlight(slot) : 0;
		const share = open ? weight : 0;
		this.#load += load - (this.#seenLoads[life] as number);
		this.#share += share - (this.#seenShares[life] as number);
		this.#seenLoads[life] = load;
		this.#seenShares[life] = share;
	}

	settle(_slot: number, _us: number, _nowMs: number): void {}

	token(_slot: number): number {
		return 0;
	}
}

function bucketOf(key: number, jump: number): number {
	return mixBits(key + Math.imul(jump, 0x9e3779b9)) & (BUCKETS - 1);
}
