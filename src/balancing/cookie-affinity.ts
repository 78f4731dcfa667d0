import { SlotState } from '../core/board.ts';
import { hashText } from '../core/hash.ts';
import { LeastConnections } from './least-connections.ts';
import type { Balancer, Loads, Member, WorkerPlace } from './port.ts';

/**
 * The instance that the client's cookie names, while it is ready; else the least loaded, and the
 * gateway sees by its token that the cookie must be set anew. An instance without a weight keeps the
 * clients it has and gets no new ones.
 *
 * A token is a hash of the id, so it holds over restarts of Ballast, on every worker and node.
 */
export class CookieAffinity implements Balancer {
	readonly #loads: Loads;
	readonly #fallback: LeastConnections;
	#slots = new Map<number, number>();
	#tokens = new Map<number, number>();

	constructor(loads: Loads, place: WorkerPlace) {
		this.#loads = loads;
		this.#fallback = new LeastConnections(loads, place);
	}

	set(members: readonly Member[]): void {
		this.#fallback.set(members);
		const slots = new Map<number, number>();
		const tokens = new Map<number, number>();
		for (const { id, slot } of members.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
			let token = 0;
			for (let seed = 0x6b8b4567; token === 0 || slots.has(token); seed++) token = hashText(id, seed);
			slots.set(token, slot);
			tokens.set(slot, token);
		}
		this.#slots = slots;
		this.#tokens = tokens;
	}

	pick(key: number, tried: readonly number[], nowMs: number): number {
		if (key !== 0) {
			const slot = this.#slots.get(key | 0) ?? -1;
			if (slot >= 0 && this.#loads.state(slot) === SlotState.ready && !tried.includes(slot)) return slot;
		}
		return this.#fallback.pick(0, tried, nowMs);
	}

	settle(_slot: number, _us: number, _nowMs: number): void {}

	token(slot: number): number {
		return this.#tokens.get(slot) ?? 0;
	}
}
