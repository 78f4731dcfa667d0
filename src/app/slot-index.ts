import type { Member } from './fleet-member.ts';
import type { PoolFleet } from './fleet-pool.ts';

export interface Found {
	readonly member: Member;
	readonly pool: PoolFleet;
}

/** Finds the instance in a slot of the board. Workers speak of slots, and of thousands a second when much fails. */
export class SlotIndex {
	readonly #pools: () => Iterable<PoolFleet>;
	/** What was found last; a member may have moved since. */
	readonly #found = new Map<number, Found>();

	constructor(pools: () => Iterable<PoolFleet>) {
		this.#pools = pools;
	}

	find(slot: number): Found | null {
		if (this.#found.get(slot)?.member.slot !== slot) {
			this.#found.clear();
			for (const pool of this.#pools())
				for (const member of pool.members) if (member.slot >= 0) this.#found.set(member.slot, { member, pool });
		}
		return this.#found.get(slot) ?? null;
	}
}
