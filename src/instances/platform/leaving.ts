/** Which members of a group leave, and in which order they go. */
import type { Entry, MemberSet } from './member-set.ts';
import type { SizePlan } from './plan-size.ts';
import { ordersLeaving, type Platform } from './platform.ts';
import type { Removals } from './removals.ts';

export interface LeavingParts {
	readonly platform: Platform;
	readonly members: MemberSet;
	readonly removals: Removals;
}

export class Leaving {
	readonly #parts: LeavingParts;

	constructor(parts: LeavingParts) {
		this.#parts = parts;
	}

	/** Those that may be removed now. */
	ripe(): Entry[] {
		const { removals } = this.#parts;
		return removals.waiting ? removals.ripe(this.#isStrict ? this.#order() : null) : [];
	}

	/** Lets those stay who leave last, or chooses who leaves: who serves nobody first, then the youngest. */
	choose({ keep, choose }: SizePlan): void {
		const { members, removals } = this.#parts;
		const order = this.#order();
		const chosen = order.filter((entry) => entry.phase !== 'here' && !this.mustGo(entry)).reverse();
		for (const entry of chosen.slice(0, keep)) removals.keep(entry);
		const staying = order.filter((entry) => entry.phase === 'here');
		for (const entry of staying.slice(0, choose)) members.move(entry, 'chosen');
	}

	/** Its end is under way, or about to be; one that waits for those before it may still stay. */
	mustGo(entry: Entry): boolean {
		return entry.phase === 'ending' && (!this.#isStrict || this.#parts.removals.underWay(entry));
	}

	/** Members are ended in the platform's order and in no other. */
	get #isStrict(): boolean {
		const { platform } = this.#parts;
		return ordersLeaving(platform) && platform.leavesInOrder === true;
	}

	#order(): Entry[] {
		const { platform, members } = this.#parts;
		const rank = ({ member, up }: Entry): number =>
			member.life !== 'running' || member.ready === false ? 0 : up === true ? 2 : 1;
		const order = members.live().sort((a, b) => rank(a) - rank(b) || b.startedAt - a.startedAt || b.born - a.born);
		if (!ordersLeaving(platform)) return order;
		const byId = new Map(order.map((entry) => [entry.member.id, entry]));
		return platform.leavingOrder([...byId.keys()]).flatMap((id) => byId.get(id) ?? []);
	}
}
