import { type Balancer, type Loads, type Member, NONE_TRIED, type WorkerPlace } from './port.ts';
import { Roster } from './roster.ts';

/**
 * Each open member once a round, whatever its weight. A member that is closed does not lend its turn
 * to its neighbour, and one that was tried for this request loses its turn.
 */
export class RoundRobin implements Balancer {
	readonly #roster: Roster;

	constructor(loads: Loads, place: WorkerPlace) {
		this.#roster = new Roster(loads, place);
	}

	set(members: readonly Member[]): void {
		this.#roster.set(members);
	}

	pick(_key: number, tried: readonly number[], _nowMs: number): number {
		this.#roster.refresh();
		let slot = this.#next(tried);
		if (slot < 0 && this.#roster.recheck()) slot = this.#next(tried);
		if (slot < 0 && tried.length > 0) slot = this.#next(NONE_TRIED);
		return slot;
	}

	#next(tried: readonly number[]): number {
		const roster = this.#roster;
		for (let skipped = 0; skipped < roster.open; ) {
			if (roster.cursor >= roster.open) roster.cursor = 0;
			const slot = roster.slots[roster.order[roster.cursor] as number] as number;
			if (!roster.isOpen(slot)) {
				roster.demote(roster.cursor);
				continue;
			}
			roster.cursor++;
			if (tried.length === 0 || !tried.includes(slot)) return slot;
			skipped++;
		}
		return -1;
	}

	settle(_slot: number, _us: number, _nowMs: number): void {}

	token(_slot: number): number {
		return 0;
	}
}
