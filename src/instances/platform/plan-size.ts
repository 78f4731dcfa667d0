/** How a group gets from the size that it has to the size that it should have. Pure. */

export interface SizeNow {
	/** What the platform aims at. */
	readonly size: number;
	/** Members that are there or on their way, chosen ones included. */
	readonly live: number;
	/** Of those: chosen to leave, drained now, not yet ended. */
	readonly chosen: number;
	/** Of the chosen: their end is under way and cannot be called off. */
	readonly ending: number;
}

export interface SizePlan {
	/** Chosen ones that stay after all. */
	readonly keep: number;
	/** Members to choose. */
	readonly choose: number;
	/** The size to set; null: it stays. */
	readonly set: number | null;
}

const NOTHING: SizePlan = { keep: 0, choose: 0, set: null };

export function planSize(goal: number, { size, live, chosen, ending }: SizeNow): SizePlan {
	const after = size - chosen;
	if (goal > after) {
		const keep = Math.min(goal - after, chosen - ending);
		const more = goal - after - keep;
		return { keep, choose: 0, set: more > 0 ? size + more : null };
	}
	if (goal === after) return NOTHING;
	// What the platform has not made yet need not be made: nobody has to be drained for it.
	const unfilled = Math.min(Math.max(0, size - live), after - goal);
	const choose = Math.min(after - goal - unfilled, live - chosen);
	return { keep: 0, choose, set: unfilled > 0 ? size - unfilled : null };
}
