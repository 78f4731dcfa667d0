import { type Balancer, type Loads, type Member, NONE_TRIED, type WorkerPlace } from './port.ts';
import { Random } from './random.ts';
import { Roster } from './roster.ts';

/**
 * Two random members, and of them the one with fewer requests in flight for its weight; when both
 * have as many, chance decides by weight. Two draws already come close to the least loaded of all,
 * without the rush of all workers to one instance (Mitzenmacher, "The Power of Two Choices", 2001).
 */
export class RandomTwo implements Balancer {
	readonly #loads: Loads;
	readonly #roster: Roster;
	readonly #random: Random;

	constructor(loads: Loads, place: WorkerPlace) {
		this.#loads = loads;
		this.#roster = new Roster(loads, place);
		this.#random = new Random(place.id);
	}

	set(members: readonly Member[]): void {
		this.#roster.set(members);
	}

	pick(_key: number, tried: readonly number[], _nowMs: number): number {
		this.#roster.refresh();
		let slot = this.#better(tried);
		if (slot < 0 && this.#roster.recheck()) slot = this.#better(tried);
		if (slot < 0 && tried.length > 0) slot = this.#better(NONE_TRIED);
		return slot;
	}

	#better(tried: readonly number[]): number {
		const one = this.#roster.draw(this.#random, tried, -1);
		if (one < 0) return -1;
		const slot = this.#roster.slots[one] as number;
		const two = this.#roster.draw(this.#random, tried, one);
		if (two < 0) return slot;
		const other = this.#roster.slots[two] as number;
		const weight = this.#loads.weight(slot);
		const otherWeight = this.#loads.weight(other);
		const load = this.#loads.inFlight(slot) * otherWeight;
		const otherLoad = this.#loads.inFlight(other) * weight;
		if (load !== otherLoad) return load < otherLoad ? slot : other;
		return this.#random.below(weight + otherWeight) < weight ? slot : other;
	}

	settle(_slot: number, _us: number, _nowMs: number): void {}

	token(_slot: number): number {
		return 0;
	}
}
