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
	/** By token: an id that comes back while its old instance drains has two slots. */
	#slots = new Map<number, number[]>();
	#tokens = new Map<number, number>();

	constructor(loads: Loads, place: WorkerPlace) {
		this.#loads = loads;
		this.#fallback = new LeastConnections(loads, place);
	}

	set(members: readonly Member[]): void {
		this.#fallback.set(members);
		const slots = new Map<number, number[]>();
		const tokens = new Map<number, number>();
		const sorted = members.toSorted((a, b) => (a.id === b.id ? 0 : a.id < b.id ? -1 : 1));
		for (const [at, { id, slot }] of sorted.entries()) {
			const before = sorted[at - 1];
			let token = before?.id === id ? (tokens.get(before.slot) as number) : 0;
			for (let seed = 0x6b8b4567; token === 0; seed++) token = freeToken(id, seed, slots);
			slots.set(token, [slot, ...(slots.get(token) ?? [])]);
			tokens.set(slot, token);
		}
		this.#slots = slots;
		this.#tokens = tokens;
	}

	pick(key: number, tried: readonly number[], nowMs: number): number {
		const slots = key === 0 ? undefined : this.#slots.get(key | 0);
		if (slots !== undefined) {
			for (let at = 0; at < slots.length; at++) {
				const slot = slots[at] as number;
				if (this.#loads.state(slot) === SlotState.ready && !tried.includes(slot)) return slot;
			}
		}
		return this.#fallback.pick(0, tried, nowMs);
	}

	knows(key: number): boolean {
		return this.#slots.has(key | 0);
	}

	settle(_slot: number, _us: number, _nowMs: number): void {}

	token(slot: number): number {
		return this.#tokens.get(slot) ?? 0;
	}
}

/** The token of the id, 0 when another id has it. */
function freeToken(id: string, seed: number, taken: ReadonlyMap<number, unknown>): number {
	const token = hashText(id, seed);
	return taken.has(token) ? 0 : token;
}
