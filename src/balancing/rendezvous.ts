import { hashText, mixBits } from '../core/hash.ts';

/** Keys fall into this many buckets. */
export const BUCKETS = 65_536;
const UNKNOWN = 0xffff;
/** With more members joining at once every owner is looked for anew, when it is next asked for. */
const JOIN_ONE_BY_ONE = 4;

/**
 * Which member owns a bucket: weighted rendezvous hashing (Thaler & Ravishankar 1998; weights as in
 * draft-ietf-bess-weighted-hrw). Each member draws −ln(u)/weight for the bucket, the lowest owns it. So
 * a member owns its weight's share, one that leaves gives up only its own buckets, and one that joins
 * or gains weight takes only what becomes its own; the order of the members means nothing.
 *
 * An owner is found when first asked for (all members draw) and remembered; changes touch only what
 * they change.
 */
export class Rendezvous {
	#owners = new Uint16Array(0);
	#ids: string[] = [];
	#seeds = new Int32Array(0);
	#salts = new Int32Array(0);
	#weights: Float64Array = new Float64Array(0);

	/** Takes the ids of the members, all different and sorted, and what they weigh. */
	set(ids: readonly string[], weights: Float64Array): void {
		const before = new Map(this.#ids.map((id, index) => [id, index]));
		const was = ids.map((id) => before.get(id) ?? -1);
		const old = this.#weights;
		this.#ids = [...ids];
		this.#seeds = Int32Array.from(ids, (id) => hashText(id, 1));
		this.#salts = Int32Array.from(ids, (id) => hashText(id, 2));
		this.#weights = weights;
		if (this.#owners.length === 0) return;
		const now = new Uint16Array(before.size).fill(UNKNOWN);
		for (let member = 0; member < was.length; member++)
			if ((was[member] as number) >= 0) now[was[member] as number] = member;
		for (let bucket = 0; bucket < BUCKETS; bucket++) {
			const owner = this.#owners[bucket] as number;
			if (owner !== UNKNOWN) this.#owners[bucket] = now[owner] as number;
		}
		const changed: number[] = [];
		for (let member = 0; member < was.length; member++) {
			const from = was[member] as number;
			if (from < 0 || old[from] !== weights[member]) changed.push(member);
		}
		if (changed.length > JOIN_ONE_BY_ONE) this.#owners.fill(UNKNOWN);
		else for (const member of changed) this.#redraw(member);
	}

	/** The weight that the member's share follows. */
	weight(member: number): number {
		return this.#weights[member] as number;
	}

	setWeight(member: number, weight: number): void {
		this.#weights[member] = weight;
		this.#redraw(member);
	}

	/** The owner of the bucket, or -1 when no member has a weight. */
	owner(bucket: number): number {
		if (this.#owners.length === 0) this.#owners = new Uint16Array(BUCKETS).fill(UNKNOWN);
		const known = this.#owners[bucket] as number;
		if (known !== UNKNOWN) return known;
		let best = -1;
		let lowest = Infinity;
		for (let member = 0; member < this.#seeds.length; member++) {
			const drawn = this.draw(bucket, member, lowest);
			if (drawn >= lowest) continue;
			best = member;
			lowest = drawn;
		}
		if (best >= 0) this.#owners[bucket] = best;
		return best;
	}

	/**
	 * What the member draws for the bucket: the lower, the nearer it is to own it. Infinity without a
	 * weight; it may also be Infinity when it is not below `limit`.
	 */
	draw(bucket: number, member: number, limit: number): number {
		const weight = this.#weights[member] as number;
		if (weight <= 0) return Infinity;
		const mixed = mixBits((this.#seeds[member] as number) ^ Math.imul(bucket + 1, 0x9e3779b1));
		const bits = mixBits(mixed + (this.#salts[member] as number)) >>> 0;
		const uniform = (bits + 0.5) / 4294967296;
		// −ln(u) ≥ 1 − u: mostly there is no need of the logarithm.
		if (1 - uniform >= limit * weight) return Infinity;
		return -Math.log(uniform) / weight;
	}

	/** Sees again to each known bucket that the member owns or may win. */
	#redraw(member: number): void {
		for (let bucket = 0; bucket < this.#owners.length; bucket++) {
			const owner = this.#owners[bucket] as number;
			if (owner === UNKNOWN) continue;
			if (owner === member) this.#owners[bucket] = UNKNOWN;
			else {
				const drawn = this.draw(bucket, owner, Infinity);
				if (this.draw(bucket, member, drawn) < drawn) this.#owners[bucket] = member;
			}
		}
	}
}
